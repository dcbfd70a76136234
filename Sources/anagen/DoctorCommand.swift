import ArgumentParser
import ClinicalRecords
import VideoDevices

/// `anagen doctor`: whether this machine can capture, and what to do if not.
struct DoctorCommand: AnagenCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Say whether this machine can capture, and how to mend what keeps it from it.",
    discussion: """
        anagen doctor

      Looks at driver, udev, rules and every camera that is plugged in; changes nothing. The exit \
      status is 1 when something is wrong.
      """)

  @OptionGroup var output: FormatOption

  func run(in environment: CommandEnvironment) async throws -> ExitStatus {
    let terminal = environment.terminal
    var findings = MachineCheck.all().map { Finding(name: $0.name, what: $0.what, hint: $0.hint) }
    let cameras = DeviceTree().cameras().map(CameraInspection.init)
    findings += cameras.map { camera in
      Finding(
        name: "camera",
        what: camera.problem?.subject ?? "\(camera.device.identity) can be used",
        hint: camera.problem?.hint)
    }
    if cameras.isEmpty {
      findings.append(
        Finding(name: "camera", what: "no camera is plugged in", hint: "plug it in"))
    }
    switch output.format {
    case .json: try terminal.result(JSONValue.array(findings.map(\.json)).text)
    case .text: try terminal.result(findings.map(\.text).joined(separator: "\n"))
    }
    return findings.allSatisfy { $0.hint == nil } ? .done : .setAside
  }

  private struct Finding {
    let name: String
    let what: String
    let hint: String?

    var text: String {
      let mark = hint == nil ? "ok     " : "problem"
      return "\(mark)  \(name): \(what)" + (hint.map { "; \($0)" } ?? "")
    }

    var json: JSONValue {
      .object([
        .init("name", .string(name)), .init("good", .boolean(hint == nil)),
        .init("what", .string(what)), .init("hint", hint.map { .string($0) } ?? .null),
      ])
    }
  }
}
