import ArgumentParser
import ClinicalRecords
import FoundationEssentials
import Ledger
import PipelineFiles
import StageKit

/// `anagen status`: where a data folder stands.
struct StatusCommand: AnagenCommand {
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract: "Show what is done, waiting and set aside in a data folder.",
    discussion: """
        anagen status --data OUT
        anagen status --data OUT --study study.yaml

      Also what the schedule of the last run's study asks of the subjects seen so far and no \
      picture was taken of; visits that lie in the future are among it. The exit status is 1 when \
      something waits or is set aside, or the audit log is not what it was; and, with --study, \
      when something is missing.
      """)

  @OptionGroup var place: DataFolderArgument

  @Option(
    help: ArgumentHelp(
      "The study whose schedule is compared, in place of the last run's.", valueName: "file"))
  var study: String?

  @OptionGroup var output: FormatOption

  func run(in environment: CommandEnvironment) async throws -> ExitStatus {
    let folder = place.folder(in: environment)
    let reading = try LedgerReading(folder: folder)
    let last = try reading.lastRun()
    let state = FolderState(
      folder: folder, last: last,
      owner: last?.entry.endedAt == nil ? try DataFolderLock.owner(of: folder) : nil,
      counts: try reading.edgeCounts(), setAside: try reading.quarantined(),
      withdrawn: try reading.sourcePictures().filter { $0.withdrawal != nil },
      auditProblem: try reading.auditProblem(),
      missing: try schedule(last, in: environment).map {
        try MissingAcquisitions(folder: folder, study: $0)
      }, failsWhenMissing: study != nil)
    switch output.format {
    case .json: try environment.terminal.result(state.json.text)
    case .text: try environment.terminal.result(state.text)
    }
    return state.isFinished && state.auditProblem == nil ? .done : .setAside
  }

  /// The study whose schedule is compared; `nil` where there is no schedule.
  private func schedule(_ last: LastRun?, in environment: CommandEnvironment) throws -> Study? {
    if let study { return try StudyArgument.read(study, on: environment.terminal) }
    guard let source = last?.source else { return nil }
    let files = GoneFolders(disk: PipelineArguments.files)
    let reading = PipelineArguments.reader(in: environment, files: files).read(
      text: Array(source.text.utf8), fileName: source.file, variables: source.variables)
    guard let plan = reading.plan else {
      environment.terminal.talk(
        "note: the study of the last run cannot be read any more, so what is missing is not known; "
          + "name it with --study")
      return nil
    }
    return plan.study.visits.isEmpty || plan.study.regions.isEmpty ? nil : plan.study
  }
}

/// What the ledger says of all runs so far.
private struct FolderState {
  let folder: DataFolder
  let last: LastRun?
  /// The process that owns the folder, where the last run has not ended.
  let owner: String?
  let counts: [(edge: EdgeKey, counts: DeliveryCounts)]
  let setAside: [QuarantinedDelivery]
  let withdrawn: [SourcePicture]
  let auditProblem: AuditProblem?
  let missing: MissingAcquisitions?
  /// Whether what is missing counts for the exit status.
  let failsWhenMissing: Bool

  var isFinished: Bool {
    setAside.isEmpty && counts.allSatisfy { $0.counts.pending == 0 }
      && (!failsWhenMissing || missing?.gaps.isEmpty ?? true)
  }

  var text: String {
    var lines = [heading, "", EdgeTable.text(counts)]
    if !setAside.isEmpty {
      lines += ["", QuarantineTable.reasons(of: setAside)]
      lines.append("'anagen quarantine list' shows each")
    }
    if !withdrawn.isEmpty { lines += ["", withdrawnText] }
    if let auditProblem {
      lines += ["", "ATTENTION: the audit log is not what it was: \(auditProblem.what);"]
      lines.append("  \(auditProblem.hint)")
    }
    if let missing, !missing.gaps.isEmpty { lines += ["", missing.text] }
    return lines.joined(separator: "\n")
  }

  var json: JSONValue {
    var members: [JSONValue.Member] = [
      .init("runs", .integer(last?.entry.number ?? 0)),
      .init("last", last.map { .string(owner == nil ? $0.ending : "running") } ?? .null),
      .init(
        "edges",
        .array(counts.map { EdgeTable.json($0.edge, $0.counts) })),
      .init("setAside", .integer(Int64(setAside.count))),
      .init("purged", .integer(Int64(counts.reduce(0) { $0 + $1.counts.purged }))),
      .init("withdrawn", .integer(Int64(withdrawn.count))),
      .init("finished", .boolean(isFinished)),
      .init("auditProblem", auditProblem.map { .string($0.what) } ?? .null),
    ]
    if let missing { members.append(.init("missing", missing.json)) }
    return .object(members)
  }

  /// One line for each decision, in the order in which they were taken.
  private var withdrawnText: String {
    let decisions = Dictionary(grouping: withdrawn, by: \.withdrawal)
    return decisions.sorted { $0.key?.at ?? 0 < $1.key?.at ?? 0 }.compactMap { decision, pictures in
      decision.map { decision in
        let time = Date(timeIntervalSince1970: decision.at).formatted(.iso8601)
        return "withdrawn: \(pictures.count) by \(decision.by), \(time): \(decision.reason) "
          + "(\(Notice.list(pictures.map(\.file))))"
      }
    }.joined(separator: "\n")
  }

  private var heading: String {
    guard let last else { return "no runs" }
    let runs = last.entry.number
    let words = "\(runs) run\(runs == 1 ? "" : "s"), the last "
    if let owner { return words + "is running, process \(owner)" }
    let ending = last.entry.outcome ?? "was killed"
    return words + ending
      + (last.isUnfinished ? "; 'anagen resume \(folder.path)' goes on with it" : "")
  }
}

/// The sum of every edge: opened = done + set aside + given up + superseded + waiting.
enum EdgeTable {
  /// The column of what was given up stands only where something was: few trials ever have it.
  static func text(_ edges: [(edge: EdgeKey, counts: DeliveryCounts)]) -> String {
    let hasPurged = edges.contains { $0.counts.purged > 0 }
    let columns: [(name: String, count: KeyPath<DeliveryCounts, Int>)] = [
      ("opened", \.opened), ("done", \.done), ("set aside", \.quarantined),
      ("given up", \.purged), ("superseded", \.superseded), ("waiting", \.pending),
    ].filter { hasPurged || $0.count != \.purged }
    var table = TextTable([("edge", .left)] + columns.map { ($0.name, .right) })
    for (edge, counts) in edges {
      table.add([edge.description] + columns.map { "\(counts[keyPath: $0.count])" })
    }
    return table.text
  }

  static func json(_ edge: EdgeKey, _ counts: DeliveryCounts) -> JSONValue {
    func number(_ key: String, _ value: Int) -> JSONValue.Member {
      .init(key, .integer(Int64(value)))
    }
    return .object([
      .init("from", .string(edge.from)), .init("to", .string(edge.to)),
      number("opened", counts.opened), number("done", counts.done),
      number("quarantined", counts.quarantined), number("purged", counts.purged),
      number("superseded", counts.superseded), number("pending", counts.pending),
    ])
  }
}
