import ArgumentParser
import ClinicalRecords
import FoundationEssentials
import Ledger
import StageKit

/// `anagen quarantine`: what was set aside, why, and what becomes of it.
struct QuarantineCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "quarantine",
    abstract: "Show what was set aside, and why; approve, release it or give it up.",
    subcommands: [List.self, Show.self, Approve.self, Release.self, Purge.self])

  /// `anagen quarantine list`.
  struct List: AnagenCommand {
    static let configuration = CommandConfiguration(
      abstract: "List everything that was set aside.",
      discussion: """
          anagen quarantine list --data OUT

        The names identify subjects: the list is for who may see OUT/private. The exit status is 1 \
        when there is something.
        """)

    @OptionGroup var place: DataFolderArgument
    @OptionGroup var output: FormatOption

    func run(in environment: CommandEnvironment) async throws -> ExitStatus {
      let entries = try LedgerReading(folder: place.folder(in: environment)).quarantined()
      switch output.format {
      case .json:
        for entry in entries {
          try environment.terminal.result(bytes: CanonicalJSONEncoder().encode(entry) + [10])
        }
      case .text:
        if entries.isEmpty {
          environment.terminal.talk("nothing is set aside")
        } else {
          try environment.terminal.result(QuarantineTable.list(entries))
        }
      }
      return entries.isEmpty ? .done : .setAside
    }
  }

  /// `anagen quarantine show`.
  struct Show: AnagenCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show one delivery that was set aside, with its history.",
      discussion: """
          anagen quarantine show 17 --data OUT

        What was found in a picture is drawn in OUT/private/held, for the owner alone; in a folder \
        that cannot be written it is not.
        """)

    @Argument(help: "The number that 'quarantine list' shows.")
    var number: Int64
    @OptionGroup var place: DataFolderArgument
    @OptionGroup var output: FormatOption

    func run(in environment: CommandEnvironment) async throws -> ExitStatus {
      let folder = place.folder(in: environment)
      let reading = try LedgerReading(folder: folder)
      let history = try reading.quarantineHistory(of: number)
      // What was set aside once keeps its head and its history, whatever was decided.
      guard let entry = try reading.onceQuarantined(number) else {
        throw CommandFailure(
          .badData, "nothing is set aside under \(number)",
          hint: "'anagen quarantine list' shows the numbers")
      }
      let held = try reading.quarantined()
      let isSetAside = held.contains { $0.delivery == number }
      let gone = isSetAside ? try reading.stageGone(for: entry) : nil
      let canDraw = FileAccess.isWritable(folder.privatePath)
      let drawing =
        isSetAside && canDraw ? try HeldDrawing(of: entry, among: held, in: folder) : nil
      if isSetAside, !canDraw, entry.failure.finding != nil {
        environment.terminal.talk("not drawn: \(folder.privatePath) cannot be written")
      }
      switch output.format {
      case .json:
        let detail = Detail(entry: entry, history: history, drawing: drawing)
        try environment.terminal.result(bytes: CanonicalJSONEncoder().encode(detail) + [10])
      case .text:
        let parts = [
          QuarantineTable.detail(
            of: entry, hint: gone?.hint ?? (isSetAside ? entry.failure.hint : nil)),
          drawing?.text(isStageGone: gone != nil), QuarantineTable.text(of: history),
        ]
        try environment.terminal.result(parts.compactMap { $0 }.joined(separator: "\n\n"))
      }
      return .done
    }
  }
}

/// One delivery with what happened to it, for `--format json`.
private struct Detail: Encodable {
  let entry: QuarantinedDelivery
  let history: [QuarantineEvent]
  let drawing: HeldDrawing?
}

/// What was set aside, in words.
enum QuarantineTable {
  /// One line a delivery.
  static func list(_ entries: [QuarantinedDelivery]) -> String {
    var table = TextTable([
      ("number", .right), ("stage", .left), ("reason", .left), ("record", .left),
    ])
    for entry in entries {
      table.add(["\(entry.delivery)", entry.failure.stage, entry.failure.reason, entry.identity])
    }
    return table.text
  }

  /// How many for each reason, most first.
  static func reasons(of entries: [QuarantinedDelivery]) -> String {
    var numbers: [String: Int] = [:]
    for entry in entries {
      numbers["\(entry.failure.stage): \(entry.failure.reason)", default: 0] += 1
    }
    return numbers.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
      .map { "set aside: \($0.value) by \($0.key)" }.joined(separator: "\n")
  }

  /// Everything about one.
  ///
  /// - Parameter hint: what is to be done, where something still is.
  static func detail(of entry: QuarantinedDelivery, hint: String?) -> String {
    [
      "number    \(entry.delivery)",
      "record    \(entry.identity) (\(entry.schema))",
      "edge      \(entry.edge)",
      "reason    \(entry.failure.reason) (\(entry.failure.failureClass), by \(entry.failure.stage))",
      "what      \(entry.failure.message)",
      hint.map { "to do     \($0)" },
      "attempts  \(entry.attempts)",
      "at        \(Date(timeIntervalSince1970: entry.at).formatted(.iso8601))",
    ].compactMap { $0 }.joined(separator: "\n")
  }

  /// What happened to a delivery, one line an event.
  static func text(of history: [QuarantineEvent]) -> String {
    history.map(text(of:)).joined(separator: "\n")
  }

  /// One thing that happened, on one line.
  static func text(of event: QuarantineEvent) -> String {
    var line = "\(Date(timeIntervalSince1970: event.at).formatted(.iso8601))  "
    switch event.kind {
    case .setAside:
      line += "set aside"
      if let failure = event.failure {
        line += " by \(failure.stage): \(failure.reason) (\(failure.failureClass))"
      }
    case .approved: line += "approved by \(event.by ?? "")"
    case .released: line += "released by \(event.by ?? "")"
    case .purged: line += "given up by \(event.by ?? "")"
    }
    if let attempts = event.attempts {
      line += ", \(attempts) attempt\(attempts == 1 ? "" : "s")"
    }
    if let run = event.run { line += ", run \(run)" }
    if let stage = event.stage { line += ", from \(stage)" }
    if let reason = event.reason { line += ": \(reason)" }
    return line
  }
}
