/// How a number of several bytes is laid out.
enum ByteOrder: Sendable {
  case big
  case little
}

extension Array where Element == UInt8 {
  /// Two bytes as a number, or `nil` past the end.
  func number16(at offset: Int, _ order: ByteOrder = .big) -> Int? {
    guard offset >= 0, offset <= count - 2 else { return nil }
    let (first, second) = (Int(self[offset]), Int(self[offset + 1]))
    return order == .big ? first << 8 | second : second << 8 | first
  }

  /// Four bytes as a number, or `nil` past the end.
  func number32(at offset: Int, _ order: ByteOrder = .big) -> Int? {
    guard let first = number16(at: offset, order), let second = number16(at: offset + 2, order)
    else { return nil }
    return order == .big ? first << 16 | second : second << 16 | first
  }

  mutating func append16(_ value: Int) {
    append(UInt8(truncatingIfNeeded: value >> 8))
    append(UInt8(truncatingIfNeeded: value))
  }

  mutating func append32(_ value: Int) {
    append16(value >> 16)
    append16(value)
  }

  /// Whether these bytes stand at `offset`.
  func holds(_ expected: some Collection<UInt8>, at offset: Int) -> Bool {
    offset >= 0 && offset <= count - expected.count
      && self[offset..<offset + expected.count].elementsEqual(expected)
  }
}
