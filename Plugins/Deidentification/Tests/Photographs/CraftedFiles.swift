import Deidentification

/// Text that must not survive, in the two encodings that metadata uses.
enum Canary {
  static let text = "CANARY-7F3A"
  static let ascii = Array(text.utf8)
  static let both =
    ascii + [0] + text.utf16.flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] } + [0, 0]

  /// Whether the text stands in the bytes: raw, as UTF-16 of either order, or in any zlib stream.
  static func isIn(_ bytes: [UInt8]) -> Bool {
    let wide = text.utf16.flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] }
    let wideBig = text.utf16.flatMap { [UInt8($0 >> 8), UInt8($0 & 255)] }
    func holds(_ bytes: [UInt8]) -> Bool {
      [ascii, wide, wideBig].contains { needle in
        bytes.indices.contains { start in
          start + needle.count <= bytes.count && bytes[start] == needle[0]
            && bytes[start..<start + needle.count].elementsEqual(needle)
        }
      }
    }
    if holds(bytes) { return true }
    return bytes.indices.contains { start in
      guard bytes[start] & 15 == 8,
        let inflated = try? Inflate.zlib(bytes, at: start, limit: 1 << 20)
      else { return false }
      return holds(inflated.output)
    }
  }
}

/// Numbers as bytes, high byte first.
func big(_ value: Int, _ size: Int) -> [UInt8] {
  (0..<size).reversed().map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
}

/// A TIFF structure of one directory, big endian, whose fields' values follow it.
func tiffStructure(
  _ fields: [(tag: Int, type: Int, count: Int, body: [UInt8])], next: [UInt8] = []
) -> [UInt8] {
  let start = 8 + 2 + 12 * fields.count + 4
  var entries: [UInt8] = []
  var bodies: [UInt8] = []
  for field in fields.sorted(by: { $0.tag < $1.tag }) {
    entries += big(field.tag, 2) + big(field.type, 2) + big(field.count, 4)
    if field.body.count <= 4 {
      entries += field.body + Array(repeating: 0, count: 4 - field.body.count)
    } else {
      entries += big(start + bodies.count, 4)
      bodies += field.body
      if bodies.count % 2 == 1 { bodies.append(0) }
    }
  }
  let nextOffset = next.isEmpty ? 0 : start + bodies.count
  return [0x4D, 0x4D, 0, 42, 0, 0, 0, 8] + big(fields.count, 2) + entries + big(nextOffset, 4)
    + bodies + next
}

/// A text field.
func textField(_ tag: Int) -> (tag: Int, type: Int, count: Int, body: [UInt8]) {
  (tag, 2, Canary.both.count, Canary.both)
}

/// An EXIF block with every kind of content, its orientation 6.
func craftedExif(orientation: Int = 6) -> [UInt8] {
  let gps = big(1, 2) + big(29, 2) + big(2, 2) + big(11, 4) + big(0, 4) + big(0, 4)
  return tiffStructure(
    [
      (0x0112, 3, 1, big(orientation, 2)), textField(0x010E), textField(0x010F), textField(0x9C9B),
      (0x8825, 4, 1, big(8, 4)), textField(0x927C),
    ], next: gps + Canary.both)
}

/// An sRGB profile with a text of its own.
func craftedProfile(_ text: [UInt8] = Canary.both) -> [UInt8] {
  func fixed(_ values: [Double]) -> [UInt8] {
    values.reduce(into: Array("XYZ \0\0\0\0".utf8)) { $0 += big(Int(($1 * 65536).rounded()), 4) }
  }
  let parameters = [2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045]
  var curve = Array("para\0\0\0\0".utf8) + [0, 3, 0, 0]
  for parameter in parameters { curve += big(Int((parameter * 65536).rounded()), 4) }
  let tags: [(String, [UInt8])] = [
    ("rXYZ", fixed([0.4361, 0.2225, 0.0139])), ("gXYZ", fixed([0.3851, 0.7169, 0.0971])),
    ("bXYZ", fixed([0.1431, 0.0606, 0.7139])), ("rTRC", curve), ("gTRC", curve), ("bTRC", curve),
    ("desc", Array("text\0\0\0\0".utf8) + text),
  ]
  var table = big(tags.count, 4)
  var bodies: [UInt8] = []
  for (name, body) in tags {
    table += Array(name.utf8) + big(132 + 12 * tags.count + bodies.count, 4) + big(body.count, 4)
    bodies += body
  }
  var header = big(132 + 12 * tags.count + bodies.count, 4)
  header += Array(repeating: 0, count: 8) + Array("mntrRGB XYZ ".utf8)
  header += Array(repeating: 0, count: 12) + Array("acsp".utf8)
  // Its light is D50; libpng asks for it.
  header += Array(repeating: 0, count: 28) + big(0xF6D6, 4) + big(0x10000, 4) + big(0xD32D, 4)
  return header + Array(repeating: 0, count: 128 - header.count) + table + bodies
}

/// A PNG file of 9 x 5 pixels, with chunks planted where a test wants them.
struct CraftedPNG {
  var colourType = 2
  var beforeData: [UInt8] = []
  var afterData: [UInt8] = []
  var afterStream: [UInt8] = []
  var afterEnd: [UInt8] = []
  var alpha: UInt8 = 255

  static func chunk(_ name: String, _ body: [UInt8]) -> [UInt8] {
    let named = Array(name.utf8) + body
    return big(body.count, 4) + named + big(CRC32.value(of: named[...]), 4)
  }

  var bytes: [UInt8] {
    let channels = [0: 1, 2: 3, 3: 1, 4: 2, 6: 4][colourType] ?? 3
    var rows: [UInt8] = []
    for y in 0..<5 {
      rows.append(UInt8(y))
      for x in 0..<9 {
        for channel in 0..<channels {
          let isAlpha = channel == channels - 1 && colourType >= 4
          // Rows with a filter hold differences: an opaque row is told by filter 0 alone.
          rows.append(isAlpha ? alpha : colourType == 3 ? 0 : UInt8(17 * x + 5 * y + channel))
        }
      }
    }
    if colourType >= 4 {
      for y in 0..<5 { rows[y * (9 * channels + 1)] = 0 }
    }
    let header = big(9, 4) + big(5, 4) + [8, UInt8(colourType), 0, 0, 0]
    return [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A] + CraftedPNG.chunk("IHDR", header)
      + beforeData + CraftedPNG.chunk("IDAT", Inflate.storedZlib(rows) + afterStream) + afterData
      + CraftedPNG.chunk("IEND", []) + afterEnd
  }
}

/// A TIFF file of 6 x 4 pixels RGB, with fields planted.
func craftedTIFF(
  _ planted: [(tag: Int, type: Int, count: Int, body: [UInt8])] = [], slack: [UInt8] = [],
  behind: [UInt8] = []
) -> [UInt8] {
  let pixels = (0..<72).map { UInt8($0 * 3) } + slack
  var fields: [(tag: Int, type: Int, count: Int, body: [UInt8])] = [
    (256, 3, 1, big(6, 2)), (257, 3, 1, big(4, 2)), (258, 3, 3, big(8, 2) + big(8, 2) + big(8, 2)),
    (259, 3, 1, big(1, 2)), (262, 3, 1, big(2, 2)), (273, 4, 1, big(0, 4)), (277, 3, 1, big(3, 2)),
    (278, 3, 1, big(4, 2)), (279, 4, 1, big(pixels.count, 4)),
  ]
  fields.removeAll { field in planted.contains { $0.tag == field.tag } }
  fields += planted
  let offset = tiffStructure(fields).count
  if let index = fields.firstIndex(where: { $0.tag == 273 }) {
    fields[index].body = big(offset, 4)
  }
  return tiffStructure(fields) + pixels + behind
}
