import ClinicalRecords
import Ledger
import PipelineFiles
import PipelineRunner
import StageKit

/// What a run says at its end.
struct RunSummary {
  private let plan: Plan
  private let report: RunReport
  private let results: ResultsTable
  private let failed: [UnmeasuredPictures.Picture]
  private let unmeasured: UnmeasuredPictures
  private let flow: PlanFlow

  /// Reads the figures from the ledger.
  init(plan: Plan, report: RunReport) throws {
    self.plan = plan
    self.report = report
    flow = PlanFlow(plan)
    failed = UnmeasuredPictures.failed(report.quarantined, in: flow)
    results = try ResultsTable(
      folder: plan.folder, truth: PhantomTruthFile(of: plan), failed: failed)
    unmeasured = UnmeasuredPictures(results.rejected + failed)
  }

  /// How the run counts for the shell.
  var status: ExitStatus {
    if !report.mismatches.isEmpty { return .bug }
    if report.ending == .interrupted || report.waiting > 0 { return .interrupted }
    let isClean = report.quarantined.isEmpty && !report.notices.contains(where: \.isNegative)
    return isClean ? .done : .setAside
  }

  var text: String {
    var parts: [String] = []
    if !results.isEmpty { parts.append(results.text) }
    if !unmeasured.isEmpty { parts.append(unmeasured.text) }
    parts.append(
      EdgeTable.text(report.edges.map { ($0.edge, $0.counts) }))
    for edge in report.mismatches {
      parts.append("THE SUM OF \(edge) IS WRONG: this is a bug of anagen; keep the data folder")
    }
    parts += report.notices.map { notice in
      "\(notice.isNegative ? "ATTENTION" : "note"): \(notice.what);\n  \(notice.hint)"
    }
    parts.append(counts.joined(separator: "\n"))
    if !plan.study.assumed.isEmpty {
      parts.append(
        "study \(plan.study.id) assumes, until somebody confirms it: "
          + plan.study.assumed.joined(separator: ", "))
    }
    parts.append((["results in \(plan.folder.path)"] + places).joined(separator: "\n"))
    parts.append("audit head, to be kept elsewhere:\n\(report.auditHead)")
    if report.ending == .interrupted {
      parts.append("registry, reports and tables are written when a run ends: run again to go on")
    }
    parts.append("research software, not a medical device")
    return parts.joined(separator: "\n\n")
  }

  var json: JSONValue {
    .object([
      .init("ending", .string(report.ending.rawValue)),
      .init("seconds", .number((report.seconds * 1000).rounded() / 1000)),
      .init("accepted", .integer(Int64(report.accepted))),
      .init(
        "edges", .array(report.edges.map { EdgeTable.json($0.edge, $0.counts) })),
      .init("balanced", .boolean(report.mismatches.isEmpty)),
      .init("setAside", .integer(Int64(report.quarantined.count))),
      .init(
        "notices",
        .array(
          report.notices.map { notice in
            .object([
              .init("stage", .string(notice.stage)), .init("code", .string(notice.code)),
              .init("what", .string(notice.what)), .init("hint", .string(notice.hint)),
              .init("negative", .boolean(notice.isNegative)),
            ])
          })),
      .init("assumed", .array(plan.study.assumed.map { .string($0) })),
      .init("folder", .string(plan.folder.path)),
      .init("auditHead", .string(report.auditHead.description)),
      .init("results", results.json), .init("unmeasured", unmeasured.json),
    ])
  }

  private var counts: [String] {
    let seconds = MeasurementText.fixed(report.seconds, 1)
    let reused = report.edges.reduce(0) { $0 + $1.reused }
    var lines = [
      "\(report.ending.rawValue) in \(seconds) s: \(report.accepted) "
        + "record\(report.accepted == 1 ? "" : "s") taken in"
        + (reused > 0 ? ", \(reused) result\(reused == 1 ? "" : "s") of earlier runs stand" : "")
    ]
    if !results.isEmpty || !unmeasured.isEmpty {
      let refused = report.quarantined.filter { flow.deidentifying.contains($0.failure.stage) }
      let held = pictures(of: refused.filter(isHeld))
      let unreleased = pictures(of: refused.filter { !isHeld($0) })
      lines.append(
        "figures: \(results.accepted) accepted, \(results.rejected.count) rejected for quality, "
          + "\(failed.count) failed" + (held > 0 ? "; held for privacy: \(held)" : "")
          + (unreleased > 0 ? "; not released, for a technical fault: \(unreleased)" : ""))
    }
    if report.waiting > 0 {
      lines.append(
        "\(report.waiting) deliver\(report.waiting == 1 ? "y waits" : "ies wait"): run again to go on"
      )
    }
    if report.quarantined.isEmpty {
      lines.append("nothing is set aside")
    } else {
      lines.append(QuarantineTable.reasons(of: report.quarantined))
      let earlier = report.quarantined.count { $0.run != report.run }
      if earlier > 0 {
        lines.append("of these \(earlier) in earlier runs; the table is of this run alone")
      }
      lines.append("'anagen quarantine list --data \(plan.folder.path)' shows each")
    }
    return lines
  }

  private func isHeld(_ entry: QuarantinedDelivery) -> Bool {
    flow.holds(entry.failure.stage, for: entry.failure.reason)
  }

  /// Of one picture several records may be set aside: what follows the kind of record is theirs.
  private func pictures(of entries: [QuarantinedDelivery]) -> Int {
    Set(entries.map { $0.identity.drop { $0 != ":" } }).count
  }

  /// What each last stage wrote, by the settings that are paths of outputs, and how many files of a
  /// folder may leave; an interrupted run has written no report and no table.
  private var places: [String] {
    let written = plan.stages.filter {
      $0.entry.kind == .sink || ($0.entry.kind == .projection && report.ending != .interrupted)
    }
    return written.compactMap { stage -> String? in
      let paths = stage.entry.settings.compactMap { setting -> String? in
        guard case .outputPath = setting.kind, case .string(let path)? = stage.settings[setting.key]
        else { return nil }
        let page = "\(path)/index.html"
        if FileAccess.exists(page) { return page }
        if report.ending == .interrupted && !FileAccess.exists(path) { return nil }
        let files = report.released.count { plan.folder.resolve($0.path).hasPrefix("\(path)/") }
        return path + (files == 0 ? "" : " (\(files) file\(files == 1 ? "" : "s"))")
      }
      return paths.isEmpty ? nil : "  \(stage.name): \(paths.joined(separator: ", "))"
    }
  }
}
