/// A value that a camera can be set to, as the kernel lists it.
public struct CameraControl: Hashable, Sendable {
  /// The kernel's number of the control.
  public let number: UInt32
  /// The name in the way of `v4l2-ctl`: `exposure_time_absolute`.
  public let name: String
  /// The least value.
  public let minimum: Int
  /// The greatest value.
  public let maximum: Int
  /// The distance of two values.
  public let step: Int
  /// What the device starts with.
  public let standard: Int
  /// The value as read back; `nil` when it cannot be read.
  public var current: Int?
  /// Whether it can be set at all.
  public let isReadOnly: Bool
  /// Whether an automatic control rules it now.
  public let isInactive: Bool

  /// Makes a description.
  public init(
    number: UInt32, name: String, range: ClosedRange<Int>, step: Int, standard: Int,
    current: Int?, isReadOnly: Bool = false, isInactive: Bool = false
  ) {
    self.number = number
    self.name = name
    minimum = range.lowerBound
    maximum = range.upperBound
    self.step = step
    self.standard = standard
    self.current = current
    self.isReadOnly = isReadOnly
    self.isInactive = isInactive
  }

  /// A control's name from the kernel's title of it: lower case, words joined by `_`.
  static func name(from title: String) -> String {
    var name = ""
    for character in title.lowercased() {
      if character.isLetter || character.isNumber {
        name.append(character)
      } else if !name.isEmpty, name.last != "_" {
        name.append("_")
      }
    }
    return name.hasSuffix("_") ? String(name.dropLast()) : name
  }
}

/// What a camera is to be set to before its pictures count.
public struct ControlPlan: Hashable, Sendable {
  /// Values by name, set after the automatic controls are off.
  public var values: [String: Int]
  /// Whether exposure, gain, white balance and focus are held once they have settled.
  public var locks: Bool
  /// The mains frequency in Hz: 50 or 60; 0 leaves the device's own.
  public var powerLineHertz: Int

  /// Makes a plan.
  public init(values: [String: Int] = [:], locks: Bool = true, powerLineHertz: Int = 50) {
    self.values = values
    self.locks = locks
    self.powerLineHertz = powerLineHertz
  }
}
