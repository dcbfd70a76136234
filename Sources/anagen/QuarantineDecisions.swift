import ArgumentParser
import ClinicalRecords
import FoundationEssentials
import Ledger
import PipelineRunner
import StageKit

extension QuarantineCommand {
  /// `anagen quarantine release`.
  struct Release: AnagenCommand {
    static let configuration = CommandConfiguration(
      abstract: "Open deliveries again that were set aside.",
      discussion: """
          anagen quarantine release 17 --data OUT
          anagen quarantine release 17 18 --from analyse --reason "new profile" --data OUT

        The run that works on the data folder takes them, or the next one. With --from they \
        re-enter at an earlier stage of their way, one that takes a stored record; what comes of \
        it goes on from there. Either all are released or none. Who did it, when and why is kept \
        in the audit chain.
        """)

    @Argument(help: "The numbers that 'quarantine list' shows.")
    var numbers: [Int64]
    @Option(help: ArgumentHelp("The stage where they re-enter.", valueName: "stage"))
    var from: String?
    @Option(help: ArgumentHelp("Why, without a word about a subject.", valueName: "text"))
    var reason: String?
    @OptionGroup var actor: ActorArgument
    @OptionGroup var place: DataFolderArgument
    @OptionGroup var output: FormatOption

    func validate() throws { try DecisionPlace.check(reason) }

    func run(in environment: CommandEnvironment) async throws -> ExitStatus {
      let (outcome, isLive) = try await DecisionPlace(folder: place.folder(in: environment)).take(
        LedgerDecision(.release, numbers, from: from, by: actor.name, reason: reason))
      switch output.format {
      case .json:
        let deliveries = outcome.opened.map { delivery in
          JSONValue.object([
            .init("delivery", .integer(delivery.delivery)),
            .init("from", .string(delivery.edge.from)), .init("to", .string(delivery.edge.to)),
          ])
        }
        try environment.terminal.result(
          JSONValue.object([
            .init("opened", .array(deliveries)), .init("auditHead", .string(outcome.auditHead)),
          ]).text)
      case .text:
        try environment.terminal.result(outcome.openedText("open again", isLive: isLive))
      }
      return DecisionPlace.status(telling: outcome.auditProblem, on: environment.terminal)
    }
  }

  /// `anagen quarantine purge`.
  struct Purge: AnagenCommand {
    static let configuration = CommandConfiguration(
      abstract: "Give deliveries up that were set aside.",
      discussion: """
          anagen quarantine purge 17 --reason "picture of a ruler" --data OUT

        They are never tried or listed again; sums count them as given up. That holds for the \
        picture and the stage, whatever settings or version that stage or those before it have \
        later; another picture under the same acquisition is handled. A record that a \
        stage made and that nothing else refers to goes with its contents. What a source handed \
        over, the original of a captured picture above all, always stays: it is source data of \
        the trial, and to remove it is not this command's business. Either all are given up or \
        none. Who did it, when and why is kept in the audit chain.
        """)

    @Argument(help: "The numbers that 'quarantine list' shows.")
    var numbers: [Int64]
    @Option(help: ArgumentHelp("Why, without a word about a subject.", valueName: "text"))
    var reason: String
    @OptionGroup var actor: ActorArgument
    @OptionGroup var place: DataFolderArgument
    @OptionGroup var output: FormatOption

    func validate() throws { try DecisionPlace.check(reason) }

    func run(in environment: CommandEnvironment) async throws -> ExitStatus {
      let (outcome, _) = try await DecisionPlace(folder: place.folder(in: environment)).take(
        LedgerDecision(.purge, numbers, by: actor.name, reason: reason))
      switch output.format {
      case .json:
        let deliveries = outcome.purged.map { delivery in
          JSONValue.object([
            .init("delivery", .integer(delivery.delivery)),
            .init("recordWithdrawn", .boolean(delivery.isRecordWithdrawn)),
            .init("contents", .array(delivery.contents.map { .string($0.hexadecimal) })),
          ])
        }
        try environment.terminal.result(
          JSONValue.object([
            .init("purged", .array(deliveries)), .init("auditHead", .string(outcome.auditHead)),
          ]).text)
      case .text:
        let lines = outcome.purged.map { "given up: \($0.delivery), \(fate(of: $0))" }
        try environment.terminal.result(
          (lines + ["audit head \(outcome.auditHead)"]).joined(separator: "\n"))
      }
      return DecisionPlace.status(telling: outcome.auditProblem, on: environment.terminal)
    }

    private func fate(of delivery: PurgedDelivery) -> String {
      guard delivery.isRecordWithdrawn else { return "its record stays" }
      let number = delivery.contents.count
      return "its record is withdrawn, \(number) content\(number == 1 ? "" : "s") removed"
    }
  }
}

extension DecisionOutcome {
  /// What is open now, who takes it, and the audit chain's head.
  func openedText(_ word: String, isLive: Bool) -> String {
    let lines = opened.map { "\(word): \($0.delivery) on \($0.edge)" }
    let taker = "the \(isLive ? "" : "next ")run takes what is open"
    return (lines + [taker, "audit head \(auditHead)"]).joined(separator: "\n")
  }
}

/// Where a person's decision is carried out: by the run that owns the data folder, or here.
struct DecisionPlace {
  /// A reason fits into a few lines of `audit list`.
  static let reasonLimit = 1000

  let folder: DataFolder

  /// Refuses a reason that says nothing.
  static func check(_ reason: String?) throws {
    guard let reason else { return }
    guard isLine(reason), reason.utf8.count <= reasonLimit else {
      throw ValidationError("--reason takes one line of at most \(reasonLimit) bytes")
    }
  }

  /// Has a decision carried out.
  ///
  /// - Returns: what it did, and whether a run that is alive did it.
  /// - Throws: ``CommandFailure`` when another command owns the folder, ``LedgerError``,
  ///   ``ControlError``.
  func take(_ decision: LedgerDecision) async throws -> (DecisionOutcome, isLive: Bool) {
    // Asked before the lock, which would make the folder that somebody misspelt.
    _ = try LedgerReading(folder: folder)
    let live = try await decision.decide(in: folder)
    let outcome = try live ?? carryOut(decision)
    try HeldPicture(folder: folder).remove(outcome.deliveries)
    return (outcome, live != nil)
  }

  /// Tells what is wrong with the audit chain in which a decision was noted, if anything is.
  ///
  /// - Returns: what the command ends with.
  static func status(telling problem: String?, on terminal: Terminal) -> ExitStatus {
    guard let problem else { return .done }
    terminal.warning("the audit log is not what it was: \(problem)")
    return .setAside
  }

  /// Carries a decision out in the ledger of a folder on which no run works.
  private func carryOut(_ decision: LedgerDecision) throws -> DecisionOutcome {
    let lock: DataFolderLock
    do {
      lock = try DataFolderLock(folder)
    } catch let error as LedgerError where error.code == .inUse {
      throw CommandFailure(
        .unavailable, error.subject,
        hint: "it begins, works, ends, or is another command: try again when it has ended; nothing "
          + "was changed")
    }
    defer { withExtendedLifetime(lock) {} }
    return try decision.carryOut(
      in: RunLedger(
        existingIn: folder, actor: decision.by, now: { Date().timeIntervalSince1970 }))
  }
}
