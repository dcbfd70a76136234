public import StageKit

/// What starts a capture.
public enum CaptureTrigger: String, Sendable, Codable, CaseIterable {
  /// The button on the device, or a command.
  case button
  /// A command alone.
  case command
  /// A time that has passed.
  case interval
  /// Every frame.
  case continuous
}

/// The settings of a capture, whatever its pictures come from.
public protocol CapturePolicy: Sendable {
  /// What starts a capture.
  var trigger: CaptureTrigger { get }
  /// Seconds between two captures, for the trigger `interval`.
  var interval: Double { get }
  /// The subject that captures show; empty when they are not assigned.
  var subject: String { get }
  /// The visit.
  var visit: String { get }
  /// The session of the visit.
  var session: String { get }
  /// The region.
  var region: String { get }
  /// The side.
  var side: String { get }
  /// Which time the probe is put on the spot.
  var placement: Int { get }
  /// Which patch of the region.
  var field: Int { get }
  /// Who captures, as a code.
  var operatorCode: String { get }
}

/// The settings of `dermatoscope.capture`.
public struct CaptureSettings: StageSettings, CapturePolicy {
  /// The device.
  public var device = ""
  /// Pixels a row and rows.
  public var size = "1280x720"
  /// Frames a second that are asked for.
  public var framesPerSecond = 30.0
  /// What starts a capture.
  public var trigger = CaptureTrigger.button
  /// Seconds between two captures.
  public var interval = 10.0
  /// Whether exposure, gain, white balance and focus are held once settled.
  public var lock = true
  /// The mains frequency.
  public var powerLine = "50"
  /// Controls set by name.
  public var controls: [String] = []
  /// The subject.
  public var subject = ""
  /// The visit.
  public var visit = ""
  /// The session.
  public var session = "D0"
  /// The region.
  public var region = ""
  /// The side.
  public var side = "unknown"
  /// The placement.
  public var placement = 1
  /// The field.
  public var field = 1
  /// Who captures.
  public var operatorCode = ""

  /// Makes the defaults.
  public init() {}

  /// Every setting.
  public static let declarations: [SettingDeclaration] =
    [
      SettingDeclaration(
        "device", .text,
        "The device, as 'anagen devices' shows it: usb:VENDOR:PRODUCT, then :SERIAL and @PORT if "
          + "need be; or 'synthetic'.", required: true),
      SettingDeclaration("size", .text, "Pixels a row and rows, such as 1280x720."),
      SettingDeclaration(
        "frames_per_second", .number(1...240, unit: "/s"), "The rate that is asked for."),
      SettingDeclaration(
        "lock", .boolean,
        "Whether exposure, gain, white balance and focus are held once they have settled."),
      SettingDeclaration(
        "power_line", .choice(["50", "60", "device"]), "The mains frequency in Hz."),
      SettingDeclaration(
        "controls", .list(.text),
        "Controls of the camera as NAME=NUMBER; 'anagen devices' shows the names."),
    ] + sharedCaptureDeclarations

  /// Values that do not go together.
  public func problems() -> [SettingProblem] {
    var problems: [SettingProblem] = []
    if device != "synthetic", deviceSelector == nil {
      problems.append(
        SettingProblem(
          "device", "it is no device",
          hint: "write usb:VENDOR:PRODUCT as 'anagen devices' shows it, or synthetic"))
    }
    if dimensions == nil {
      problems.append(SettingProblem("size", "it is no size", hint: "write it as 1280x720"))
    }
    if controlValues == nil {
      problems.append(
        SettingProblem("controls", "one is not NAME=NUMBER", hint: "write gain=64"))
    }
    return problems
  }
}

/// The settings of `dermatoscope.replay`.
public struct ReplaySettings: StageSettings, CapturePolicy {
  /// The folder of frames.
  public var frames = ""
  /// Frames a second.
  public var framesPerSecond = 30.0
  /// What starts a capture.
  public var trigger = CaptureTrigger.interval
  /// Seconds between two captures.
  public var interval = 10.0
  /// The subject.
  public var subject = ""
  /// The visit.
  public var visit = ""
  /// The session.
  public var session = "D0"
  /// The region.
  public var region = ""
  /// The side.
  public var side = "unknown"
  /// The placement.
  public var placement = 1
  /// The field.
  public var field = 1
  /// Who captures.
  public var operatorCode = ""

  /// Makes the defaults.
  public init() {}

  /// Every setting.
  public static let declarations: [SettingDeclaration] =
    [
      SettingDeclaration(
        "frames", .inputFolder, "The folder of JPEG frames, played in the order of their names.",
        required: true),
      SettingDeclaration(
        "frames_per_second", .number(1...240, unit: "/s"), "The rate at which they are played."),
    ] + sharedCaptureDeclarations
}

private let sharedCaptureDeclarations: [SettingDeclaration] = [
  SettingDeclaration(
    "trigger", .choice(CaptureTrigger.allCases.map(\.rawValue)),
    "What starts a capture: the device's button, 'anagen assign --capture' (with 'button' too), a "
      + "time, or each frame."),
  SettingDeclaration(
    "interval", .number(0.5...3600, unit: "s"), "Seconds between two captures, for 'interval'."),
  SettingDeclaration("subject", .text, "The subject that captures show."),
  SettingDeclaration("visit", .text, "The visit."),
  SettingDeclaration("session", .text, "The session of the visit."),
  SettingDeclaration("region", .text, "The region."),
  SettingDeclaration(
    "side", .choice(CaptureAssignment.sides), "The side; the region's when unknown."),
  SettingDeclaration(
    "placement", .integer(CaptureAssignment.numbers), "Which time the probe is put on the spot."),
  SettingDeclaration("field", .integer(CaptureAssignment.numbers), "Which patch of the region."),
  SettingDeclaration("operator_code", .text, "Who captures, as a code."),
]
