import StageKit
import Synchronization

/// Whether a stage can be called now: shut while what it needs is not there.
///
/// All workers of a stage share one, so that a registry that is down is asked now and then and not
/// once for each record that waits for it.
final class StageGate: Sendable {
  private let first: Duration
  private let longest: Duration
  private let wait = Mutex<Duration?>(nil)

  /// Makes an open gate; the waits are those of the stage's retries.
  init(first: Duration, longest: Duration) {
    self.first = first
    self.longest = longest
  }

  /// How long to wait before the next call; `nil` when the gate is open.
  var delay: Duration? { wait.withLock { $0 } }

  /// The stage said that it cannot work for now.
  ///
  /// - Returns: whether that is new.
  func shut() -> Bool {
    wait.withLock { wait in
      let isNew = wait == nil
      wait = wait.map { min($0 * 2, longest) } ?? first
      return isNew
    }
  }

  /// A call succeeded, or failed for another reason.
  ///
  /// - Returns: whether the gate was shut.
  func open() -> Bool {
    wait.withLock { wait in
      defer { wait = nil }
      return wait != nil
    }
  }
}
