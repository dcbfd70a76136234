import FoundationEssentials
import Logging

/// Log lines of a command, for people or for programs.
///
/// Messages are constants, so that they can be searched and counted. A message that a stage says
/// in thousands is written as often as ``LogRate`` grants; the next line of its kind says how many
/// were left out.
struct CommandLogHandler: LogHandler {
  var logLevel: Logger.Level
  var metadata: Logger.Metadata = [:]
  private let terminal: Terminal
  private let rate = SharedLogRate()

  init(_ terminal: Terminal, level: Logger.Level) {
    self.terminal = terminal
    logLevel = level
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    var all = metadata.merging(event.metadata ?? [:]) { _, new in new }
    let stage = all.removeValue(forKey: "stage")?.description
    let now = Date()
    guard
      let suppressed = rate.grant("\(stage ?? "")\n\(event.message)", at: now.timeIntervalSince1970)
    else { return }
    var line = LogLine(event.level, event.message.description)
    line.stage = stage
    line.metadata = all.mapValues(\.description)
    line.suppressed = suppressed
    terminal.log(line)
  }
}
