import ClinicalRecords
import FoundationEssentials
import Logging
import Synchronization

/// Log lines for programs: one JSON object a line.
///
/// The keys are `timestamp`, `level`, `message`, then `stage` and `metadata` where there is any.
/// Messages are constants, so that they can be searched and counted. A message that a stage says
/// in thousands is written as often as ``LogRate`` grants; the next line of its kind says under
/// `suppressed` how many were left out.
struct JSONLogHandler: LogHandler {
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
    var members: [JSONValue.Member] = [
      .init("timestamp", .string(JSONLogHandler.timestamp(now))),
      .init("level", .string(event.level.rawValue)),
      .init("message", .string(event.message.description)),
    ]
    if let stage { members.append(.init("stage", .string(stage))) }
    if !all.isEmpty {
      let values = all.sorted { $0.key < $1.key }
      members.append(
        .init("metadata", .object(values.map { .init($0.key, .string($0.value.description)) })))
    }
    if suppressed > 0 { members.append(.init("suppressed", .integer(Int64(suppressed)))) }
    terminal.talk(JSONValue.object(members).text)
  }

  /// RFC 3339 in UTC with milliseconds, which systemd and every collector read.
  private static func timestamp(_ date: Date) -> String {
    date.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
  }
}

/// How often a line of one kind is written: ten at once, then one a second.
///
/// A run of ten thousand pictures that are all set aside writes its journal full otherwise; ten
/// lines show what differs between them, and the quarantine names each. A thousand kinds are told
/// apart, which is more than stages times messages; beyond them every line is written.
struct LogRate {
  private static let burst = 10.0
  private static let perSecond = 1.0
  private static let kinds = 1000

  private struct Allowance {
    var tokens: Double
    var at: Double
    var suppressed = 0
  }
  private var allowances: [String: Allowance] = [:]

  /// Whether a line of this kind is written now.
  ///
  /// - Parameter now: in seconds; a clock that steps back grants nothing and takes nothing.
  /// - Returns: how many of its kind were left out since the last one; `nil` to leave this one out.
  mutating func grant(_ kind: String, at now: Double) -> Int? {
    guard var allowance = allowances[kind] else {
      guard allowances.count < LogRate.kinds else { return 0 }
      allowances[kind] = Allowance(tokens: LogRate.burst - 1, at: now)
      return 0
    }
    let gained = max(0, now - allowance.at) * LogRate.perSecond
    allowance.tokens = min(LogRate.burst, allowance.tokens + gained)
    allowance.at = now
    defer { allowances[kind] = allowance }
    guard allowance.tokens >= 1 else {
      allowance.suppressed += 1
      return nil
    }
    allowance.tokens -= 1
    defer { allowance.suppressed = 0 }
    return allowance.suppressed
  }
}

/// One ``LogRate`` for all tasks that log.
private final class SharedLogRate: Sendable {
  private let rate = Mutex(LogRate())
  func grant(_ kind: String, at now: Double) -> Int? { rate.withLock { $0.grant(kind, at: now) } }
}
