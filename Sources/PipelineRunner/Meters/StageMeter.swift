import BoundedQueues
import StageKit
import Synchronization

/// Counts what one stage does: one short lock a call, some 0.3 µs a record in all.
///
/// A record is in hand from ``took(again:)`` to ``released()``; in between the stage's own code is
/// called, once or, after failures, again. What is in hand and in no call waits for room behind
/// the stage.
final class StageMeter: Sendable {
  /// One call of the stage's code, from ``began(attempt:)`` to ``ended(_:failed:)``.
  struct Call: Sendable {
    fileprivate let number: Int
    fileprivate let began: ContinuousClock.Instant
  }

  private struct State {
    var received = 0
    var sent = 0
    var retries = 0
    var quarantined = 0
    var failures: [StageError.FailureClass: Int] = [:]
    var latency = LatencyHistogram()
    var inHand = 0
    var handingOver = 0
    var calls: [Int: ContinuousClock.Instant] = [:]
    var nextCall = 0
    /// How the last call failed; `nil` after one that succeeded.
    var lastFailure: StageError.FailureClass?
    var inbox: Inbox?
    var lost: (@Sendable () -> Int)?
    var isSource = false
    var isOpen = false
    var hasEnded = false
  }
  private let state = Mutex(State())
  private let now: @Sendable () -> ContinuousClock.Instant

  init(now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }) { self.now = now }

  // MARK: The hooks

  /// The stage was made and has this queue, if it has one.
  func opened(_ inbox: Inbox?, isSource: Bool = false) {
    state.withLock {
      $0.inbox = inbox
      $0.isSource = isSource
      $0.isOpen = true
      $0.hasEnded = false
    }
  }

  /// Who knows how many records a live source lost before acceptance.
  func loses(_ lost: @escaping @Sendable () -> Int) { state.withLock { $0.lost = lost } }

  /// The stage gets no more records.
  func ended() { state.withLock { $0.hasEnded = true } }

  /// A record came into the stage's hands; `again` after it had stepped aside.
  func took(again: Bool) {
    state.withLock {
      if !again { $0.received += 1 }
      $0.inHand += 1
    }
  }

  /// What was taken has left, one way or another.
  func released() { state.withLock { $0.inHand -= 1 } }

  /// The stage's code is called.
  func began(attempt: Int = 1) -> Call {
    let now = now()
    return state.withLock { state in
      if attempt > 1 { state.retries += 1 }
      state.nextCall += 1
      state.calls[state.nextCall] = now
      return Call(number: state.nextCall, began: now)
    }
  }

  /// The call is over.
  func ended(_ call: Call, failed failure: StageError.FailureClass? = nil) {
    let time = now() - call.began
    state.withLock { state in
      state.calls[call.number] = nil
      state.latency.record(time)
      state.lastFailure = failure
      if let failure { state.failures[failure, default: 0] += 1 }
    }
  }

  /// The stage gave a record on, or acted on the world.
  func sent() { state.withLock { $0.sent += 1 } }

  /// A record was set aside because of this stage.
  func setAside() { state.withLock { $0.quarantined += 1 } }

  /// A source hands a record over, and waits until it is taken.
  func handsOver() { state.withLock { $0.handingOver += 1 } }

  /// What was handed over is taken, or refused.
  func handedOver() { state.withLock { $0.handingOver -= 1 } }

  /// What is written at the end takes one more record, which shows that the call moves.
  func received(in call: Call) {
    let now = now()
    state.withLock {
      $0.received += 1
      $0.calls[call.number] = now
    }
  }

  // MARK: What they amount to

  /// How the stage stands now.
  func snapshot(_ stage: StageSnapshot.Identity) -> StageSnapshot {
    let state = state.withLock { $0 }
    let queue = state.inbox.map { inbox in
      let occupancy = inbox.queue.occupancy
      return StageSnapshot.Queue(
        records: occupancy.count, bytes: occupancy.bytes,
        maxRecords: inbox.queue.limits.maxCount, maxBytes: inbox.queue.limits.maxBytes,
        waitingInLedger: inbox.waitingInLedger)
    }
    return StageSnapshot(
      identity: stage, state: StageMeter.condition(of: state), received: state.received,
      sent: state.sent, retries: state.retries, quarantined: state.quarantined,
      discarded: state.lost?() ?? 0,
      failures: StageSnapshot.Failures(
        record: state.failures[.record, default: 0],
        transient: state.failures[.transient, default: 0],
        unavailable: state.failures[.unavailable, default: 0],
        fatal: state.failures[.fatal, default: 0]),
      queue: queue, latency: LatencySnapshot(state.latency))
  }

  /// How long the oldest call has been going on; `nil` when there is none.
  var oldestCall: Duration? {
    let now = now()
    return state.withLock { $0.calls.values.min() }.map { now - $0 }
  }

  private static func condition(of state: State) -> StageSnapshot.Condition {
    if !state.isOpen { return .opening }
    if state.hasEnded { return .done }
    switch state.lastFailure {
    case .unavailable where state.inHand > 0: return .unavailable
    case .transient where state.inHand > 0 && state.calls.isEmpty: return .retrying
    default: break
    }
    if state.isSource { return state.handingOver > 0 ? .waitingForRoom : .working }
    if !state.calls.isEmpty { return .working }
    return state.inHand > 0 ? .waitingForRoom : .waitingForInput
  }
}

/// Counts what the ledger's writer does.
final class LedgerMeter: Sendable {
  private struct State {
    var entries = 0
    var latency = LatencyHistogram()
    var backlog: (@Sendable () -> Int)?
  }
  private let state = Mutex(State())

  /// Who knows how many entries wait.
  func opened(backlog: @escaping @Sendable () -> Int) { state.withLock { $0.backlog = backlog } }

  /// A batch is durable.
  func committed(entries: Int, in time: Duration) {
    state.withLock {
      $0.entries += entries
      $0.latency.record(time)
    }
  }

  /// How the writer stands now.
  func snapshot() -> LedgerSnapshot {
    let state = state.withLock { $0 }
    return LedgerSnapshot(
      entries: state.entries, waiting: state.backlog?() ?? 0,
      commit: LatencySnapshot(state.latency))
  }
}
