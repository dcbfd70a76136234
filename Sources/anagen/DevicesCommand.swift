import ArgumentParser
import ClinicalRecords
import VideoDevices

/// `anagen devices`: which cameras are plugged in, and what they can do.
struct DevicesCommand: AnagenCommand {
  static let configuration = CommandConfiguration(
    commandName: "devices",
    abstract:
      "Show the cameras that are plugged in, what they can do, and what is wrong with them.",
    discussion: """
        anagen devices
        anagen devices --controls
        anagen devices --format json

      A camera's first line is what 'device' of dermatoscope.capture and 'anagen capture --device' \
      take. A camera that cannot be used gives its reason and what to do about it, and the exit \
      status is then 1.
      """)

  @Flag(help: "Show the controls with their values and ranges as well.")
  var controls = false

  @OptionGroup var output: FormatOption

  func run(in environment: CommandEnvironment) async throws -> ExitStatus {
    let inspections = DeviceTree().cameras().map(CameraInspection.init)
    switch output.format {
    case .json: try environment.terminal.result(JSONValue.array(inspections.map(json)).text)
    case .text:
      if inspections.isEmpty {
        environment.terminal.talk("no camera is plugged in; 'anagen doctor' looks further")
      } else {
        try environment.terminal.result(inspections.map(text).joined(separator: "\n\n"))
      }
    }
    return inspections.contains { $0.problem != nil } ? .setAside : .done
  }

  private func text(_ inspection: CameraInspection) -> String {
    let device = inspection.device
    var lines = ["\(device.identity)  \(device.name)"]
    let speed = device.megabitsPerSecond.map { ", \($0) Mbit/s" } ?? ""
    lines.append("  node      \(device.node)\(speed)")
    let button = device.descriptors.hasButton ? device.buttonNode ?? "none seen" : "none"
    lines.append("  button    \(button)")
    if !inspection.formats.isEmpty { lines.append("  formats   \(inspection.formatText)") }
    if device.identity.isWeak {
      lines.append("  identity  no serial number: told by its port \(device.identity.port) alone")
    }
    for user in inspection.users { lines.append("  open in   \(user)") }
    if let problem = inspection.problem { lines.append("  problem   \(problem)") }
    guard controls, !inspection.controls.isEmpty else { return lines.joined(separator: "\n") }
    var table = TextTable([("  control", .left), ("value", .right), ("range", .left)])
    for control in inspection.controls {
      table.add([
        "  \(control.name)", control.current.map(String.init) ?? "unread",
        "\(control.minimum) to \(control.maximum)" + (control.isInactive ? ", automatic" : ""),
      ])
    }
    return (lines + [table.text]).joined(separator: "\n")
  }

  private func json(_ inspection: CameraInspection) -> JSONValue {
    let device = inspection.device
    func text(_ value: String?) -> JSONValue { value.map { .string($0) } ?? .null }
    func number(_ value: Int?) -> JSONValue { value.map { .integer(Int64($0)) } ?? .null }
    let formats = inspection.formats.map { format -> JSONValue in
      .object([
        .init("layout", .string(format.layout.rawValue)), .init("width", number(format.width)),
        .init("height", number(format.height)),
        .init("framesPerSecond", .number(format.framesPerSecond)),
      ])
    }
    let controls = inspection.controls.map { control -> JSONValue in
      .object([
        .init("name", .string(control.name)), .init("value", number(control.current)),
        .init("minimum", number(control.minimum)), .init("maximum", number(control.maximum)),
      ])
    }
    return .object([
      .init("device", .string("\(device.identity)")), .init("name", .string(device.name)),
      .init("port", .string(device.identity.port)), .init("node", .string(device.node)),
      .init("button", text(device.buttonNode)),
      .init("megabitsPerSecond", number(device.megabitsPerSecond)),
      .init("stillMethod", number(device.descriptors.stillMethod)),
      .init("formats", .array(formats)), .init("controls", .array(controls)),
      .init("openIn", .array(inspection.users.map { .string("\($0)") })),
      .init("problem", text(inspection.problem?.subject)),
      .init("hint", text(inspection.problem?.hint)),
    ])
  }
}
