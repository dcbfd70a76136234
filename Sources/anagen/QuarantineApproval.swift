import ArgumentParser
import ClinicalRecords
import FoundationEssentials
import Ledger
import PipelineRunner
import StageKit

extension QuarantineCommand {
  /// `anagen quarantine approve`.
  struct Approve: AnagenCommand {
    static let configuration = CommandConfiguration(
      abstract: "Let pass what was found in a picture, once a person has looked.",
      discussion: """
          anagen quarantine show 17 --data OUT       # draws what was found: look at it
          anagen quarantine approve 17 --reason "the scale bar of the device" --data OUT
          anagen quarantine approve 17 18 21 --reason "scale bars, all looked at" --data OUT

        For pictures that are held for what was found in them, such as burned_in_text. The run \
        that works on the data folder, or the next one, lets exactly that pass: the same picture, the same places, found by the same version. \
        Pictures that are held for the same places stand on one sheet that 'quarantine show' \
        draws, and are approved together. Either all are approved or none. Who looked, when and \
        why is kept in the audit chain, and the entry's number with what is released.
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
      let (outcome, isLive) = try await DecisionPlace(folder: place.folder(in: environment)).take(
        LedgerDecision(.approve, numbers, by: actor.name, reason: reason))
      switch output.format {
      case .json:
        try environment.terminal.result(
          JSONValue.object([
            .init("approved", .array(outcome.opened.map { .integer($0.delivery) })),
            .init("auditHead", .string(outcome.auditHead)),
          ]).text)
      case .text:
        try environment.terminal.result(
          outcome.openedText("approved, open again", isLive: isLive))
      }
      return DecisionPlace.status(telling: outcome.auditProblem, on: environment.terminal)
    }
  }
}

/// What a delivery is held for, with the drawings that show it.
struct HeldDrawing: Encodable {
  /// The picture with what was found in frames.
  let picture: String
  /// The same places of all pictures that are held alike; `nil` when there are no others.
  let sheet: String?
  /// The numbers of those others, in the sheet's order after this one.
  let alike: [Int64]
  private let number: Int64
  private let regions: [PictureFinding.Region]

  /// Draws what `entry` is held for; `nil` when that is nothing to be seen.
  init?(of entry: QuarantinedDelivery, among held: [QuarantinedDelivery], in folder: DataFolder)
    throws
  {
    guard let finding = entry.failure.finding else { return nil }
    let others = held.alike(entry.delivery)
    let shown = [finding] + others.prefix(HeldPicture.sheetLimit - 1).compactMap(\.failure.finding)
    let drawing = HeldPicture(folder: folder)
    picture = try drawing.write(finding, number: entry.delivery)
    sheet = others.isEmpty ? nil : try drawing.writeSheet(shown, number: entry.delivery)
    alike = others.prefix(HeldPicture.sheetLimit - 1).map(\.delivery)
    number = entry.delivery
    regions = finding.regions
  }

  private enum CodingKeys: CodingKey { case picture, sheet, alike }

  /// What was found, where it is drawn, and what each decision that can be taken does.
  func text(isStageGone: Bool) -> String {
    var lines = regions.map {
      "found     \($0.width) x \($0.height) pixels at (\($0.x), \($0.y)), "
        + "confidence \(Int((100 * $0.confidence).rounded())) %"
    }
    lines.append("picture   \(picture)")
    let all = ([number] + alike).map { "\($0)" }.joined(separator: " ")
    if let sheet { lines.append("alike     \(sheet): those held for the same places, in rows") }
    if isStageGone { return (lines + ["decide    \(purge)"]).joined(separator: "\n") }
    lines += [
      "decide    approve \(number): a person looked and nothing identifies; this picture passes",
      sheet == nil ? nil : "          approve \(all): the same for all on the sheet",
      "          release \(number): it is looked at anew, and held again if nothing has changed",
      "          \(purge)",
    ].compactMap { $0 }
    return lines.joined(separator: "\n")
  }

  private var purge: String { "purge \(number): it is never released" }
}

extension [QuarantinedDelivery] {
  /// The others that are held for the same places as a number.
  fileprivate func alike(_ number: Int64) -> [QuarantinedDelivery] {
    guard let finding = first(where: { $0.delivery == number })?.failure.finding else { return [] }
    return filter { other in
      other.delivery != number
        && other.failure.finding.map { HeldPicture.areAlike(finding, $0) } == true
    }
  }
}
