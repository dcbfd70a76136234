/// What a USB video device's configuration says beyond what the kernel's video interface tells.
///
/// Read without opening the device. What contradicts itself ends the reading; what was read before
/// stands (USB Device Class Definition for Video Devices 1.5, 3.7 and 3.9).
public struct VideoDescriptors: Hashable, Sendable {
  /// A unit for vendor's controls: light, polariser, magnification.
  public struct ExtensionUnit: Hashable, Sendable {
    /// The unit's number in requests.
    public let unit: UInt8
    /// The vendor's id of the unit, as 32 hexadecimal digits in the order of the bytes.
    public let code: String
  }

  /// Whether it says that it has a button for still pictures.
  public private(set) var hasButton = false
  /// How still pictures come: 0 not at all, 1 from the stream, 2 and 3 on their own.
  public private(set) var stillMethod = 0
  /// Whether pictures come by bulk transfers, else by isochronous ones.
  public private(set) var isBulk = false
  /// The vendor's units.
  public private(set) var extensionUnits: [ExtensionUnit] = []

  private static let videoClass: UInt8 = 0x0E
  private static let control: UInt8 = 1
  private static let streaming: UInt8 = 2

  /// Reads the descriptors of a device and its configurations, as the kernel keeps them.
  public init(_ bytes: [UInt8]) {
    var rest = bytes[...]
    var subclass: UInt8 = 0
    while rest.count >= 2 {
      let length = Int(rest[rest.startIndex])
      guard length >= 2, length <= rest.count else { return }
      let descriptor = Array(rest.prefix(length))
      rest = rest.dropFirst(length)
      switch descriptor[1] {
      case 0x04 where length >= 9:
        subclass = descriptor[5] == VideoDescriptors.videoClass ? descriptor[6] : 0
      case 0x24 where length >= 3: read(descriptor, subclass)
      case 0x05 where length >= 7 && subclass == VideoDescriptors.streaming:
        if descriptor[3] & 3 == 2 { isBulk = true }
      default: break
      }
    }
  }

  private mutating func read(_ descriptor: [UInt8], _ subclass: UInt8) {
    if subclass == VideoDescriptors.streaming, descriptor[2] == 0x01, descriptor.count >= 12 {
      stillMethod = Int(descriptor[9])
      hasButton = descriptor[10] == 1
    } else if subclass == VideoDescriptors.control, descriptor[2] == 0x06, descriptor.count >= 20 {
      let digits = descriptor[4..<20].map { byte -> String in
        let text = String(byte, radix: 16)
        return byte < 16 ? "0\(text)" : text
      }
      extensionUnits.append(ExtensionUnit(unit: descriptor[3], code: digits.joined()))
    }
  }
}
