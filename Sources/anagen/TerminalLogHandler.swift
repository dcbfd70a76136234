import Logging

/// Log lines on the terminal: `warning: message key=value`, below the level that was asked for
/// nothing.
struct TerminalLogHandler: LogHandler {
  var logLevel: Logger.Level
  var metadata: Logger.Metadata = [:]
  private let terminal: Terminal

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
    terminal.talk("\(event.level): \(event.message)\(values)")
  }
}

extension Logger.Level {
  /// The levels by their names, for `--log`.
  static let names = Logger.Level.allCases.map(\.rawValue)
}
