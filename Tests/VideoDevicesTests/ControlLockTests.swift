import Testing
import VideoDevices

/// A camera's controls in memory; ruled ones refuse while their automatic control works.
private struct FakeControls: ControlLock.Device {
  var values: [String: Int]
  /// The exposure that the automatic control finds.
  var found = 312
  var sets: [String] = []

  static let ranges: [String: (range: ClosedRange<Int>, step: Int, standard: Int)] = [
    "auto_exposure": (0...3, 1, 3), "exposure_time_absolute": (1...10000, 1, 156),
    "gain": (0...128, 1, 64), "white_balance_automatic": (0...1, 1, 1),
    "white_balance_temperature": (2800...6500, 10, 4600), "power_line_frequency": (0...2, 1, 1),
  ]

  init() { values = Self.ranges.mapValues(\.standard) }

  mutating func controls() -> [CameraControl] {
    if values["auto_exposure"] == 3 { values["exposure_time_absolute"] = found }
    return values.sorted { $0.key < $1.key }.enumerated().compactMap { number, value in
      Self.ranges[value.key].map {
        CameraControl(
          number: UInt32(number), name: value.key, range: $0.range, step: $0.step,
          standard: $0.standard, current: value.value)
      }
    }
  }

  mutating func set(_ control: CameraControl, to value: Int) throws(CameraError) -> Int {
    let isRuled =
      (control.name == "exposure_time_absolute" && values["auto_exposure"] != 1)
      || (control.name == "white_balance_temperature" && values["white_balance_automatic"] != 0)
    if isRuled { throw CameraError(.control, subject: "ruled", hint: "turn it off", errno: 13) }
    sets.append("\(control.name)=\(value)")
    values[control.name] = value / control.step * control.step
    return values[control.name] ?? 0
  }
}

@Suite("controls that are held") struct ControlLockTests {
  @Test func `are held where the automatic ones have settled`() throws {
    var device = FakeControls()
    var lock = ControlLock(ControlPlan(powerLineHertz: 60))
    try lock.prepare(&device)
    #expect(device.values["power_line_frequency"] == 2)
    try lock.lock(&device)
    #expect(
      lock.held == ["exposure_time_absolute": 312, "gain": 64, "white_balance_temperature": 4600])
    #expect(device.values["auto_exposure"] == 1)
    #expect(device.values["white_balance_automatic"] == 0)
    #expect(lock.values["exposure_time_absolute"] == 312)
  }

  @Test func `take the pipeline's value over the settled one`() throws {
    var device = FakeControls()
    var lock = ControlLock(ControlPlan(values: ["exposure_time_absolute": 200]))
    try lock.prepare(&device)
    try lock.lock(&device)
    #expect(device.values["exposure_time_absolute"] == 200)
  }

  @Test func `are set again, at once and the automatic ones off first, after a return`() throws {
    var device = FakeControls()
    var lock = ControlLock(ControlPlan())
    try lock.prepare(&device)
    try lock.lock(&device)
    var again = FakeControls()
    again.found = 999
    try lock.prepare(&again)
    #expect(again.values["exposure_time_absolute"] == 312)
    let exposure = try #require(again.sets.firstIndex(of: "exposure_time_absolute=312"))
    let off = try #require(again.sets.firstIndex(of: "auto_exposure=1"))
    #expect(off < exposure)
  }

  @Test func `are broken by another hand, and only by another value`() throws {
    var device = FakeControls()
    var lock = ControlLock(ControlPlan())
    try lock.prepare(&device)
    try lock.lock(&device)
    let sameValue = lock.changed("gain", to: 64)
    let notHeld = lock.changed("power_line_frequency", to: 0)
    let other = lock.changed("gain", to: 65)
    #expect([sameValue, notHeld, other] == [false, false, true])
    #expect(lock.broken == ["gain"])
  }

  @Test func `are given back to the automatic ones at the end`() throws {
    var device = FakeControls()
    var lock = ControlLock(ControlPlan())
    try lock.prepare(&device)
    try lock.lock(&device)
    try lock.release(&device)
    #expect(device.values["auto_exposure"] == 3)
    #expect(device.values["white_balance_automatic"] == 1)
  }

  @Test(arguments: [("zoom_absolute", 1), ("gain", 500), ("white_balance_temperature", 4605)])
  func `that a camera has not, or does not keep, are an error`(name: String, value: Int) throws {
    var device = FakeControls()
    var lock = ControlLock(ControlPlan(values: [name: value]))
    let isKept = name == "white_balance_temperature"
    var failed = false
    do {
      try lock.prepare(&device)
      try lock.lock(&device)
    } catch {
      failed = true
      #expect(error.code == .control)
    }
    // 4605 is rounded to the step of 10, which is what such a camera can do.
    #expect(failed == !isKept)
  }
}
