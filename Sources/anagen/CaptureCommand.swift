import ArgumentParser
import ClinicalRecords
import Dermatoscope
import StageKit
import VideoDevices

/// `anagen capture`: one picture to a file.
struct CaptureCommand: AnagenCommand {
  static let configuration = CommandConfiguration(
    commandName: "capture",
    abstract: "Take one picture with a camera.",
    discussion: """
        anagen capture scalp.jpg
        anagen capture scalp.jpg --device usb:a168:0840 --size 1280x960

      Waits until exposure and white balance have settled and takes the sharpest of the next frames, \
      as the camera sent it. A file that is there already is not written over.
      """)

  @Argument(help: ArgumentHelp("Where the picture goes, a JPEG.", valueName: "file"))
  var file: String

  @Option(
    help: ArgumentHelp(
      "The camera, as 'anagen devices' shows it; the only one that is plugged in otherwise.",
      valueName: "device"))
  var device: String?

  @Option(help: ArgumentHelp("Pixels a row and rows.", valueName: "size"))
  var size = "1280x720"

  func run(in environment: CommandEnvironment) async throws -> ExitStatus {
    let path = environment.absolute(file)
    guard !FileAccess.exists(path) else {
      throw CommandFailure(.usage, "\(file): is there already", hint: "give another name")
    }
    var settings = CaptureSettings()
    settings.size = size
    settings.trigger = .interval
    // What was typed is judged before a camera is looked for.
    settings.device = device ?? "synthetic"
    if let problem = settings.problems().first {
      throw CommandFailure(.usage, "--\(problem.key): \(problem.what)", hint: problem.hint)
    }
    if device == nil { settings.device = try onlyCamera() }
    guard let request = settings.request else {
      throw CommandFailure(
        .usage, "--device: '\(settings.device)' is no camera", hint: "see 'anagen devices'")
    }
    let picture = try await SingleCapture.take(request)
    guard try FileAccess.create(picture.bytes, at: path, mode: 0o666) else {
      throw CommandFailure(.usage, "\(file): is there already", hint: "give another name")
    }
    let frame = picture.frame
    environment.terminal.talk(
      "\(file): \(frame.format.width)x\(frame.format.height), \(picture.bytes.count) bytes from "
        + "\(frame.identity)")
    return .done
  }

  private func onlyCamera() throws -> String {
    let cameras = DeviceTree().cameras()
    guard let only = cameras.first, cameras.count == 1 else {
      let names = cameras.map { "\($0.identity)" }.joined(separator: ", ")
      throw CommandFailure(
        .unavailable, cameras.isEmpty ? "no camera is plugged in" : "more than one camera is there",
        hint: cameras.isEmpty
          ? "plug it in; 'anagen doctor' looks further" : "give --device: \(names)"
      )
    }
    return "\(only.identity)"
  }
}
