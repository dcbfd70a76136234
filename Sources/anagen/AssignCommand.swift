import ArgumentParser
import ClinicalRecords
import Dermatoscope
import PipelineRunner
import StageKit

/// `anagen assign`: tells a live run what its camera shows next, and has it captured.
struct AssignCommand: AnagenCommand {
  static let configuration = CommandConfiguration(
    commandName: "assign",
    abstract: "Tell a live run what its camera shows next, and take it.",
    discussion: """
        anagen assign --subject 01-001 --visit BL --region VX --data OUT
        anagen assign --subject 01-001 --visit BL --region VX --capture --data OUT
        anagen assign --nobody --data OUT

      From then on a press of the device's button is a capture of this; with --capture one is taken \
      at once, and the command ends once it is stored. A press shows what was assigned when it was \
      pressed. An assignment ends with the run. Each capture is an attempt of its own. With --attempt \
      one that is there already is told and not taken again: give it where an answer may be lost, as \
      when the run is killed.
      """)

  @Option(help: ArgumentHelp("The subject.", valueName: "subject"))
  var subject: String?
  @Option(help: ArgumentHelp("The visit.", valueName: "visit"))
  var visit: String?
  @Option(help: ArgumentHelp("The session of the visit.", valueName: "session"))
  var session = "D0"
  @Option(help: ArgumentHelp("The region.", valueName: "region"))
  var region: String?
  @Option(help: ArgumentHelp("The side; the region's when left out.", valueName: "side"))
  var side = "unknown"
  @Option(help: ArgumentHelp("Which time the probe is put on the spot.", valueName: "number"))
  var placement = 1
  @Option(help: ArgumentHelp("Which patch of the region.", valueName: "number"))
  var field = 1
  @Option(help: ArgumentHelp("Who captures, as a code.", valueName: "code"))
  var operatorCode: String?
  @Flag(help: "Take a picture now.")
  var capture = false
  @Option(help: ArgumentHelp("Which attempt is meant, with --capture.", valueName: "number"))
  var attempt: Int?
  @Flag(help: "Assign nobody: presses are refused until the next assignment.")
  var nobody = false
  @Option(
    help: ArgumentHelp(
      "The stage of the camera, where the pipeline has several.", valueName: "stage"))
  var stage: String?
  @OptionGroup var place: DataFolderArgument
  @OptionGroup var output: FormatOption

  func validate() throws {
    let names = [subject, visit, region]
    guard nobody ? names.allSatisfy({ $0 == nil }) && !capture : !names.contains(nil) else {
      throw ValidationError("give --subject, --visit and --region, or --nobody alone")
    }
    guard attempt == nil || capture else {
      throw ValidationError("--attempt goes with --capture")
    }
    if let attempt, attempt < 1 { throw ValidationError("--attempt counts from 1") }
  }

  func run(in environment: CommandEnvironment) async throws -> ExitStatus {
    let order = try await StageOrder(
      CaptureOrder.word, of: stage, in: place.folder(in: environment))
    let receipt: CaptureReceipt
    do {
      receipt = try await order.ask(
        CaptureOrder(assignment, takes: capture, attempt: attempt))
    } catch let error as ControlError where error.code == .begun && capture {
      throw CommandFailure(
        .unavailable, "the run ended, and did not say whether the picture was stored",
        hint: attempt.map {
          "start it again and give the same command: attempt \($0) is not taken twice"
        } ?? "start it again; 'anagen assign' without --capture tells which attempt is the next one"
      )
    }
    switch output.format {
    case .json:
      try environment.terminal.result(
        bytes: CanonicalJSONEncoder().document(receipt).serialised() + [10])
    case .text: try environment.terminal.result(text(of: receipt))
    }
    return .done
  }

  private var assignment: CaptureAssignment? {
    guard let subject, let visit, let region else { return nil }
    return CaptureAssignment(
      subject: subject, visit: visit, session: session, region: region, side: side,
      placement: placement, field: field, operatorCode: operatorCode)
  }

  private func text(of receipt: CaptureReceipt) -> String {
    guard let acquisition = receipt.acquisition else {
      return "nobody is assigned: captures are refused"
    }
    guard let picture = receipt.picture else { return "the next capture is \(acquisition)" }
    return "\(picture.wasThere ? "captured before" : "captured"): \(acquisition), "
      + "\(picture.bytes) bytes, sha256 \(picture.sha256)"
  }
}
