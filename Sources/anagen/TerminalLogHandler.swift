import Logging
import Synchronization

/// Log lines on the terminal: `warning: message key=value`.
///
/// A line that comes again and again is shown three times; a run of ten thousand pictures counts
/// what it set aside at its end.
struct TerminalLogHandler: LogHandler {
  var logLevel: Logger.Level
  var metadata: Logger.Metadata = [:]
  private let terminal: Terminal
  private let shown = ShownLines()

  init(_ terminal: Terminal, level: Logger.Level) {
    self.terminal = terminal
    logLevel = level
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    let all = metadata.merging(event.metadata ?? [:]) { _, new in new }
    let values = all.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
    let line = "\(event.level): \(event.message)\(values)"
    switch shown.count(line) {
    case ..<ShownLines.limit: terminal.talk(line)
    case ShownLines.limit: terminal.talk("\(line) (and more of these)")
    default: break
    }
  }
}

/// How often each line was shown, for at most a thousand different ones.
private final class ShownLines: Sendable {
  /// A line is shown so often.
  static let limit = 3
  private let counts = Mutex<[String: Int]>([:])

  /// Counts a line once more; from 1.
  func count(_ line: String) -> Int {
    counts.withLock { counts in
      if counts.count >= 1000, counts[line] == nil { return 1 }
      counts[line, default: 0] += 1
      return counts[line, default: 1]
    }
  }
}
