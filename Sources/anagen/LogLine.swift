import ClinicalRecords
import FoundationEssentials
import Logging

/// One line that a command says on stderr.
struct LogLine {
  private let level: Logger.Level
  private let message: String
  var stage: String?
  var metadata: [String: String] = [:]
  /// How many of its kind were left out since the last one.
  var suppressed = 0

  init(_ level: Logger.Level, _ message: String, _ metadata: [String: String] = [:]) {
    self.level = level
    self.message = message
    self.metadata = metadata
  }

  /// For people: `warning: message key=value`.
  var text: String {
    let values = (stage.map { [("stage", $0)] } ?? []) + metadata.sorted { $0.key < $1.key }
    return "\(level): \(message)" + values.map { " \($0.0)=\($0.1)" }.joined()
      + (suppressed > 0 ? " (and \(suppressed) more of these)" : "")
  }

  /// For programs: an object with the keys `timestamp`, `level`, `message`, then `stage`,
  /// `metadata` and `suppressed` where there is any.
  var json: String {
    var members: [JSONValue.Member] = [
      // RFC 3339 in UTC with milliseconds, which systemd and every collector read.
      .init(
        "timestamp",
        .string(Date().formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true)))),
      .init("level", .string(level.rawValue)), .init("message", .string(message)),
    ]
    if let stage { members.append(.init("stage", .string(stage))) }
    if !metadata.isEmpty {
      let values = metadata.sorted { $0.key < $1.key }
      members.append(.init("metadata", .object(values.map { .init($0.key, .string($0.value)) })))
    }
    if suppressed > 0 { members.append(.init("suppressed", .integer(Int64(suppressed)))) }
    return JSONValue.object(members).text
  }
}
