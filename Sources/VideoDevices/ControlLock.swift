/// Which controls a lock turns, and to what: an automatic one, and those that it rules.
///
/// A control that a device does not have is left out.
struct AutomaticControl: Sendable {
  /// The automatic control.
  let name: String
  /// Its value when it works by itself.
  let automatic: Int
  /// Its value when the ruled ones are set by hand.
  let manual: Int
  /// What it rules: read when settled, then held.
  let ruled: [String]

  /// In the order in which they are turned off: gain follows exposure, colour follows both.
  ///
  /// Values of exposure are those of `V4L2_EXPOSURE_MANUAL` and `…_APERTURE_PRIORITY`.
  static let all = [
    AutomaticControl(
      name: "auto_exposure", automatic: 3, manual: 1, ruled: ["exposure_time_absolute", "gain"]),
    AutomaticControl(
      name: "gain_automatic", automatic: 1, manual: 0, ruled: ["gain"]),
    AutomaticControl(
      name: "white_balance_automatic", automatic: 1, manual: 0,
      ruled: ["white_balance_temperature"]),
    AutomaticControl(
      name: "focus_automatic_continuous", automatic: 1, manual: 0, ruled: ["focus_absolute"]),
  ]
}

/// The controls of a camera with a lock on those that decide how a hair looks.
///
/// Values live in the device: what is locked stays so for the next program, hence ``release(_:)``.
package struct ControlLock: Sendable {
  /// Sets and reads controls: the device, or a test's.
  package protocol Device {
    /// Every control, with its value.
    mutating func controls() -> [CameraControl]
    /// Sets a control and reads it back.
    mutating func set(_ control: CameraControl, to value: Int) throws(CameraError) -> Int
  }

  package let plan: ControlPlan
  /// What is held, by name: what reconnecting sets again.
  package private(set) var held: [String: Int] = [:]
  /// Controls that somebody else changed while they were held.
  package private(set) var broken: Set<String> = []
  /// The last known value of every control.
  package private(set) var values: [String: Int] = [:]

  /// Holds nothing yet.
  package init(_ plan: ControlPlan) { self.plan = plan }

  /// Sets what is set before the stream starts: on a first start the automatic controls on, so that
  /// they can settle; on a later one at once what is held.
  package mutating func prepare(_ device: inout some Device) throws(CameraError) {
    var known = try table(&device)
    // Menu of V4L2_CID_POWER_LINE_FREQUENCY: 1 is 50 Hz, 2 is 60 Hz.
    if plan.powerLineHertz != 0, known["power_line_frequency"] != nil {
      try set("power_line_frequency", to: plan.powerLineHertz == 60 ? 2 : 1, known, &device)
    }
    if held.isEmpty {
      if plan.locks { try turn(on: true, known, &device) }
      let ruled = Set(AutomaticControl.all.flatMap(\.ruled))
      for (name, value) in plan.values.sorted(by: { $0.key < $1.key }) where !ruled.contains(name) {
        try set(name, to: value, known, &device)
      }
    } else {
      try turn(on: false, known, &device)
      known = try table(&device)
      for (name, value) in held.sorted(by: { $0.key < $1.key }) {
        try set(name, to: value, known, &device)
      }
    }
    _ = try table(&device)
  }

  /// Holds everything where it has settled, and sets what the plan says; reads each back.
  package mutating func lock(_ device: inout some Device) throws(CameraError) {
    let settled = try table(&device)
    if plan.locks { try turn(on: false, settled, &device) }
    let known = try table(&device)
    var wanted = plan.values
    if plan.locks {
      for automatic in AutomaticControl.all where known[automatic.name] != nil {
        for name in automatic.ruled where wanted[name] == nil {
          wanted[name] = settled[name]?.current
        }
      }
    }
    broken = []
    held = [:]
    for (name, value) in wanted.sorted(by: { $0.key < $1.key }) {
      held[name] = try set(name, to: value, known, &device)
    }
    _ = try table(&device)
  }

  /// Gives the automatic controls back, for the next program.
  package mutating func release(_ device: inout some Device) throws(CameraError) {
    guard plan.locks else { return }
    try turn(on: true, try table(&device), &device)
  }

  /// Notes a value that the device tells of without having been asked to set it.
  ///
  /// - Returns: whether it was held, at another value.
  package mutating func changed(_ name: String, to value: Int) -> Bool {
    values[name] = value
    guard let held = held[name], held != value else { return false }
    broken.insert(name)
    return true
  }

  // MARK: Steps

  private mutating func table(
    _ device: inout some Device
  ) throws(CameraError) -> [String: CameraControl] {
    var known: [String: CameraControl] = [:]
    for control in device.controls() {
      known[control.name] = control
      if let current = control.current { values[control.name] = current }
    }
    return known
  }

  private mutating func turn(
    on: Bool, _ known: [String: CameraControl], _ device: inout some Device
  ) throws(CameraError) {
    for automatic in AutomaticControl.all {
      guard let control = known[automatic.name] else { continue }
      // A device that starts by hand does not say which of its automatic ways is the usual one.
      let working = control.standard == automatic.manual ? automatic.automatic : control.standard
      try set(automatic.name, to: on ? working : automatic.manual, known, &device)
    }
  }

  @discardableResult
  private mutating func set(
    _ name: String, to value: Int, _ known: [String: CameraControl], _ device: inout some Device
  ) throws(CameraError) -> Int {
    guard let control = known[name] else {
      throw CameraError(
        .control, subject: "the camera has no control '\(name)'",
        hint: "it has \(known.keys.sorted().joined(separator: ", "))")
    }
    if control.isReadOnly { return control.current ?? value }
    guard (control.minimum...control.maximum).contains(value) else {
      throw CameraError(
        .control,
        subject: "'\(name)' cannot be \(value)",
        hint: "the camera takes \(control.minimum) to \(control.maximum)")
    }
    let back = try device.set(control, to: value)
    // A device rounds to its steps; more is another value than was asked for.
    guard abs(back - value) <= max(0, control.step - 1) else {
      throw CameraError(
        .control, subject: "'\(name)' was set to \(value) and reads \(back)",
        hint: "set it to a value that the camera keeps, or leave it out")
    }
    values[name] = back
    return back
  }
}
