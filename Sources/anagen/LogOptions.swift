import ArgumentParser
import Logging

/// How a command logs: `--log` and `--log-format`.
struct LogOptions: ParsableArguments {
  /// How log lines are written to stderr.
  enum Format: String, ExpressibleByArgument, CaseIterable {
    /// For people on a terminal, JSON elsewhere.
    case auto
    /// For people.
    case text
    /// One JSON object a line, and nothing else on stderr.
    case json
  }

  @Option(
    name: .customLong("log"),
    help: ArgumentHelp(
      "The least log level shown: \(Logger.Level.names.joined(separator: ", ")).",
      valueName: "level"))
  var level = "notice"

  @Option(
    name: .customLong("log-format"),
    help:
      "How log lines are written: text for people, json for programs, which makes every line of stderr an object."
  )
  var format = Format.auto

  /// Whether a command line asks for nothing but JSON on stderr: also what is wrong with the
  /// command line is then told so.
  static func asksForJSON(_ arguments: [String]) -> Bool {
    arguments.contains("--log-format=json")
      || zip(arguments, arguments.dropFirst()).contains { $0 == "--log-format" && $1 == "json" }
  }

  func validate() throws {
    guard Logger.Level(rawValue: level) != nil else {
      throw ValidationError(
        "--log \(level) is no level; give one of \(Logger.Level.names.joined(separator: ", "))")
    }
  }

  /// Whether lines are JSON on this terminal.
  func isJSON(on terminal: Terminal) -> Bool {
    switch format {
    case .auto: !terminal.isInteractive
    case .text: false
    case .json: true
    }
  }

  /// The command's logger.
  func logger(on terminal: Terminal) -> Logger {
    let level = Logger.Level(rawValue: level) ?? .notice
    let isJSON = isJSON(on: terminal)
    var logger = Logger(label: "anagen") { _ in
      CommandLogHandler(terminal, level: level, isJSON: isJSON)
    }
    logger.logLevel = level
    return logger
  }
}

extension Logger.Level {
  /// The levels by their names, for `--log`.
  static let names = Logger.Level.allCases.map(\.rawValue)
}
