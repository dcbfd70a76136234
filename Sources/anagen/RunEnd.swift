import Logging
import PipelineRunner
import StageKit

/// How a run ended, for who reads no results: a log line and systemd's status.
///
/// Numbers, codes and the audit head: nothing of a subject.
struct RunEnd {
  private let report: RunReport

  init(_ report: RunReport) { self.report = report }

  /// What calls for attention, by its stable names.
  private var attention: [String] { report.notices.filter(\.isNegative).map(\.code) }

  private var needsPerson: Bool { !report.quarantined.isEmpty || !attention.isEmpty }

  /// Writes the line; a warning where a person has to look.
  func log(to logger: Logger) {
    var values: Logger.Metadata = [
      "run": "\(report.run)", "ending": "\(report.ending.rawValue)",
      "accepted": "\(report.accepted)", "setAside": "\(report.quarantined.count)",
      "auditHead": "\(report.auditHead)",
    ]
    if report.waiting > 0 { values["waiting"] = "\(report.waiting)" }
    if !attention.isEmpty { values["attention"] = "\(attention.joined(separator: " "))" }
    if needsPerson {
      logger.warning("the run ended, and a person has to look", metadata: values)
    } else {
      logger.notice("the run ended", metadata: values)
    }
  }

  /// One line for `systemctl status`, which keeps it until the next start.
  func status(of folder: DataFolder) -> String {
    let waiting = report.waiting > 0 ? "\(report.waiting) wait for the next run" : nil
    let words =
      (report.quarantined.isEmpty ? [] : ["\(report.quarantined.count) set aside"])
      + (attention.isEmpty ? [] : ["ATTENTION: \(attention.joined(separator: ", "))"])
    return words.isEmpty
      ? "\(report.ending.rawValue), \(waiting ?? "nothing is set aside")"
      : "\(report.ending.rawValue), and a person has to look: \(words.joined(separator: "; ")); "
        + "'anagen status --data \(folder.path)' tells more"
  }
}
