/// What the device says of itself: USB 2.0 high speed, video class 1.1.
struct Descriptors {
  struct Size {
    let width: Int
    let height: Int
  }

  static let compressedSizes = [
    Size(width: 640, height: 480), Size(width: 1280, height: 720), Size(width: 1920, height: 1080),
    Size(width: 2592, height: 1944),
  ]
  static let plainSizes = [Size(width: 640, height: 480), Size(width: 1280, height: 720)]
  /// In 100 ns: 30, 15, 10, 5 frames a second.
  static let intervals = [333_333, 666_666, 1_000_000, 2_000_000]
  /// Three transactions of 1024 bytes in each microframe: the most that high speed has.
  static let isochronousPacket = 3 * 1024
  static let bulkPayload = 16384

  /// YUY2, from the specification of uncompressed payloads.
  private static let plainFormat: [UInt8] = [
    0x59, 0x55, 0x59, 0x32, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71,
  ]
  /// `TRICHOSCOPE-SIM1`.
  private static let extensionUnit: [UInt8] = Array("TRICHOSCOPE-SIM1".utf8)

  let device: [UInt8]
  let configuration: [UInt8]
  let qualifier: [UInt8] = [10, 6, 0x00, 0x02, 0xef, 2, 1, 64, 1, 0]
  let strings: [String]

  init(_ options: Options) {
    let hasSerial: UInt8 = options.serial.isEmpty ? 0 : 3
    device =
      [18, 1, 0x00, 0x02, 0xef, 2, 1, 64] + littleEndian(options.vendor, 2)
      + littleEndian(options.product, 2) + [0x00, 0x01, 1, 2, hasSerial, 1]
    strings = ["", "Example Optics", "Trichoscope Simulator", options.serial]
    configuration = Descriptors.configuration(options.transfer)
  }

  private static func configuration(_ transfer: Options.Transfer) -> [UInt8] {
    let isBulk = transfer == .bulk
    var body: [UInt8] = [8, 0x0b, 0, 2, 0x0e, 3, 0, 2]
    body += [9, 4, 0, 0, 1, 0x0e, 1, 0, 2] + controlInterface
    body += [7, 5, 0x83, 3] + littleEndian(16, 2) + [8] + [5, 0x25, 3] + littleEndian(16, 2)
    body += [9, 4, 1, 0, isBulk ? 1 : 0, 0x0e, 2, 0, 0] + streamingInterface
    if isBulk {
      body += [7, 5, 0x81, 2] + littleEndian(512, 2) + [0]
    } else {
      body += [9, 4, 1, 1, 1, 0x0e, 2, 0, 0] + [7, 5, 0x81, 5] + littleEndian(1024, 2) + [1]
      body += [9, 4, 1, 2, 1, 0x0e, 2, 0, 0] + [7, 5, 0x81, 5] + littleEndian(0x1400, 2) + [1]
    }
    return [9, 2] + littleEndian(9 + body.count, 2) + [2, 1, 0, 0x80, 250] + body
  }

  /// Camera terminal 1, processing unit 2, extension unit 3, output terminal 4.
  private static var controlInterface: [UInt8] {
    var units: [UInt8] = [18, 0x24, 0x02, 1] + littleEndian(0x0201, 2) + [0, 0]
    units += [0, 0, 0, 0, 0, 0, 3] + littleEndian(0x02022a, 3)
    units += [12, 0x24, 0x05, 2, 1, 0, 0, 2] + littleEndian(0x165b, 2) + [0, 0]
    units += [27, 0x24, 0x06, 3] + extensionUnit + [4, 1, 2, 2] + littleEndian(0x0f, 2) + [0]
    units += [9, 0x24, 0x03, 4] + littleEndian(0x0101, 2) + [0, 3, 0]
    return [13, 0x24, 0x01] + littleEndian(0x0110, 2) + littleEndian(13 + units.count, 2)
      + littleEndian(1_000_000, 4) + [1, 1] + units
  }

  /// Two formats on endpoint 0x81; still pictures by method 2; a button.
  private static var streamingInterface: [UInt8] {
    let colour: [UInt8] = [6, 0x24, 0x0d, 1, 1, 4]
    var formats: [UInt8] = [11, 0x24, 0x06, 1, UInt8(compressedSizes.count), 1, 1, 0, 0, 0, 0]
    formats += frames(0x07, compressedSizes) + stills + colour
    formats += [27, 0x24, 0x04, 2, UInt8(plainSizes.count)] + plainFormat + [16, 1, 0, 0, 0, 0]
    formats += frames(0x05, plainSizes) + colour
    return [15, 0x24, 0x01, 2] + littleEndian(15 + formats.count, 2)
      + [0x81, 0, 4, 2, 1, 0, 1, 0, 0] + formats
  }

  private static var stills: [UInt8] {
    [14, 0x24, 0x03, 0, 2] + littleEndian(2592, 2) + littleEndian(1944, 2)
      + littleEndian(1920, 2) + littleEndian(1080, 2) + [0]
  }

  private static func frames(_ subtype: UInt8, _ sizes: [Size]) -> [UInt8] {
    sizes.enumerated().flatMap { index, size -> [UInt8] in
      let bytes = size.width * size.height * 2
      let head: [UInt8] = [
        UInt8(26 + 4 * intervals.count), 0x24, subtype, UInt8(index + 1), 0,
      ]
      return head + littleEndian(size.width, 2) + littleEndian(size.height, 2)
        + littleEndian(bytes * 8 * 5, 4) + littleEndian(bytes * 8 * 30, 4)
        + littleEndian(bytes, 4) + littleEndian(intervals[0], 4) + [UInt8(intervals.count)]
        + intervals.flatMap { littleEndian($0, 4) }
    }
  }
}
