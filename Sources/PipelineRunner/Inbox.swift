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
}

/// A stage's bounded queue, and for stored records the list of those that wait in the ledger alone.
///
/// Stored records are offered without waiting: what finds no room stays in the ledger, and the
/// feeder brings it, in order, as room appears. So a slow sink never stalls who feeds it, and
/// memory holds no more records than the bound: of those that overflow only the row numbers are
/// kept, some 40 bytes each (a million waiting deliveries take 40 MiB of the program's 64).
final class Inbox: Sendable {
  let stage: String
  let queue: BoundedQueue<InboxItem>

  private struct State {
    var upstreams: Int
    /// Deliveries whose records wait in the ledger alone, oldest first, from `next` on.
    var overflow: [PendingDelivery]
    var next = 0
    /// Whether the feeder holds a delivery that is older than all that come.
    var isFeeding = false
    var isStopped = false
    var feeder: CheckedContinuation<Void, Never>?

    enum Step {
      case wait
      case bring(PendingDelivery)
      case close
      case stop
    }

    mutating func step() -> Step {
      isFeeding = false
      if isStopped { return .stop }
      if next < overflow.count {
        isFeeding = true
        let delivery = overflow[next]
        next += 1
        if next == 4096 {
          overflow.removeFirst(next)
          next = 0
        }
        return .bring(delivery)
      }
      overflow.removeAll()
      next = 0
      return upstreams <= 0 ? .close : .wait
    }

    mutating func takeFeeder() -> CheckedContinuation<Void, Never>? {
      defer { feeder = nil }
      return feeder
    }
  }
  private let state: Mutex<State>

  /// Makes an inbox.
  ///
  /// - Parameter backlog: what an earlier run left for the stage, oldest first.
  init(
    stage: String, maxRecords: Int, maxBytes: Int, upstreams: Int, backlog: [PendingDelivery]
  ) {
    self.stage = stage
    queue = BoundedQueue(
      name: stage, limits: QueueLimits(maxCount: maxRecords, maxBytes: maxBytes))
    state = Mutex(State(upstreams: upstreams, overflow: backlog))
  }

  /// Offers a stored record whose delivery is open in the ledger; never waits.
  func offer(_ opened: LedgerOutcome.Opened, record: (any StoredRecord)?) {
    let feeder = state.withLock { state -> CheckedContinuation<Void, Never>? in
      if state.isStopped { return nil }
      if !state.isFeeding, state.next == state.overflow.count {
        let item = InboxItem(
          edge: opened.edge, record: record, reference: opened.record,
          stretch: Stretch(delivery: opened.delivery, edge: opened.edge, origin: opened.record))
        if queue.trySend(item, byteCount: record?.byteCount ?? 0) == .sent { return nil }
      }
      state.overflow.append(
        PendingDelivery(delivery: opened.delivery, edge: opened.edge, record: opened.record))
      return state.takeFeeder()
    }
    feeder?.resume()
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
    let feeder = state.withLock { state in
      state.isStopped = true
      return state.takeFeeder()
    }
    queue.close()
    feeder?.resume()
  }

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
      switch state.withLock({ $0.step() }) {
      case .stop: return
      case .close:
        queue.close()
        return
      case .wait: await waitForWork()
      case .bring(let delivery):
        let item = InboxItem(
          edge: delivery.edge, record: nil, reference: delivery.record,
          stretch: Stretch(
            delivery: delivery.delivery, edge: delivery.edge, origin: delivery.record))
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
        if state.isStopped || state.next < state.overflow.count || state.upstreams <= 0 {
          return true
        }
        state.feeder = continuation
        return false
      }
      if ready { continuation.resume() }
    }
  }
}
