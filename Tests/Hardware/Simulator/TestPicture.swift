/// A grey baseline JPEG of any size: one flat level for each 8 x 8 block, and a bar that moves.
///
/// Cheap enough to be made while frames are sent; the eight phases are kept.
struct TestPicture {
  private var made: [Int: [UInt8]] = [:]

  mutating func jpeg(_ size: Descriptors.Size, number: Int) -> [UInt8] {
    let phase = number % 8
    if let known = made[size.width * 8 + phase] { return known }
    let picture = TestPicture.draw(size, phase)
    made[size.width * 8 + phase] = picture
    return picture
  }

  private static func draw(_ size: Descriptors.Size, _ phase: Int) -> [UInt8] {
    let columns = (size.width + 7) / 8
    let rows = (size.height + 7) / 8
    var bytes: [UInt8] = [0xff, 0xd8, 0xff, 0xdb, 0, 67, 0] + [UInt8](repeating: 8, count: 64)
    bytes += [0xff, 0xc0, 0, 11, 8, UInt8(size.height >> 8), UInt8(size.height & 255)]
    bytes += [UInt8(size.width >> 8), UInt8(size.width & 255), 1, 1, 0x11, 0]
    // Differences of category c have the code c in four bits; the end of a block is the bit 0.
    bytes += [0xff, 0xc4, 0, 19 + 9, 0x00, 0, 0, 0, 9] + [UInt8](repeating: 0, count: 12)
    bytes += (0...8).map { UInt8($0) }
    bytes += [0xff, 0xc4, 0, 19 + 1, 0x10, 1] + [UInt8](repeating: 0, count: 15) + [0]
    bytes += [0xff, 0xda, 0, 8, 1, 1, 0x00, 0, 63, 0]
    var stream = EntropyBits()
    var last = 0
    for row in 0..<rows {
      for column in 0..<columns {
        let isBar = (column + phase * 2) % 16 == 0
        let level = isBar ? 100 : (row * 120 / rows) - 60 + ((column ^ row) & 3) * 4
        stream.putDifference(level - last)
        last = level
      }
    }
    return bytes + stream.finished() + [0xff, 0xd9]
  }
}

private struct EntropyBits {
  private var bytes: [UInt8] = []
  private var accumulator: UInt32 = 0
  private var count = 0

  mutating func putDifference(_ difference: Int) {
    var category = 0
    while abs(difference) >> category > 0 { category += 1 }
    put(category, 4)
    if category > 0 {
      put(difference > 0 ? difference : difference + (1 << category) - 1, category)
    }
    put(0, 1)
  }

  mutating func finished() -> [UInt8] {
    if count > 0 { put((1 << (8 - count)) - 1, 8 - count) }
    return bytes
  }

  private mutating func put(_ value: Int, _ bits: Int) {
    accumulator = accumulator << UInt32(bits) | UInt32(value)
    count += bits
    while count >= 8 {
      let byte = UInt8(accumulator >> UInt32(count - 8) & 255)
      bytes.append(byte)
      if byte == 0xff { bytes.append(0) }
      count -= 8
    }
  }
}
