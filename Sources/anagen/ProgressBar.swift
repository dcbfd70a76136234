import Synchronization

/// One line that fills up, on a terminal only.
///
/// Any task may call it; it draws at most ten times a second, so that fast work is not slowed.
final class ProgressBar: Sendable {
  private let terminal: Terminal
  private let total: Int
  private let noun: String
  private let start = ContinuousClock.now
  private let lastDrawn = Mutex<ContinuousClock.Instant?>(nil)

  init(_ terminal: Terminal, total: Int, noun: String) {
    self.terminal = terminal
    self.total = total
    self.noun = noun
  }

  /// Shows how many are done.
  func update(done: Int) {
    guard terminal.isInteractive, total > 1, isDue(force: done == total) else { return }
    let share = Double(done) / Double(total)
    let counts = " \(done) of \(total) \(noun)\(remaining(done: done))"
    let room = max(10, min(40, terminal.width - counts.count - 3))
    let filled = Int(share * Double(room))
    terminal.redraw(
      "[" + String(repeating: "#", count: filled) + String(repeating: " ", count: room - filled)
        + "]" + counts)
  }

  /// Removes the line.
  func clear() { terminal.redraw("") }

  private func isDue(force: Bool) -> Bool {
    let now = ContinuousClock.now
    return lastDrawn.withLock { last in
      if !force, let last, now - last < .milliseconds(100) { return false }
      last = now
      return true
    }
  }

  private func remaining(done: Int) -> String {
    guard done > 0, done < total else { return "" }
    let elapsed = ContinuousClock.now - start
    let seconds = Double(elapsed.components.seconds) * Double(total - done) / Double(done)
    guard seconds >= 5 else { return "" }
    return seconds < 100 ? ", \(Int(seconds)) s left" : ", \(Int(seconds / 60)) min left"
  }
}
