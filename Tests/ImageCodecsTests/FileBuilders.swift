import Imaging

/// Writes numbers in either byte order.
struct ByteWriter {
  var bytes: [UInt8] = []
  var bigEndian = true

  mutating func write<Number: FixedWidthInteger>(_ number: Number) {
    withUnsafeBytes(of: bigEndian ? number.bigEndian : number.littleEndian) { bytes += $0 }
  }

  mutating func patch(_ number: UInt32, at offset: Int) {
    withUnsafeBytes(of: bigEndian ? number.bigEndian : number.littleEndian) {
      bytes.replaceSubrange(offset..<offset + 4, with: $0)
    }
  }
}

/// zlib data without compression (RFC 1950, 1951 stored blocks).
func storedZlib(_ body: [UInt8]) -> [UInt8] {
  var writer = ByteWriter(bytes: [0x78, 0x01])
  var rest = body[...]
  repeat {
    let part = rest.prefix(65_535)
    rest = rest.dropFirst(part.count)
    writer.bytes.append(rest.isEmpty ? 1 : 0)
    writer.bigEndian = false
    writer.write(UInt16(part.count))
    writer.write(~UInt16(part.count))
    writer.bytes += part
  } while !rest.isEmpty
  var low: UInt32 = 1
  var high: UInt32 = 0
  for byte in body {
    low = (low + UInt32(byte)) % 65_521
    high = (high + low) % 65_521
  }
  writer.bigEndian = true
  writer.write(high << 16 | low)
  return writer.bytes
}

/// PNG files of every colour type, depth and interlace, written by hand.
struct PNGBuilder {
  var width: Int
  var height: Int
  var depth: UInt8 = 8
  /// 0 grey, 2 colour, 3 palette, 4 grey with alpha, 6 colour with alpha.
  var colourType: UInt8 = 0
  var interlaced = false
  /// Chunks between IHDR and IDAT.
  var chunks: [(name: String, body: [UInt8])] = []

  static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

  /// The file, with the bytes of each pixel given by `pixel`.
  func file(pixel: (Int, Int) -> [UInt8]) -> [UInt8] {
    let passes =
      interlaced
      ? [
        (0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2),
        (0, 1, 1, 2),
      ]
      : [(0, 0, 1, 1)]
    var rows: [UInt8] = []
    for (startX, startY, stepX, stepY) in passes where startX < width {
      for y in stride(from: startY, to: height, by: stepY) {
        rows.append(0)
        rows += packed(stride(from: startX, to: width, by: stepX).flatMap { pixel($0, y) })
      }
    }
    return file(rows: rows)
  }

  /// The file, with filtered rows as given.
  func file(rows: [UInt8]) -> [UInt8] {
    var header = ByteWriter()
    header.write(UInt32(width))
    header.write(UInt32(height))
    header.bytes += [depth, colourType, 0, 0, interlaced ? 1 : 0]
    var file = PNGBuilder.signature + PNGBuilder.chunk("IHDR", header.bytes)
    for (name, body) in chunks { file += PNGBuilder.chunk(name, body) }
    return file + PNGBuilder.chunk("IDAT", storedZlib(rows)) + PNGBuilder.chunk("IEND", [])
  }

  private func packed(_ values: [UInt8]) -> [UInt8] {
    guard depth < 8 else { return values }
    let perByte = 8 / Int(depth)
    return stride(from: 0, to: values.count, by: perByte).map { start in
      (0..<perByte).reduce(0) { byte, index in
        byte << depth | (start + index < values.count ? values[start + index] : 0)
      }
    }
  }

  static func chunk(_ name: String, _ body: [UInt8]) -> [UInt8] {
    var writer = ByteWriter()
    writer.write(UInt32(body.count))
    let checked = Array(name.utf8) + body
    writer.bytes += checked
    var remainder: UInt32 = 0xFFFF_FFFF
    for byte in checked {
      remainder ^= UInt32(byte)
      for _ in 0..<8 { remainder = remainder >> 1 ^ (remainder & 1) * 0xEDB8_8320 }
    }
    writer.write(~remainder)
    return writer.bytes
  }
}

/// TIFF files of one or more pages, written by hand.
struct TIFFBuilder {
  var width: Int
  var height: Int
  var bits = 8
  var samples = 1
  /// 0 white is zero, 1 black is zero, 2 colour, 3 palette, 5 separated.
  var photometric: UInt16 = 1
  var separatePlanes = false
  /// Rows a strip, or the side of square tiles.
  var rowsPerStrip = 7
  var tileSide: Int?
  var zlib = false
  var bigEndian = false
  var pages = 1
  /// Further entries of the directory: tag, type (3 SHORT, 4 LONG, 5 RATIONAL, 7 bytes), values.
  var extra: [(tag: UInt16, type: UInt16, values: [UInt32])] = []

  /// The file, with the samples of each pixel given by `pixel`.
  func file(pixel: (Int, Int) -> [Int]) -> [UInt8] {
    var writer = ByteWriter(bigEndian: bigEndian)
    writer.bytes = bigEndian ? [0x4D, 0x4D] : [0x49, 0x49]
    writer.write(UInt16(42))
    writer.write(UInt32(0))
    let blocks = blocks(pixel: pixel).map { block -> (UInt32, UInt32) in
      let offset = UInt32(writer.bytes.count)
      let body = zlib ? storedZlib(block) : block
      writer.bytes += body + (body.count % 2 == 1 ? [0] : [])
      return (offset, UInt32(body.count))
    }
    var link = 4
    for _ in 0..<pages {
      writer.patch(UInt32(writer.bytes.count), at: link)
      link = writeDirectory(blocks, into: &writer)
    }
    return writer.bytes
  }

  private func blocks(pixel: (Int, Int) -> [Int]) -> [[UInt8]] {
    let blockWidth = tileSide ?? width
    let blockHeight = tileSide ?? rowsPerStrip
    var result: [[UInt8]] = []
    for plane in 0..<(separatePlanes ? samples : 1) {
      for top in stride(from: 0, to: height, by: blockHeight) {
        for left in stride(from: 0, to: width, by: blockWidth) {
          var block = ByteWriter(bigEndian: bigEndian)
          let bottom = tileSide == nil ? min(top + blockHeight, height) : top + blockHeight
          for y in top..<bottom {
            for x in left..<left + blockWidth {
              let values = pixel(min(x, width - 1), min(y, height - 1))
              for value in separatePlanes ? [values[plane]] : values {
                if bits == 8 { block.write(UInt8(value)) } else { block.write(UInt16(value)) }
              }
            }
          }
          result.append(block.bytes)
        }
      }
    }
    return result
  }

  private func writeDirectory(_ blocks: [(UInt32, UInt32)], into writer: inout ByteWriter) -> Int {
    var entries = extra
    func add(_ tag: UInt16, _ type: UInt16, _ values: [UInt32]) {
      entries.append((tag, type, values))
    }
    add(256, 4, [UInt32(width)])
    add(257, 4, [UInt32(height)])
    add(258, 3, Array(repeating: UInt32(bits), count: samples))
    add(259, 3, [zlib ? 8 : 1])
    add(262, 3, [UInt32(photometric)])
    add(277, 3, [UInt32(samples)])
    add(284, 3, [separatePlanes ? 2 : 1])
    if let tileSide {
      add(322, 4, [UInt32(tileSide)])
      add(323, 4, [UInt32(tileSide)])
    } else {
      add(278, 4, [UInt32(rowsPerStrip)])
    }
    add(tileSide == nil ? 273 : 324, 4, blocks.map(\.0))
    add(tileSide == nil ? 279 : 325, 4, blocks.map(\.1))
    entries.sort { $0.tag < $1.tag }
    let start = writer.bytes.count
    writer.write(UInt16(entries.count))
    var outside = start + 2 + 12 * entries.count + 4
    var bodies: [UInt8] = []
    for entry in entries {
      var body = ByteWriter(bigEndian: bigEndian)
      for value in entry.values {
        switch entry.type {
        case 3: body.write(UInt16(value))
        case 7: body.write(UInt8(value))
        default: body.write(value)
        }
      }
      writer.write(entry.tag)
      writer.write(entry.type)
      writer.write(UInt32(entry.type == 5 ? entry.values.count / 2 : entry.values.count))
      if body.bytes.count <= 4 {
        writer.bytes += body.bytes + Array(repeating: 0, count: 4 - body.bytes.count)
      } else {
        writer.write(UInt32(outside))
        bodies += body.bytes
        outside += body.bytes.count
      }
    }
    let link = writer.bytes.count
    writer.write(UInt32(0))
    writer.bytes += bodies
    return link
  }
}
