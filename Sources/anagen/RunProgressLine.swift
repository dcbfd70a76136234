import Ledger
import PipelineRunner

/// The line that shows how far a run is: a bar where the sources know how much there is, the rate
/// of the last half minute, and the time left at that rate.
///
/// A record counts as handled when all that was made of it up to the next stored records is
/// durable, or stands from an earlier run.
struct RunProgressLine {
  /// The rate is that of the last half minute: pictures take seconds, so a shorter window shows
  /// noise, and a longer one still shows what earlier runs left done.
  private static let window = 30.0
  /// Nothing is said of the time left before there is a rate to say it from.
  private static let settling = 5.0

  private var seen: [(seconds: Double, handled: Int)] = []

  /// How far a run is, in few words.
  static func status(_ progress: RunProgress) -> String {
    var parts = [
      progress.expected.map { "\(min(progress.handled, $0)) of \($0) records" }
        ?? "\(progress.handled) of \(progress.accepted) accepted records"
    ]
    let setAside = progress.edges.reduce(0) { $0 + $1.counts.quarantined }
    if setAside > 0 { parts.append("\(setAside) set aside") }
    if progress.isProjecting { parts.append("writing reports") }
    return parts.joined(separator: ", ")
  }

  /// The line for this state of the run, at most `width` characters.
  ///
  /// - Parameter seconds: since the run's start, never less than the last time.
  mutating func text(_ progress: RunProgress, at seconds: Double, width: Int) -> String {
    let handled = progress.handled
    seen.append((seconds, handled))
    // Five looks a second for half a minute.
    while let first = seen.first, seconds - first.seconds > RunProgressLine.window {
      seen.removeFirst()
    }
    var parts: [String] = []
    if let expected = progress.expected {
      parts.append("\(min(handled, expected)) of \(expected) records")
    } else {
      parts.append("\(handled) of \(progress.accepted) accepted records")
    }
    parts += pace(progress, handled, seconds)
    let setAside = progress.edges.reduce(0) { $0 + $1.counts.quarantined }
    if setAside > 0 { parts.append("\(setAside) set aside") }
    if progress.isProjecting { parts.append("writing reports") }
    let words = parts.joined(separator: ", ")
    guard let expected = progress.expected, expected > 0, width - words.count >= 14 else {
      return String(words.prefix(max(20, width)))
    }
    let room = min(40, width - words.count - 3)
    let filled = min(room, room * min(handled, expected) / expected)
    return "[" + String(repeating: "#", count: filled)
      + String(repeating: " ", count: room - filled) + "] " + words
  }

  private func pace(_ progress: RunProgress, _ handled: Int, _ seconds: Double) -> [String] {
    guard let first = seen.first, seconds - first.seconds >= RunProgressLine.settling else {
      return []
    }
    let rate = Double(handled - first.handled) / (seconds - first.seconds)
    if let expected = progress.expected, handled >= expected { return [] }
    guard rate > 0 else {
      return ["none in \(Int(seconds - first.seconds)) s"]
    }
    let pace = "\(MeasurementText.fixed(rate, rate < 10 ? 1 : 0))/s"
    guard let expected = progress.expected else { return [pace] }
    return [pace, "\(TimeText.span(Double(expected - handled) / rate)) left"]
  }
}

/// Times for people.
enum TimeText {
  /// A span: `45 s`, `12 min`, `3.5 h`.
  static func span(_ seconds: Double) -> String {
    switch seconds {
    case ..<100: "\(MeasurementText.fixed(seconds, 0)) s"
    case ..<6000: "\(MeasurementText.fixed(seconds / 60, 0)) min"
    default: "\(MeasurementText.fixed(seconds / 3600, 1)) h"
    }
  }

  /// A short time with two or three digits: `12 s`, `3.4 ms`, `85 us`.
  static func short(_ seconds: Double) -> String {
    for (unit, factor) in [("s", 1.0), ("ms", 1e3)] where seconds * factor >= 1 {
      let value = seconds * factor
      return "\(MeasurementText.fixed(value, value < 10 ? 1 : 0)) \(unit)"
    }
    return "\(MeasurementText.fixed(seconds * 1e6, 0)) us"
  }
}
