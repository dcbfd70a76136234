import Synchronization

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
final class SharedLogRate: Sendable {
  private let rate = Mutex(LogRate())
  func grant(_ kind: String, at now: Double) -> Int? { rate.withLock { $0.grant(kind, at: now) } }
}
