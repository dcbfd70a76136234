/// Reads the bits of one entropy-coded segment, and knows where the segment ends.
///
/// A stuffed zero after 0xFF is taken out; any other byte after 0xFF is a marker, where the
/// segment ends (T.81, B.1.1.5).
struct JPEGBitReader {
  private let bytes: [UInt8]
  private var buffer: UInt64 = 0
  /// Bits read ahead and not yet used.
  private(set) var bitCount = 0
  /// The next byte of the file to read ahead.
  private(set) var position: Int
  /// Bytes read ahead since the start, without the stuffed zeros.
  private(set) var bytesRead = 0
  private var atMarker = false

  init(_ bytes: [UInt8], at position: Int) {
    self.bytes = bytes
    self.position = position
  }

  /// Reads ahead to at least 32 bits, or to the end of the segment.
  @inline(__always)
  mutating func refill() {
    if bitCount < 32 { readAhead() }
  }

  private mutating func readAhead() {
    while bitCount <= 56, !atMarker {
      guard position < bytes.count else {
        atMarker = true
        return
      }
      let byte = bytes[position]
      if byte == 0xFF {
        guard position + 1 < bytes.count, bytes[position + 1] == 0 else {
          atMarker = true
          return
        }
        position += 1
      }
      position += 1
      bytesRead += 1
      buffer = buffer << 8 | UInt64(byte)
      bitCount += 8
    }
  }

  /// The next `count` bits (at most 16) without using them; zeros stand in past the end.
  @inline(__always)
  func peek(_ count: Int) -> Int {
    let mask = (1 << count) - 1
    if bitCount >= count { return Int(truncatingIfNeeded: buffer >> (bitCount - count)) & mask }
    return Int(truncatingIfNeeded: buffer << (count - bitCount)) & mask
  }

  /// Uses bits; false when the segment has not that many left.
  @inline(__always)
  mutating func skip(_ count: Int) -> Bool {
    bitCount -= count
    return bitCount >= 0
  }

  /// The next `count` bits (at most 16) as a number; `nil` when the segment ends before.
  @inline(__always)
  mutating func read(_ count: Int) -> Int? {
    refill()
    let value = peek(count)
    return skip(count) ? value : nil
  }
}

/// Decodes the symbols of one Huffman table (T.81, C.2 and F.2.2.3).
struct JPEGHuffmanDecoder: Sendable {
  private static let shortLength = 9
  /// By the next 9 bits: length << 8 | symbol; 0 for codes longer than that.
  private var short: [UInt16]
  /// By code length 1…16: the largest code, left aligned to 16 bits, exclusive.
  private var limit: [Int]
  private var offset: [Int]
  private let symbols: [UInt8]

  /// Makes a decoder of 16 counts and the symbols; `nil` when the counts give no prefix code.
  init?(_ definition: JPEGPicture.HuffmanDefinition) {
    let counts = definition.body.prefix(16).map(Int.init)
    symbols = Array(definition.body.dropFirst(16))
    guard counts.count == 16, counts.reduce(0, +) == symbols.count, symbols.count <= 256 else {
      return nil
    }
    short = Array(repeating: 0, count: 1 << JPEGHuffmanDecoder.shortLength)
    limit = Array(repeating: 0, count: 17)
    offset = Array(repeating: 0, count: 17)
    var code = 0
    var index = 0
    for length in 1...16 {
      offset[length] = index - code
      for _ in 0..<counts[length - 1] {
        guard code < 1 << length else { return nil }
        if length <= JPEGHuffmanDecoder.shortLength {
          let shift = JPEGHuffmanDecoder.shortLength - length
          let entry = UInt16(length) << 8 | UInt16(symbols[index])
          for low in 0..<1 << shift { short[code << shift | low] = entry }
        }
        code += 1
        index += 1
      }
      guard code <= 1 << length else { return nil }
      limit[length] = code << (16 - length)
      code <<= 1
    }
  }

  /// The next symbol; `nil` when the bits are no code or the segment ends within it.
  @inline(__always)
  func next(_ bits: inout JPEGBitReader) -> Int? {
    bits.refill()
    let entry = short[bits.peek(JPEGHuffmanDecoder.shortLength)]
    if entry != 0 {
      return bits.skip(Int(entry >> 8)) ? Int(entry & 255) : nil
    }
    return long(&bits)
  }

  private func long(_ bits: inout JPEGBitReader) -> Int? {
    let ahead = bits.peek(16)
    for length in JPEGHuffmanDecoder.shortLength + 1...16 where ahead < limit[length] {
      let index = ahead >> (16 - length) + offset[length]
      guard symbols.indices.contains(index), bits.skip(length) else { return nil }
      return Int(symbols[index])
    }
    return nil
  }
}
