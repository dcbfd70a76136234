import ArgumentParser
import ClinicalRecords
import Ledger

/// `anagen status`: where a data folder stands.
struct StatusCommand: AnagenCommand {
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract: "Show what is done, waiting and set aside in a data folder.",
    discussion: """
        anagen status --data OUT
        anagen status --data OUT --study study.yaml

      With a study, also what its schedule asks of the subjects seen so far and no picture was \
      taken of. The exit status is 1 when something waits, is missing or is set aside.
      """)

  @OptionGroup var place: DataFolderArgument

  @Option(help: ArgumentHelp("The study whose schedule is compared.", valueName: "file"))
  var study: String?

  @OptionGroup var output: FormatOption

  func run(in environment: CommandEnvironment) async throws -> ExitStatus {
    let folder = place.folder(in: environment)
    let reading = try LedgerReading(folder: folder)
    let counts = try reading.deliveryCounts()
    let state = FolderState(
      runs: try reading.runs(),
      counts: try reading.edges().map { ($0, counts[$0, default: DeliveryCounts()]) },
      setAside: try reading.quarantined(), purged: try reading.purgedCount(),
      missing: try study.map {
        try MissingAcquisitions(
          folder: folder, study: StudyArgument.read($0, on: environment.terminal))
      })
    switch output.format {
    case .json: try environment.terminal.result(state.json.text)
    case .text: try environment.terminal.result(state.text)
    }
    return state.isFinished ? .done : .setAside
  }
}

/// What the ledger says of all runs so far.
private struct FolderState {
  let runs: [RunEntry]
  let counts: [(edge: EdgeKey, counts: DeliveryCounts)]
  let setAside: [QuarantinedDelivery]
  let purged: Int
  let missing: MissingAcquisitions?

  var isFinished: Bool {
    setAside.isEmpty && counts.allSatisfy { $0.counts.pending == 0 }
      && missing?.gaps.isEmpty ?? true
  }

  var text: String {
    var lines = [
      runs.last.map {
        "\(runs.count) run\(runs.count == 1 ? "" : "s"), the last \(outcome(of: $0))"
      }
        ?? "no runs",
      "", EdgeTable.text(counts),
    ]
    if !setAside.isEmpty {
      lines += ["", QuarantineTable.reasons(of: setAside)]
      lines.append("'anagen quarantine list' shows each")
    }
    if purged > 0 { lines += ["", "given up of what was set aside: \(purged)"] }
    if let missing, !missing.gaps.isEmpty { lines += ["", missing.text] }
    return lines.joined(separator: "\n")
  }

  var json: JSONValue {
    var members: [JSONValue.Member] = [
      .init("runs", .integer(Int64(runs.count))),
      .init("last", runs.last.map { .string(outcome(of: $0)) } ?? .null),
      .init(
        "edges",
        .array(counts.map { EdgeTable.json($0.edge, $0.counts) })),
      .init("setAside", .integer(Int64(setAside.count))),
      .init("purged", .integer(Int64(purged))),
      .init("finished", .boolean(isFinished)),
    ]
    if let missing { members.append(.init("missing", missing.json)) }
    return .object(members)
  }

  private func outcome(of run: RunEntry) -> String {
    run.outcome ?? (run.endedAt == nil ? "is running or was killed" : "ended")
  }
}

/// The sum of every edge: opened = done + set aside + superseded + pending.
enum EdgeTable {
  static func text(_ edges: [(edge: EdgeKey, counts: DeliveryCounts)]) -> String {
    var table = TextTable([
      ("edge", .left), ("opened", .right), ("done", .right), ("set aside", .right),
      ("superseded", .right), ("waiting", .right),
    ])
    for (edge, counts) in edges {
      table.add(
        [edge.description]
          + [
            counts.opened, counts.done, counts.quarantined, counts.superseded, counts.pending,
          ].map { "\($0)" })
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
      number("quarantined", counts.quarantined), number("superseded", counts.superseded),
      number("pending", counts.pending),
    ])
  }
}
