/// The class-specific controls of the device's units, by unit and selector.
struct Controls {
  struct Control {
    let length: Int
    let minimum: Int
    let maximum: Int
    let step: Int
    let standard: Int
    var current: Int
    /// Capabilities: bit 0 get, 1 set, 3 changes by itself, 4 tells so by interrupt.
    let capabilities: UInt8

    init(_ length: Int, _ range: ClosedRange<Int>, _ step: Int, _ standard: Int, _ bits: UInt8 = 3)
    {
      self.length = length
      minimum = range.lowerBound
      maximum = range.upperBound
      self.step = step
      self.standard = standard
      current = standard
      capabilities = bits
    }
  }

  /// Magnification times ten; the lens turns, and says so.
  static let magnification = 0x0303

  private var controls: [Int: Control] = [
    // Automatic exposure: a bitmap stands in `step`, manual 1 and aperture priority 8.
    0x0102: Control(1, 0...0, 9, 8),
    0x0104: Control(4, 1...10000, 1, 156), 0x0106: Control(2, 0...1023, 1, 400),
    0x0108: Control(1, 0...1, 1, 1), 0x010b: Control(2, 200...2000, 10, 500),
    0x0202: Control(2, -64...64, 1, 0), 0x0203: Control(2, 0...95, 1, 32),
    0x0207: Control(2, 0...128, 1, 64), 0x0208: Control(2, 0...6, 1, 3),
    0x020a: Control(2, 2800...6500, 10, 4600), 0x020b: Control(1, 0...1, 1, 1),
    0x0204: Control(2, 0...100, 1, 0), 0x0205: Control(1, 0...2, 1, 1),
    // Light in per cent, polarising filter, magnification, pixels on 10 mm at tenfold.
    0x0301: Control(1, 0...100, 1, 80), 0x0302: Control(1, 0...1, 1, 0),
    Controls.magnification: Control(2, 100...2000, 1, 500, 0x1b),
    0x0304: Control(2, 0...65535, 1, 1180, 1),
  ]

  /// Turns the lens.
  mutating func setMagnification(_ value: Int) {
    controls[Controls.magnification]?.current = value
  }

  /// Answers a request; `nil` stalls the endpoint.
  mutating func answer(_ request: UInt8, _ key: Int, _ data: [UInt8]) -> [UInt8]? {
    guard var control = controls[key] else { return nil }
    switch request {
    case 0x01:
      guard control.capabilities & 2 != 0, data.count >= control.length else { return nil }
      var value = number(data[0..<control.length])
      if control.minimum < 0, control.length == 2 {
        value = Int(Int16(truncatingIfNeeded: value))
      }
      control.current = value
      controls[key] = control
      return []
    case 0x81: return littleEndian(control.current, control.length)
    case 0x82: return littleEndian(control.minimum, control.length)
    case 0x83: return littleEndian(control.maximum, control.length)
    case 0x84: return littleEndian(control.step, control.length)
    case 0x85: return littleEndian(control.length, 2)
    case 0x86: return [control.capabilities]
    case 0x87: return littleEndian(control.standard, control.length)
    default: return nil
    }
  }
}
