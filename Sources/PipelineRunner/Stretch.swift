import Ledger
import StageKit
import Synchronization

/// The way from one stored record to the next stored records or sinks: the unit of commit.
///
/// Derived records on the way carry their stretch; when its last branch has ended, the delivery
/// that it began with ends. A branch that failed makes the whole delivery end as set aside, while
/// the other branches' results stand.
final class Stretch: Sendable {
  /// The delivery that the stretch began with; `nil` when a source makes derived records.
  let delivery: Int64?
  /// That delivery's edge.
  let edge: EdgeKey?
  /// The record that it delivered.
  let origin: LedgerReference?

  private struct State {
    var openBranches = 1
    var failure: DeliveryFailure?
    var attempts = 1
    var lookups: Set<LedgerEntry.Lookup> = []
    var journey: [JourneyStep] = []
  }
  private let state = Mutex(State())

  init(delivery: Int64?, edge: EdgeKey?, origin: LedgerReference?) {
    self.delivery = delivery
    self.edge = edge
    self.origin = origin
  }

  /// One branch becomes `count`.
  func branch(into count: Int) { state.withLock { $0.openBranches += count - 1 } }

  /// A stage on the way asked for a partner.
  func note(_ lookup: LedgerEntry.Lookup) { state.withLock { _ = $0.lookups.insert(lookup) } }

  /// A stage on the way was called.
  func note(_ step: JourneyStep) {
    state.withLock { state in
      state.journey.append(step)
      state.attempts = max(state.attempts, step.failures.count + 1)
    }
  }

  /// The calls so far.
  var journey: [JourneyStep] { state.withLock { $0.journey } }

  /// The most calls that one stage needed.
  var attempts: Int { state.withLock { $0.attempts } }

  /// What was asked for so far.
  var lookups: [LedgerEntry.Lookup] { state.withLock { Array($0.lookups) } }

  /// Whether the caller's branch is the only one open and none has failed: its last commit may end
  /// the delivery too.
  var isLastBranch: Bool {
    state.withLock { $0.openBranches == 1 && $0.failure == nil }
  }

  /// A branch has ended and is durable.
  ///
  /// - Returns: how the delivery ends, when this was the last branch.
  func endBranch(failure: DeliveryFailure? = nil) -> LedgerEntry.End? {
    state.withLock { state in
      state.openBranches -= 1
      if state.failure == nil { state.failure = failure }
      guard state.openBranches == 0, let delivery else { return nil }
      return LedgerEntry.End(
        delivery: delivery, failure: state.failure, attempts: state.attempts,
        lookups: Array(state.lookups), journey: state.journey)
    }
  }
}
