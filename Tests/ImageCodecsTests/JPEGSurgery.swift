/// Changes to JPEG files that no encoder makes.
enum JPEGSurgery {
  /// An EXIF segment that states an orientation, put behind the start of the file.
  static func stating(
    orientation: Int, bigEndian: Bool = true, in file: [UInt8]
  ) -> [UInt8] {
    file.prefix(2) + segment(0xE1, Array("Exif\0\0".utf8) + exif(orientation, bigEndian))
      + file.dropFirst(2)
  }

  /// An EXIF body of one entry.
  static func exif(_ orientation: Int, _ bigEndian: Bool = true) -> [UInt8] {
    var body = ByteWriter(bigEndian: bigEndian)
    body.bytes = bigEndian ? [0x4D, 0x4D] : [0x49, 0x49]
    body.write(UInt16(42))
    body.write(UInt32(8))
    body.write(UInt16(1))
    body.write(UInt16(274))
    body.write(UInt16(3))
    body.write(UInt32(1))
    body.write(UInt16(orientation))
    body.write(UInt16(0))
    body.write(UInt32(0))
    return body.bytes
  }

  static func segment(_ marker: UInt8, _ body: [UInt8]) -> [UInt8] {
    let count = body.count + 2
    return [0xFF, marker, UInt8(count >> 8), UInt8(count & 255)] + body
  }

  /// Where the frame header's marker (SOF0 to SOF2) begins.
  static func frameHeader(in file: [UInt8]) -> Int {
    var offset = 2
    while !(0xC0...0xC2).contains(file[offset + 1]) {
      offset += 2 + Int(file[offset + 2]) << 8 + Int(file[offset + 3])
    }
    return offset
  }

  /// Another size in the frame header.
  static func claiming(width: Int, height: Int, in file: [UInt8]) -> [UInt8] {
    var file = file
    let size = frameHeader(in: file) + 5
    file[size] = UInt8(height >> 8)
    file[size + 1] = UInt8(height & 255)
    file[size + 2] = UInt8(width >> 8)
    file[size + 3] = UInt8(width & 255)
    return file
  }

  /// A frame and scan header of some components, and no data.
  static func headerOnly(components: Int) -> [UInt8] {
    let identifiers = (1...components).map { UInt8($0) }
    let frame: [UInt8] =
      [8, 0, 16, 0, 16, UInt8(components)] + identifiers.flatMap { [$0, 0x11, 0] }
    let scan: [UInt8] = [UInt8(components)] + identifiers.flatMap { [$0, 0] } + [0, 63, 0]
    return [0xFF, 0xD8] + segment(0xC0, frame) + segment(0xDA, scan)
  }
}
