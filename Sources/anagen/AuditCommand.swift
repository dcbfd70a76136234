import ArgumentParser
import ClinicalRecords
import FoundationEssentials
import Ledger

/// `anagen audit`: who did what, what left, and whether anybody changed the account of it.
struct AuditCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "audit",
    abstract: "Show who did what and what left, and check that nobody changed it.",
    subcommands: [Verify.self, List.self])

  /// `anagen audit verify`.
  struct Verify: AnagenCommand {
    static let configuration = CommandConfiguration(
      abstract: "Check the audit chain for changed, dropped and exchanged entries.",
      discussion: """
          anagen audit verify --data OUT
          anagen audit verify --data OUT --head received/manifest.json
          anagen audit verify --data OUT --head 12:9f3c...

        Each entry's hash covers the entry before it. That the chain's end was cut off, or that \
        the ledger was put back to an older copy, shows against a head: the folder keeps the last \
        one in OUT/private/audit-head, and OUT/manifest.json has that of the last export. Each run \
        looks at all of this when it begins and before something leaves. Who puts the whole folder \
        back is found out only by a head that was kept elsewhere: each run prints one, and every \
        export's manifest.json holds one. --contents also holds each record and each original against \
        its SHA-256. The exit status is 1 when something is wrong.
        """)

    @OptionGroup var place: DataFolderArgument
    @Option(
      name: .customLong("head"), parsing: .singleValue,
      help: ArgumentHelp(
        "A head, or a file that holds heads: a manifest, a run's output.",
        valueName: "head-or-file"))
    var heads: [String] = []
    @Flag(help: "Read every record and every original as well, and compare its SHA-256.")
    var contents = false
    @OptionGroup var output: FormatOption

    func run(in environment: CommandEnvironment) async throws -> ExitStatus {
      let heads = try heads.flatMap { text in
        try Self.typed(text).map { [$0] } ?? Self.heads(in: environment.absolute(text))
      }
      let reading = try LedgerReading(folder: place.folder(in: environment))
      let account = AuditAccount(
        verification: try reading.verifyAudit(against: heads),
        contents: contents
          ? (try reading.changedRecords(), try reading.lostOriginals()) : nil)
      switch output.format {
      case .json: try environment.terminal.result(account.json.text)
      case .text: try environment.terminal.result(account.text)
      }
      return account.isSound ? .done : .setAside
    }

    /// A head that was written on the command line; `nil` for the name of a file.
    ///
    /// One that nobody signed was miscopied: it says nothing of the chain.
    private static func typed(_ text: String) throws -> AuditHead? {
      if let head = AuditHead(parsing: text), head.isSigned { return head }
      let parts = text.split(separator: ":", omittingEmptySubsequences: false)
      guard parts.count > 1, Int64(parts[0]) != nil, !FileAccess.exists(text) else { return nil }
      throw CommandFailure(
        .badData, "what --head was given is no audit head: it is cut off or miscopied",
        hint: "copy it whole, NUMBER:HASH:SIGNATURE:KEY, as 'anagen run' printed it, or give the "
          + "manifest.json of an export; the chain was not checked")
    }

    private static func heads(in path: String) throws -> [AuditHead] {
      let hint = "give what 'anagen run' printed, or the manifest.json of an export"
      let heads = AuditHead.all(in: try FileAccess.read(path, hint: hint))
      guard !heads.isEmpty else {
        throw CommandFailure(.badData, "\(path): holds no audit head", hint: hint)
      }
      return heads
    }
  }

  /// `anagen audit list`.
  struct List: AnagenCommand {
    static let configuration = CommandConfiguration(
      abstract: "List every entry of the audit chain.",
      discussion: """
          anagen audit list --data OUT
          anagen audit list --data OUT --format json

        Deliveries stand by the numbers of 'quarantine list'. An export's entry tells how many \
        records one commit sent to a destination, with one SHA-256 over all of them.
        """)

    @OptionGroup var place: DataFolderArgument
    @OptionGroup var output: FormatOption

    func run(in environment: CommandEnvironment) async throws -> ExitStatus {
      let reading = try LedgerReading(folder: place.folder(in: environment))
      switch output.format {
      case .json: try reading.forEachAuditEntry { try environment.terminal.result($0) }
      case .text:
        try reading.forEachAuditEntry {
          try environment.terminal.result(AuditLine(parsing: $0).text)
        }
      }
      return .done
    }
  }
}

/// What a check of the chain came to, in words.
private struct AuditAccount {
  let verification: AuditVerification
  /// What is not as it was written or taken in; `nil` when nobody asked.
  let contents: (records: [(number: Int64, schema: String)], originals: [LostOriginal])?

  var isSound: Bool {
    verification.problems.isEmpty && verification.notedBroken.isEmpty
      && contents?.records.isEmpty != false && contents?.originals.isEmpty != false
  }

  var text: String {
    guard let contents else { return chain }
    var lines = [chain]
    lines += contents.records.map { "record \($0.number) (\($0.schema)) was changed or is gone" }
    lines += contents.originals.map {
      "\($0.file): the original \($0.isChanged ? "was changed" : "is gone")"
    }
    lines.append(
      lines.count == 1
        ? "every record and every original is as it was written"
        : "put the data folder back from its backup; an original that is gone also comes back from "
          + "a folder whose list names it, one that was changed once its file in private/content is "
          + "removed")
    return lines.joined(separator: "\n")
  }

  private var chain: String {
    var lines = verification.problems.map { "\($0.code.name): \($0.what)" }
    if verification.problemCount > verification.problems.count {
      lines.append("and \(verification.problemCount - verification.problems.count) more")
    }
    let count = "\(verification.entries) entr\(verification.entries == 1 ? "y" : "ies")"
    guard lines.isEmpty else {
      return
        (lines + [
          "\(count)\(verdict): keep a copy of the data folder as it is"
        ] + hints).joined(separator: "\n")
    }
    lines.append("\(count), each as it was written")
    if !verification.notedBroken.isEmpty {
      let entries = verification.notedBroken.map { "\($0)" }.joined(separator: ", ")
      lines.append(
        "audit.broken: the chain was found broken before, as entry \(entries) says (anagen audit "
          + "list): what was lost then is not in it")
      return lines.joined(separator: "\n")
    }
    lines.append(
      verification.kept.map {
        "nothing is missing up to entry \($0), the head in private/audit-head"
      }
        ?? "no head is kept in private/audit-head: a cut end does not show by itself")
    if let released = verification.released {
      lines.append("nothing is missing up to entry \(released), the head in manifest.json")
    }
    lines.append(
      verification.heads == 0
        ? "--head compares one from elsewhere too: a run printed it, an export holds it"
        : "nothing is missing up to the head\(verification.heads == 1 ? "" : "s") given")
    return lines.joined(separator: "\n")
  }

  /// What is so of the entries that are there.
  private var verdict: String {
    let codes = Set(verification.problems.map(\.code))
    if codes.isSubset(of: [.foreignKey, .badSignature]) {
      return ", each as it was written, but not of the chain that the head given is of"
    }
    return codes.isSubset(of: [.truncated, .foreignKey, .badSignature])
      ? ", each as it was written, and NOT all that were" : ", NOT as they were written"
  }

  /// What to do, once for all problems of a kind.
  private var hints: [String] {
    var hints: [String] = []
    for problem in verification.problems where !hints.contains(problem.hint) {
      hints.append(problem.hint)
    }
    return hints
  }

  var json: JSONValue {
    .object(
      [
        .init("sound", .boolean(isSound)),
        .init("entries", .integer(verification.entries)),
        .init("hash", verification.last.map { .string($0.hash.hexadecimal) } ?? .null),
        .init(
          "notedBroken", .array(verification.notedBroken.map { .integer($0) })),
        .init("heads", .integer(Int64(verification.heads))),
        .init("kept", verification.kept.map { .integer($0) } ?? .null),
        .init("manifest", verification.released.map { .integer($0) } ?? .null),
        .init("problemCount", .integer(Int64(verification.problemCount))),
        .init(
          "problems",
          .array(
            verification.problems.map { problem in
              .object([
                .init("code", .string(problem.code.name)),
                .init("sequence", .integer(problem.sequence)), .init("what", .string(problem.what)),
              ])
            })),
      ]
        + (contents.map { contents in
          [
            JSONValue.Member(
              "changedRecords", .array(contents.records.map { .integer($0.number) })),
            JSONValue.Member(
              "lostOriginals",
              .array(
                contents.originals.map { original in
                  .object([
                    .init("file", .string(original.file)),
                    .init("changed", .boolean(original.isChanged)),
                  ])
                })),
          ]
        } ?? []))
  }
}

/// One entry of the chain for people.
private struct AuditLine {
  private struct Entry: Decodable {
    let sequence: Int64
    let at: Double
    let by: String
    let action: String
    let why: String?
  }

  let text: String

  /// An entry that cannot be read is shown as it stands: `audit verify` says what is wrong with it.
  init(parsing entry: String) {
    do {
      let read = try JSONDecoder().decode(Entry.self, from: Data(entry.utf8))
      let time = Date(timeIntervalSince1970: read.at).formatted(.iso8601)
      let what = entry.firstRange(of: "\"what\":").map { entry[$0.upperBound...].dropLast() }
      text =
        "\(read.sequence)  \(time)  \(read.by)  \(read.action)  \(what ?? "")"
        + (read.why.map { "  \"\($0)\"" } ?? "")
    } catch {
      text = entry
    }
  }
}
