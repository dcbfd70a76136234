import BoundedQueues
import ClinicalRecords
import Ledger
import StageKit
import Synchronization

/// What waits for a stage: an item of its queue.
struct InboxItem: Sendable {
  /// The edge it came on.
  let edge: EdgeKey
  /// The record, unless it is to be read from the ledger.
  let record: (any Record)?
  /// The record's row, when it is stored.
  let reference: LedgerReference?
  /// The stretch it belongs to.
  let stretch: Stretch
  /// The calls that were made for it and failed.
  var trial: Trial?
}

/// The calls made for a record so far, while more are to be made.
struct Trial: Sendable {
  /// Which attempt is next, from 1.
  var attempt = 1
  /// The longest wait before it.
  var wait: Duration
  /// What the earlier ones failed of.
  var failures: [JourneyStep.Failure] = []
  /// How many of them said nothing against the record.
  var pardoned = 0
}

/// A stage's bounded queue, and for stored records the list of those that wait in the ledger alone.
///
/// Stored records are offered without waiting: what finds no room stays in the ledger, and the
/// feeder brings it, in order, as room appears. So a slow sink never stalls who feeds it, and
/// memory holds no more records than the bound: of those that overflow only the row numbers are
/// kept, 24 bytes each (a million waiting deliveries take 24 MiB of the program's 64).
final class Inbox: Sendable {
  let stage: String
  let queue: BoundedQueue<InboxItem>

  /// A delivery whose record waits in the ledger alone.
  private struct Waiting {
    let delivery: Int64
    let record: Int64
    let edge: Int
  }

  private struct State {
    var upstreams: Int
    /// Those that overflowed, oldest first, from `next` on.
    var overflow: [Waiting] = []
    var next = 0
    /// Whether the feeder holds a delivery that is older than all that come.
    var isFeeding = false
    var isStopped = false
    /// Stored records in the queue, in hand, or aside until they are tried again: while there are
    /// any, one may come back.
    var outstanding = 0
    /// Those of them that have stepped aside.
    var aside = 0
    /// The calls made so far for those that came back from there.
    var trials: [Int64: Trial] = [:]
    var feeder: CheckedContinuation<Void, Never>?
    var sources: [CheckedContinuation<Void, Never>] = []

    var waiting: Int { overflow.count - next }
    var isAtItsEnd: Bool { upstreams <= 0 && outstanding == 0 }

    enum Step {
      case wait
      case bring(Waiting, Trial?)
      case close
      case stop
    }

    mutating func step() -> Step {
      isFeeding = false
      if isStopped { return .stop }
      if next < overflow.count {
        isFeeding = true
        outstanding += 1
        let delivery = overflow[next]
        next += 1
        if next == 4096 {
          overflow.removeFirst(next)
          next = 0
        }
        return .bring(delivery, trials.removeValue(forKey: delivery.delivery))
      }
      overflow.removeAll()
      next = 0
      return isAtItsEnd ? .close : .wait
    }

    mutating func takeFeeder() -> CheckedContinuation<Void, Never>? {
      defer { feeder = nil }
      return feeder
    }

    mutating func takeSources() -> [CheckedContinuation<Void, Never>] {
      guard isStopped || waiting < Inbox.mostAhead else { return [] }
      defer { sources = [] }
      return sources
    }
  }

  /// How many deliveries may wait before a source that can wait does: a batch of the ledger, so
  /// that its syncs are full, and what it committed is still in memory when it is taken.
  static let mostAhead = 256

  private let edges: [EdgeKey]
  private let maxAside: Int
  private let state: Mutex<State>

  /// Makes an inbox.
  ///
  /// - Parameters:
  ///   - edges: the edges into the stage.
  ///   - backlog: what an earlier run left for the stage, oldest first.
  init(
    stage: String, maxRecords: Int, maxBytes: Int, edges: [EdgeKey], backlog: [PendingDelivery]
  ) {
    self.stage = stage
    self.edges = edges
    maxAside = maxRecords
    queue = BoundedQueue(
      name: stage, limits: QueueLimits(maxCount: maxRecords, maxBytes: maxBytes))
    var state = State(upstreams: edges.count)
    for delivery in backlog {
      guard let edge = edges.firstIndex(of: delivery.edge) else { continue }
      state.overflow.append(
        Waiting(delivery: delivery.delivery, record: delivery.record.number, edge: edge))
    }
    self.state = Mutex(state)
  }

  /// Offers a stored record whose delivery is open in the ledger; never waits.
  func offer(_ opened: LedgerOutcome.Opened, record: (any StoredRecord)?) {
    guard let edge = edges.firstIndex(of: opened.edge) else { return }
    let feeder = state.withLock { state -> CheckedContinuation<Void, Never>? in
      if state.isStopped { return nil }
      if !state.isFeeding, state.waiting == 0 {
        let item = InboxItem(
          edge: opened.edge, record: record, reference: opened.record,
          stretch: Stretch(delivery: opened.delivery, edge: opened.edge, origin: opened.record))
        if queue.trySend(item, byteCount: record?.byteCount ?? 0) == .sent {
          state.outstanding += 1
          return nil
        }
      }
      state.overflow.append(
        Waiting(delivery: opened.delivery, record: opened.record.number, edge: edge))
      return state.takeFeeder()
    }
    feeder?.resume()
  }

  /// A stored record that was taken from the queue has come to its end, or stays in the ledger.
  func ended() {
    let feeder = state.withLock { state -> CheckedContinuation<Void, Never>? in
      state.outstanding -= 1
      return state.isAtItsEnd ? state.takeFeeder() : nil
    }
    feeder?.resume()
  }

  // MARK: Those that are tried again

  /// Whether a stored record may step aside until it is tried again; at most as many as the queue
  /// holds do, so that a stage of which every call fails slows down.
  func stepAside() -> Bool {
    state.withLock { state in
      guard !state.isStopped, state.aside < maxAside else { return false }
      state.aside += 1
      return true
    }
  }

  /// One that stepped aside lines up again, at the end.
  ///
  /// - Parameter trial: the calls made so far; `nil` to leave it where it is durable.
  func comeBack(_ item: InboxItem, trial: Trial?) {
    let feeder = state.withLock { state in
      state.aside -= 1
      state.outstanding -= 1
      if let trial, let delivery = item.stretch.delivery, let record = item.reference,
        let edge = edges.firstIndex(of: item.edge), !state.isStopped
      {
        state.trials[delivery] = trial
        state.overflow.append(Waiting(delivery: delivery, record: record.number, edge: edge))
      }
      return state.takeFeeder()
    }
    feeder?.resume()
  }

  /// Waits until fewer deliveries wait than a source may be ahead; for sources that can wait.
  func untilSourceMayGoOn() async {
    await withCheckedContinuation { continuation in
      let ready = state.withLock { state in
        if state.isStopped || state.waiting < Inbox.mostAhead { return true }
        state.sources.append(continuation)
        return false
      }
      if ready { continuation.resume() }
    }
  }

  /// One of the stages that feed this one will send no more.
  func upstreamEnded() {
    let feeder = state.withLock { state in
      state.upstreams -= 1
      return state.takeFeeder()
    }
    feeder?.resume()
  }

  /// Gives out no more; what is queued stays where it is durable.
  func stop() {
    let (feeder, sources) = state.withLock { state in
      state.isStopped = true
      return (state.takeFeeder(), state.takeSources())
    }
    queue.close()
    feeder?.resume()
    for source in sources { source.resume() }
  }

  /// Deliveries that wait in the ledger alone, beyond the bound of the queue.
  var waitingInLedger: Int { state.withLock { $0.overflow.count - $0.next } }

  /// Whether the run stops before the inbox is empty.
  var isStopped: Bool { state.withLock { $0.isStopped } }

  /// Counts the derived records that a stopped inbox still holds; nobody takes them any more.
  func abandonQueue(_ account: RunAccount) async throws {
    while let item = try await queue.receive() {
      if item.reference == nil { account.abandoned(item.edge) }
    }
  }

  /// Brings what overflowed as room appears, until all upstreams have ended; then closes the queue.
  func feed() async throws {
    while true {
      let (step, sources) = state.withLock { ($0.step(), $0.takeSources()) }
      for source in sources { source.resume() }
      switch step {
      case .stop: return
      case .close:
        queue.close()
        return
      case .wait: await waitForWork()
      case .bring(let waiting, let trial):
        let (edge, record) = (edges[waiting.edge], LedgerReference(number: waiting.record))
        let item = InboxItem(
          edge: edge, record: nil, reference: record,
          stretch: Stretch(delivery: waiting.delivery, edge: edge, origin: record), trial: trial)
        do {
          try await queue.send(item, byteCount: 0)
        } catch {
          if isStopped { return }
          throw error
        }
      }
    }
  }

  private func waitForWork() async {
    await withCheckedContinuation { continuation in
      let ready = state.withLock { state in
        if state.isStopped || state.waiting > 0 || state.isAtItsEnd {
          return true
        }
        state.feeder = continuation
        return false
      }
      if ready { continuation.resume() }
    }
  }
}
