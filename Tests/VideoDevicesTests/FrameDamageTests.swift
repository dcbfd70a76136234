import Testing
import VideoDevices

@Suite("damage that shows without decoding") struct FrameDamageTests {
  static let format = FrameFormat(layout: .mjpeg, width: 64, height: 48, framesPerSecond: 30)

  /// The parts of a JPEG that a glance reads: a comment, a frame header, a scan.
  static func jpeg(width: Int = 64, height: Int = 48, scan: [UInt8]? = nil, end: [UInt8]? = nil)
    -> [UInt8]
  {
    let size = [UInt8(height >> 8), UInt8(height & 255), UInt8(width >> 8), UInt8(width & 255)]
    return [0xFF, 0xD8, 0xFF, 0xFE, 0, 4, 1, 2, 0xFF, 0xC0, 0, 11, 8] + size + [1, 1, 0x11, 0]
      + [0xFF, 0xDA, 0, 8, 1, 1, 0, 0, 63, 0]
      + (scan ?? [UInt8](repeating: 0x55, count: 200)) + (end ?? [0xFF, 0xD9])
  }

  static let cases: [(name: String, bytes: [UInt8], damage: FrameDamage?)] = [
    ("whole", jpeg(), nil),
    ("zeros behind the end", jpeg() + [0, 0, 0], nil),
    ("fill bytes before a marker", [0xFF, 0xD8, 0xFF] + jpeg().dropFirst(2), nil),
    ("nothing", [], .tooShort),
    ("a few bytes", Array(jpeg().prefix(100)), .tooShort),
    ("another beginning", [0x89, 0x50] + jpeg().dropFirst(2), .noStart),
    ("cut in the scan", Array(jpeg().dropLast(40)), .noEnd),
    ("the end alone is missing", Array(jpeg().dropLast(2)), .noEnd),
    ("another size", jpeg(width: 48), .wrongSize),
    ("no frame header", [0xFF, 0xD8] + [UInt8](jpeg()[19...]), .badHeader),
    ("a length that leads out", [0xFF, 0xD8, 0xFF, 0xFE, 0xFF, 0xFF] + jpeg(), .badHeader),
    ("a length below its own", [0xFF, 0xD8, 0xFF, 0xFE, 0, 1] + jpeg(), .badHeader),
    ("zeros", [0xFF, 0xD8] + [UInt8](repeating: 0, count: 300), .badHeader),
  ]

  @Test(arguments: cases)
  func `is told by name`(name: String, bytes: [UInt8], damage: FrameDamage?) {
    #expect(bytes.withUnsafeBytes { FrameDamage.find(in: $0, of: Self.format) } == damage)
  }

  @Test(arguments: [(PixelLayout.yuyv, 64 * 48 * 2), (.grey, 64 * 48), (.nv12, 64 * 72)])
  func `a plain frame has exactly its bytes`(layout: PixelLayout, count: Int) {
    let format = FrameFormat(layout: layout, width: 64, height: 48, framesPerSecond: 30)
    for (size, damage) in [(count, nil), (count - 1, FrameDamage.wrongLength), (0, .wrongLength)] {
      let bytes = [UInt8](repeating: 7, count: size)
      #expect(bytes.withUnsafeBytes { FrameDamage.find(in: $0, of: format) } == damage)
    }
  }

  @Test func `any cut and any changed byte is answered, never a crash`() {
    let whole = Self.jpeg(scan: [UInt8](repeating: 0x55, count: 120))
    for length in 0..<whole.count {
      _ = whole[..<length].withUnsafeBytes { FrameDamage.find(in: $0, of: Self.format) }
    }
    for index in whole.indices {
      for value in [UInt8(0), 0xFF, 0xC0, 0xDA] {
        var changed = whole
        changed[index] = value
        _ = changed.withUnsafeBytes { FrameDamage.find(in: $0, of: Self.format) }
      }
    }
  }
}
