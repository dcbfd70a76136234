/// PNG files made by hand, for what no encoder would write.
enum PNGFile {
  static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

  /// A file whose header states a size and whose data are a few bytes.
  static func hollow(width: Int, height: Int) -> [UInt8] {
    signature + header(width, height, bitDepth: 8, colour: 2)
      + chunk("IDAT", Deflate.zeros(300)) + chunk("IEND", [])
  }

  /// A whole black picture of one bit a pixel: 30,000 x 30,000 take 0.7 MB.
  static func black(width: Int, height: Int) -> [UInt8] {
    // Every row is its filter's number, 0, and its pixels.
    signature + header(width, height, bitDepth: 1, colour: 0)
      + chunk("IDAT", Deflate.zeros(height * (1 + (width + 7) / 8))) + chunk("IEND", [])
  }

  static func chunk(_ type: String, _ body: [UInt8]) -> [UInt8] {
    let covered = Array(type.utf8) + body
    return bigEndian(UInt32(body.count)) + covered + bigEndian(checksum(covered))
  }

  private static func header(
    _ width: Int, _ height: Int, bitDepth: UInt8, colour: UInt8
  ) -> [UInt8] {
    chunk(
      "IHDR", bigEndian(UInt32(width)) + bigEndian(UInt32(height)) + [bitDepth, colour, 0, 0, 0])
  }

  fileprivate static func bigEndian(_ value: UInt32) -> [UInt8] {
    [UInt8(value >> 24), UInt8(value >> 16 & 255), UInt8(value >> 8 & 255), UInt8(value & 255)]
  }

  /// CRC-32 (ISO 3309), as PNG has it.
  private static func checksum(_ bytes: [UInt8]) -> UInt32 {
    ~bytes.reduce(~0) { crc, byte in table[Int((crc ^ UInt32(byte)) & 255)] ^ crc >> 8 }
  }

  private static let table: [UInt32] = (0..<256).map { index in
    (0..<8).reduce(UInt32(index)) { value, _ in
      value & 1 == 1 ? 0xEDB8_8320 ^ value >> 1 : value >> 1
    }
  }
}

/// A zlib stream of zeros: one literal, then matches of 258 bytes at distance 1, 13 bits each.
private enum Deflate {
  static func zeros(_ count: Int) -> [UInt8] {
    var bits = Bits()
    bits.put(1, 1)  // the last block
    bits.put(1, 2)  // fixed Huffman codes
    bits.putCode(0b0011_0000, 8)  // literal 0
    var left = count - 1
    while left >= 258 {
      bits.putCode(0b1100_0101, 8)  // length 258
      bits.putCode(0, 5)  // distance 1
      left -= 258
    }
    for _ in 0..<left { bits.putCode(0b0011_0000, 8) }
    bits.putCode(0, 7)  // the end
    // Adler-32 of zeros: the low half stays 1, the high half counts them.
    return [0x78, 0x01] + bits.bytes() + PNGFile.bigEndian(UInt32(count % 65521) << 16 | 1)
  }

  private struct Bits {
    private var done: [UInt8] = []
    private var open: UInt32 = 0
    private var count = 0

    mutating func put(_ value: UInt32, _ width: Int) {
      open |= value << count
      count += width
      while count >= 8 {
        done.append(UInt8(open & 255))
        open >>= 8
        count -= 8
      }
    }

    /// Huffman codes stand with their first bit first.
    mutating func putCode(_ code: UInt32, _ width: Int) {
      for bit in stride(from: width - 1, through: 0, by: -1) { put(code >> bit & 1, 1) }
    }

    func bytes() -> [UInt8] { count > 0 ? done + [UInt8(open & 255)] : done }
  }
}
