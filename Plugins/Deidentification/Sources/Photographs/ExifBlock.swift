/// What an EXIF block says about display, and what else it holds.
///
/// Of EXIF only the orientation may leave (Exif 2.32, tag 0x0112): the measured coordinates are
/// those of the picture as displayed. It leaves in a block of 26 bytes that holds nothing else.
struct ExifBlock: Sendable {
  /// 1 to 8; 1 when the block does not say.
  let orientation: Int
  /// The kinds of content besides the orientation, such as `exif.gps`.
  let carriers: [String]

  /// Reads a block that starts with its TIFF header; an unreadable one says nothing about display.
  init(_ bytes: [UInt8]) {
    guard let header = TIFFDirectory.header(of: bytes),
      let directory = TIFFDirectory(in: bytes, at: header.offset, order: header.order)
    else {
      orientation = 1
      carriers = ["exif.unreadable"]
      return
    }
    let stated = directory[0x0112]?.type == 3 ? directory.number(0x0112) : nil
    orientation = stated.flatMap { (1...8).contains($0) ? $0 : nil } ?? 1
    carriers = ExifBlock.carriers(of: directory, in: bytes)
  }

  private static func carriers(of directory: TIFFDirectory, in bytes: [UInt8]) -> [String] {
    var found: [String] = []
    if directory.fields.contains(where: { ![0x0112, 0x8769, 0x8825].contains($0.tag) }) {
      found.append("exif.description")
    }
    if directory[0x8825] != nil { found.append("exif.gps") }
    if let offset = directory.number(0x8769) {
      found.append("exif.exposure")
      if let details = TIFFDirectory(in: bytes, at: offset, order: directory.order) {
        if details[0x927C] != nil { found.append("exif.maker-note") }
        if details[0xA431] != nil || details[0xA435] != nil { found.append("exif.serial") }
        if details[0xA430] != nil { found.append("exif.owner") }
      }
    }
    if directory.nextOffset != 0 { found.append("exif.thumbnail") }
    return found
  }

  /// A block that states an orientation and nothing else.
  static func minimal(orientation: Int) -> [UInt8] {
    [
      0x4D, 0x4D, 0, 42, 0, 0, 0, 8,  // big endian, first directory at 8
      0, 1,  // one field
      0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, UInt8(orientation), 0, 0,
      0, 0, 0, 0,  // no further directory
    ]
  }
}
