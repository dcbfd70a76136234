/// Decompresses zlib streams (RFC 1950, RFC 1951) and tells where each ends.
///
/// The scrubber needs to know the exact end, since what lies behind it is seen by no viewer, and
/// needs the samples only to find transparency and unused palette entries.
package struct Inflate {
  /// A stream that breaks its format, or is larger than its picture.
  package struct Failure: Error {}

  private let input: [UInt8]
  private var position: Int
  private var buffer = 0
  private var bitCount = 0
  private var output: [UInt8] = []
  private let limit: Int

  private init(_ input: [UInt8], at position: Int, limit: Int) {
    self.input = input
    self.position = position
    self.limit = limit
  }

  /// The content of the zlib stream at `position`, and where the stream ends.
  ///
  /// - Parameter limit: the most bytes that are decompressed.
  /// - Throws: ``Failure`` when the stream is broken, ends early, has another checksum, needs a
  ///   preset dictionary, or holds more than `limit` bytes.
  package static func zlib(
    _ input: [UInt8], at position: Int = 0, limit: Int
  ) throws(Failure) -> (output: [UInt8], end: Int) {
    guard let header = input.number16(at: position), header % 31 == 0, header >> 8 & 15 == 8,
      header >> 12 <= 7, header & 32 == 0
    else { throw Failure() }
    var inflate = Inflate(input, at: position + 2, limit: limit)
    inflate.output.reserveCapacity(min(limit, 4 * input.count))
    try inflate.blocks()
    guard let sum = input.number32(at: inflate.position), sum == adler32(inflate.output) else {
      throw Failure()
    }
    return (inflate.output, inflate.position + 4)
  }

  /// What a deflate stream without a header holds, up to its end or to where it breaks.
  ///
  /// - Parameter limit: the most bytes that are decompressed.
  static func readable(_ input: [UInt8], at position: Int, limit: Int) -> [UInt8] {
    var inflate = Inflate(input, at: position, limit: limit)
    do throws(Failure) { try inflate.blocks() } catch { return inflate.output }
    return inflate.output
  }

  /// A zlib stream that holds `content` uncompressed; one form for one content.
  package static func storedZlib(_ content: [UInt8]) -> [UInt8] {
    var stream: [UInt8] = [0x78, 0x01]
    var start = 0
    repeat {
      let end = min(content.count, start + 65535)
      let size = end - start
      stream += [
        end == content.count ? 1 : 0, UInt8(size & 255), UInt8(size >> 8), UInt8(~size & 255),
        UInt8(~size >> 8 & 255),
      ]
      stream += content[start..<end]
      start = end
    } while start < content.count
    stream.append32(adler32(content))
    return stream
  }

  static func adler32(_ bytes: [UInt8]) -> Int {
    var (a, b) = (1, 0)
    var start = 0
    while start < bytes.count {
      // 5552 is the most bytes before the sums can pass 32 bits (RFC 1950).
      let end = min(bytes.count, start + 5552)
      for index in start..<end {
        a &+= Int(bytes[index])
        b &+= a
      }
      a %= 65521
      b %= 65521
      start = end
    }
    return b << 16 | a
  }

  @inline(__always)
  private mutating func fill(_ count: Int) {
    while bitCount < count, position < input.count {
      buffer |= Int(input[position]) << bitCount
      position += 1
      bitCount += 8
    }
  }

  @inline(__always)
  private mutating func bits(_ count: Int) throws(Failure) -> Int {
    fill(count)
    guard bitCount >= count else { throw Failure() }
    let value = buffer & (1 << count - 1)
    buffer >>= count
    bitCount -= count
    return value
  }

  private mutating func blocks() throws(Failure) {
    while true {
      let isLast = try bits(1) == 1
      switch try bits(2) {
      case 0: try stored()
      case 1: try compressed(.fixedLiterals, .fixedDistances)
      case 2:
        let (literals, distances) = try tables()
        try compressed(literals, distances)
      default: throw Failure()
      }
      if isLast {
        position -= bitCount / 8
        return
      }
    }
  }

  private mutating func stored() throws(Failure) {
    position -= bitCount / 8
    (buffer, bitCount) = (0, 0)
    guard let size = input.number16(at: position, .little),
      let check = input.number16(at: position + 2, .little), size == ~check & 0xFFFF,
      size <= input.count - position - 4, size <= limit - output.count
    else { throw Failure() }
    output += input[position + 4..<position + 4 + size]
    position += 4 + size
  }

  private static let lengthBase = [
    3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131,
    163, 195, 227, 258,
  ]
  private static let lengthBits = [
    0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0,
  ]
  private static let distanceBase = [
    1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049,
    3073, 4097, 6145, 8193, 12289, 16385, 24577,
  ]
  private static let distanceBits = [
    0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13,
    13,
  ]

  private mutating func compressed(
    _ literals: PrefixCode, _ distances: PrefixCode
  ) throws(Failure) {
    let (lengthBase, lengthBits) = (Inflate.lengthBase, Inflate.lengthBits)
    while true {
      let symbol = try next(literals)
      if symbol < 256 {
        guard output.count < limit else { throw Failure() }
        output.append(UInt8(symbol))
        continue
      }
      if symbol == 256 { return }
      guard symbol - 257 < lengthBase.count else { throw Failure() }
      let length = lengthBase[symbol - 257] + (try bits(lengthBits[symbol - 257]))
      let code = try next(distances)
      guard code < Inflate.distanceBase.count else { throw Failure() }
      let distance = Inflate.distanceBase[code] + (try bits(Inflate.distanceBits[code]))
      guard distance <= output.count, length <= limit - output.count else { throw Failure() }
      let start = output.count - distance
      for index in start..<start + length { output.append(output[index]) }
    }
  }

  @inline(__always)
  private mutating func next(_ code: PrefixCode) throws(Failure) -> Int {
    fill(15)
    let entry = Int(code.entries[buffer & code.mask])
    guard entry != 0, entry & 15 <= bitCount else { throw Failure() }
    buffer >>= entry & 15
    bitCount -= entry & 15
    return entry >> 4
  }

  private mutating func tables() throws(Failure) -> (PrefixCode, PrefixCode) {
    let order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]
    let literalCount = try bits(5) + 257
    let distanceCount = try bits(5) + 1
    let lengthCount = try bits(4) + 4
    var lengths = Array(repeating: 0, count: 19)
    for index in 0..<lengthCount { lengths[order[index]] = try bits(3) }
    guard let code = PrefixCode(lengths: lengths) else { throw Failure() }
    var all: [Int] = []
    while all.count < literalCount + distanceCount {
      let symbol = try next(code)
      switch symbol {
      case 0...15: all.append(symbol)
      case 16:
        guard let last = all.last else { throw Failure() }
        all += Array(repeating: last, count: try bits(2) + 3)
      case 17: all += Array(repeating: 0, count: try bits(3) + 3)
      default: all += Array(repeating: 0, count: try bits(7) + 11)
      }
    }
    guard all.count == literalCount + distanceCount,
      let literals = PrefixCode(lengths: Array(all[..<literalCount])),
      let distances = PrefixCode(lengths: Array(all[literalCount...]))
    else { throw Failure() }
    return (literals, distances)
  }
}

/// A canonical prefix code of deflate: by the next 15 bits, symbol << 4 | length.
private struct PrefixCode: Sendable {
  let entries: [UInt16]
  let mask: Int

  static let fixedLiterals = PrefixCode(
    checked: (0..<288).map { $0 < 144 ? 8 : $0 < 256 ? 9 : $0 < 280 ? 7 : 8 })
  static let fixedDistances = PrefixCode(checked: Array(repeating: 5, count: 30))

  /// Makes a code of lengths; `nil` when they claim more codes than there are.
  init?(lengths: [Int]) {
    let claimed = lengths.reduce(0) { $0 + ($1 == 0 ? 0 : 1 << (15 - $1)) }
    guard claimed <= 1 << 15 else { return nil }
    self.init(checked: lengths)
  }

  private init(checked lengths: [Int]) {
    let longest = max(lengths.max() ?? 1, 1)
    var entries = [UInt16](repeating: 0, count: 1 << longest)
    var code = 0
    for length in 1...longest {
      for (symbol, itsLength) in lengths.enumerated() where itsLength == length {
        var reversed = 0
        for bit in 0..<length where code >> bit & 1 == 1 { reversed |= 1 << (length - 1 - bit) }
        for high in stride(from: reversed, to: 1 << longest, by: 1 << length) {
          entries[high] = UInt16(symbol << 4 | length)
        }
        code += 1
      }
      code <<= 1
    }
    self.entries = entries
    mask = (1 << longest) - 1
  }
}
