extension JSONValue {
  /// Reads a document (RFC 8259); an object's keys keep their order.
  ///
  /// A whole number of 64 bits is an integer, however it is written. A key that stands twice in one
  /// object is refused, since readers differ on which of them counts; so are a number that is not
  /// finite, half a surrogate pair, and more than 512 levels.
  ///
  /// - Throws: `DecodingError` that says where, and nothing of what stands there.
  public init(parsing json: [UInt8]) throws {
    self = try json.withUnsafeBufferPointer { bytes in
      var reader = JSONReader(bytes: bytes)
      return try reader.document()
    }
  }
}

/// A way through the text of a document.
private struct JSONReader {
  /// As Foundation's reader: a call for each level must fit on a thread's stack.
  static let deepest = 512

  let bytes: UnsafeBufferPointer<UInt8>
  var position = 0

  init(bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

  mutating func document() throws -> JSONValue {
    let value = try value(depth: 0)
    skipSpace()
    guard position == bytes.count else { throw fault("text after the document") }
    return value
  }

  private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func take(_ byte: UInt8) -> Bool {
    guard next == byte else { return false }
    position += 1
    return true
  }

  private mutating func skipSpace() {
    while let byte = next, byte == 32 || byte == 10 || byte == 13 || byte == 9 { position += 1 }
  }

  private func fault(_ what: String) -> DecodingError {
    .dataCorrupted(.init(codingPath: [], debugDescription: "\(what) at byte \(position)"))
  }

  private mutating func value(depth: Int) throws -> JSONValue {
    skipSpace()
    switch next {
    case UInt8(ascii: "{"): return try object(depth: depth + 1)
    case UInt8(ascii: "["): return try array(depth: depth + 1)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .boolean(true))
    case UInt8(ascii: "f"): return try word("false", .boolean(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    default: return try number()
    }
  }

  private mutating func word(_ word: StaticString, _ value: JSONValue) throws -> JSONValue {
    let end = position + word.utf8CodeUnitCount
    guard end <= bytes.count,
      bytes[position..<end].elementsEqual(
        UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount))
    else { throw fault("no value") }
    position = end
    return value
  }

  private mutating func object(depth: Int) throws -> JSONValue {
    guard depth <= Self.deepest else { throw fault("too many levels") }
    position += 1
    var members: [JSONValue.Member] = []
    skipSpace()
    if take(UInt8(ascii: "}")) { return .object([]) }
    repeat {
      skipSpace()
      guard next == UInt8(ascii: "\"") else { throw fault("no key") }
      let key = try string()
      skipSpace()
      guard take(UInt8(ascii: ":")) else { throw fault("no colon") }
      members.append(JSONValue.Member(key, try value(depth: depth)))
      skipSpace()
    } while take(UInt8(ascii: ","))
    guard take(UInt8(ascii: "}")) else { throw fault("an object that does not end") }
    guard Self.areApart(members) else {
      throw fault("a key that stands twice in the object that ends")
    }
    return .object(members)
  }

  private static func areApart(_ members: [JSONValue.Member]) -> Bool {
    // Most objects are small, and comparing is quicker than hashing.
    guard members.count <= 8 else { return Set(members.map(\.key)).count == members.count }
    return members.indices.allSatisfy { index in
      !members[..<index].contains { $0.key == members[index].key }
    }
  }

  private mutating func array(depth: Int) throws -> JSONValue {
    guard depth <= Self.deepest else { throw fault("too many levels") }
    position += 1
    var values: [JSONValue] = []
    skipSpace()
    if take(UInt8(ascii: "]")) { return .array([]) }
    repeat {
      values.append(try value(depth: depth))
      skipSpace()
    } while take(UInt8(ascii: ","))
    guard take(UInt8(ascii: "]")) else { throw fault("an array that does not end") }
    return .array(values)
  }
}

// MARK: - Numbers and texts

extension JSONReader {
  private mutating func digits() throws {
    let start = position
    while let byte = next, (48...57).contains(byte) { position += 1 }
    guard position > start else { throw fault("no digit") }
  }

  private mutating func number() throws -> JSONValue {
    let start = position
    if let value = shortInteger() { return .integer(value) }
    position = start
    _ = take(UInt8(ascii: "-"))
    if !take(UInt8(ascii: "0")) { try digits() }
    var isInteger = true
    if take(UInt8(ascii: ".")) {
      isInteger = false
      try digits()
    }
    if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
      isInteger = false
      if !take(UInt8(ascii: "-")) { _ = take(UInt8(ascii: "+")) }
      try digits()
    }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    if isInteger, let value = Int64(text) { return .integer(value) }
    guard let value = Double(text), value.isFinite else { throw fault("a number out of range") }
    return Int64(exactly: value).map { .integer($0) } ?? .number(value)
  }

  /// A number of up to 18 digits without sign, fraction or exponent, as most are.
  private mutating func shortInteger() -> Int64? {
    let start = position
    var value: Int64 = 0
    while let byte = next, (48...57).contains(byte) {
      guard position - start < 18 else { return nil }
      value = value * 10 + Int64(byte - 48)
      position += 1
    }
    let isLonger =
      next == UInt8(ascii: ".") || next == UInt8(ascii: "e") || next == UInt8(ascii: "E")
    let hasZeroInFront = position > start + 1 && bytes[start] == 48
    return position == start || isLonger || hasZeroInFront ? nil : value
  }

  private mutating func string() throws -> String {
    position += 1
    let start = position
    var seen: UInt8 = 0
    while let byte = next, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 32 {
      seen |= byte
      position += 1
    }
    if next == UInt8(ascii: "\"") {
      defer { position += 1 }
      let utf8 = UnsafeBufferPointer(rebasing: bytes[start..<position])
      return seen < 0x80 ? String(decoding: utf8, as: UTF8.self) : try text(utf8)
    }
    var utf8 = Array(bytes[start..<position])
    while let byte = next, byte >= 32 {
      position += 1
      switch byte {
      case UInt8(ascii: "\""): return try text(utf8)
      case UInt8(ascii: "\\"): try escape(to: &utf8)
      default: utf8.append(byte)
      }
    }
    throw fault("a text that does not end")
  }

  private func text(_ utf8: some Sequence<UInt8>) throws -> String {
    guard let text = String(validating: utf8, as: UTF8.self) else {
      throw fault("no UTF-8 before")
    }
    return text
  }

  private mutating func escape(to utf8: inout [UInt8]) throws {
    guard let byte = next else { throw fault("a text that does not end") }
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): utf8.append(byte)
    case UInt8(ascii: "b"): utf8.append(8)
    case UInt8(ascii: "f"): utf8.append(12)
    case UInt8(ascii: "n"): utf8.append(10)
    case UInt8(ascii: "r"): utf8.append(13)
    case UInt8(ascii: "t"): utf8.append(9)
    case UInt8(ascii: "u"):
      var code = try fourDigits()
      if (0xd800...0xdbff).contains(code), take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) {
        let low = try fourDigits()
        guard (0xdc00...0xdfff).contains(low) else { throw fault("half a surrogate pair") }
        code = 0x10000 + (code - 0xd800) << 10 + (low - 0xdc00)
      }
      guard let scalar = Unicode.Scalar(code) else { throw fault("half a surrogate pair") }
      utf8 += String(scalar).utf8
    default: throw fault("no escape")
    }
  }

  private mutating func fourDigits() throws -> UInt32 {
    var code: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = next, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        throw fault("no hexadecimal digit")
      }
      position += 1
      code = code << 4 | UInt32(digit)
    }
    return code
  }
}
