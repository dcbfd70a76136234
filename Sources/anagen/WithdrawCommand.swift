import ArgumentParser
import ClinicalRecords
import Ledger
import PipelineRunner
import StageKit

/// `anagen withdraw`: takes pictures out of a study, and lets them come back.
struct WithdrawCommand: AnagenCommand {
  static let configuration = CommandConfiguration(
    commandName: "withdraw",
    abstract: "Take pictures out: a subject withdrew, or a picture is a wrong one.",
    discussion: """
        anagen withdraw a.jpg b.jpg --reason "the wrong scalp" --data OUT
        anagen withdraw --subject 01-004 --reason "consent withdrawn" --data OUT
        anagen withdraw --undo a.jpg --reason "it was the right one" --data OUT

      A picture is named by its file as the list of pictures has it, without folders, or by its \
      acquisition as the run shows it. Once the run that works on the data folder, or the next one, \
      has ended, nothing of it counts or leaves: its \
      acquisition is 'excluded' in registry and tables, and its released picture goes to \
      OUT/private/withdrawn. What was handed on before is not called back by this. The list may go \
      on naming it. With --undo it comes back with the next run whose list names it. Originals and \
      the ledger stay as they are: they are source data. Either all are withdrawn or none. Who \
      did it, when and why is kept in the audit chain.
      """)

  @Argument(help: "Files, or acquisitions.")
  var pictures: [String] = []
  @Option(
    help: ArgumentHelp(
      "Every picture of a subject, also those that later lists bring.", valueName: "subject"))
  var subject: String?
  @Flag(help: "Let them come back.")
  var undo = false
  @Option(help: ArgumentHelp("Why, without a word about a subject.", valueName: "text"))
  var reason: String
  @OptionGroup var actor: ActorArgument
  @OptionGroup var place: DataFolderArgument
  @OptionGroup var output: FormatOption

  func validate() throws {
    try DecisionPlace.check(reason)
    guard !pictures.isEmpty || subject != nil else {
      throw ValidationError("name pictures, or a subject with --subject")
    }
  }

  func run(in environment: CommandEnvironment) async throws -> ExitStatus {
    let folder = place.folder(in: environment)
    let chosen = try chosen(of: LedgerReading(folder: folder).sourcePictures())
    let (outcome, isLive) = try await DecisionPlace(folder: folder).take(
      LedgerDecision(
        undo ? .reinstate : .withdraw, chosen.map(\.record), of: subject, by: actor.name,
        reason: reason))
    switch output.format {
    case .json:
      try environment.terminal.result(
        JSONValue.object([
          .init(
            undo ? "reinstated" : "withdrawn",
            .array(chosen.map { .string($0.acquisition.path) })),
          .init("auditHead", .string(outcome.auditHead)),
        ]).text)
    case .text:
      let word = undo ? "may come back" : "withdrawn"
      let lines = chosen.map { "\(word): \($0.file), \($0.acquisition.path)" }
      let taker =
        undo
        ? "they come back with the next run whose list names them"
        : "the \(isLive ? "" : "next ")run takes them out of registry, tables, pictures and report "
          + "when it ends"
      try environment.terminal.result(
        (lines + [taker, "audit head \(outcome.auditHead)"]).joined(separator: "\n"))
    }
    return DecisionPlace.status(telling: outcome.auditProblem, on: environment.terminal)
  }

  /// The pictures that are meant, each once.
  private func chosen(of all: [SourcePicture]) throws -> [SourcePicture] {
    let candidates = all.filter { ($0.withdrawal != nil) == undo }
    var records: Set<Int64> = []
    for name in pictures {
      let found = candidates.filter {
        $0.file == name || name.hasSuffix("/\($0.file)") || $0.acquisition.path == name
          || $0.acquisition.path.hasSuffix("/\(name)") && name.contains("/")
      }
      // One acquisition may have been withdrawn in several versions.
      let acquisitions = Set(found.map(\.acquisition.path)).sorted()
      guard acquisitions.count <= 1 else {
        throw CommandFailure(
          .usage,
          "\(acquisitions.count) pictures are called '\(found[0].file)', whatever their folder",
          hint: "name their acquisitions: \(Notice.list(acquisitions))")
      }
      guard !found.isEmpty else { throw missing(name, all) }
      if undo, subject == nil, found.contains(where: \.isSubjectWithdrawn) {
        throw CommandFailure(
          .usage, "the subject of '\(name)' is withdrawn, with all pictures",
          hint: "let all come back with --undo --subject, then withdraw those that stay out")
      }
      records.formUnion(found.map(\.record))
    }
    if let subject {
      let found = candidates.filter { $0.acquisition.subject == subject }
      // Of a subject whose pictures are all out already, those that are yet to come stay out.
      let isKnown = all.contains { $0.acquisition.subject == subject }
      guard undo ? !found.isEmpty : isKnown else { throw missing(subject: subject) }
      records.formUnion(found.map(\.record))
    }
    return candidates.filter { records.contains($0.record) }
  }

  private func missing(subject: String) -> CommandFailure {
    CommandFailure(
      .badData, "no picture of subject '\(subject)' \(undo ? "is withdrawn" : "was filed")",
      hint: "write the subject as the list of pictures has it; nothing was changed")
  }

  private func missing(_ name: String, _ all: [SourcePicture]) -> CommandFailure {
    let isThere = all.contains { $0.file == name || $0.acquisition.path == name }
    return CommandFailure(
      .badData,
      isThere
        ? "'\(name)' \(undo ? "is not withdrawn" : "is withdrawn already")"
        : "no picture of '\(name)' \(undo ? "is withdrawn" : "was filed")",
      hint: isThere
        ? "nothing was changed"
        : "name the file as the list of pictures has it; nothing was changed")
  }
}
