import ArgumentParser
import Logging

/// How a command logs: `--log` and `--log-format`.
struct LogOptions: ParsableArguments {
  /// How log lines are written to stderr.
  enum Format: String, ExpressibleByArgument, CaseIterable {
    /// Text on a terminal, JSON elsewhere.
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
      "How stderr is written: text for people, json for programs, one object a line; auto is text on a terminal, else json."
  )
  var format = Format.auto

  /// Whether stderr carries nothing but JSON.
  ///
  /// Decided before the command line is parsed, so that what is wrong with it is told so too. What is
  /// not `run` or `resume` logs nothing.
  static func speaksJSON(_ arguments: [String], isTerminal: Bool) -> Bool {
    let words = zip(arguments, arguments.dropFirst() + [""]).compactMap { argument, next in
      argument == "--log-format"
        ? next
        : argument.hasPrefix("--log-format=") ? String(argument.dropFirst(13)) : nil
    }
    switch words.last.flatMap(Format.init(rawValue:)) ?? .auto {
    case .json: return true
    case .text: return false
    case .auto: return !isTerminal && ["run", "resume"].contains(arguments.first)
    }
  }

  func validate() throws {
    guard Logger.Level(rawValue: level) != nil else {
      throw ValidationError(
        "--log \(level) is no level; give one of \(Logger.Level.names.joined(separator: ", "))")
    }
  }

  /// The command's logger.
  func logger(on terminal: Terminal) -> Logger {
    let level = Logger.Level(rawValue: level) ?? .notice
    var logger = Logger(label: "anagen") { _ in
      CommandLogHandler(terminal, level: level)
    }
    logger.logLevel = level
    return logger
  }
}

extension Logger.Level {
  /// The levels by their names, for `--log`.
  static let names = Logger.Level.allCases.map(\.rawValue)
}
