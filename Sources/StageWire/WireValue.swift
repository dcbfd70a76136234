import ClinicalRecords

/// What stands as a value in a message (docs/stage-protocol.md 1.5).
protocol WireValue: Sendable {
  /// Reads it.
  ///
  /// - Throws: ``WireError`` for a value of another kind.
  init(wire: JSONValue) throws
  /// Appends it as JSON.
  func write(to json: inout [UInt8])
}

extension WireError {
  /// A value of another kind than the protocol says; what stands there is not told.
  static var otherKind: WireError { WireError(.malformed, "a value of another kind") }
}

extension JSONValue {
  /// A member that must be there.
  func needed<Value: WireValue>(_ key: String) throws -> Value {
    guard let value = self[key] else { throw WireError.otherKind }
    return try Value(wire: value)
  }

  /// A member that may be absent, or `null`.
  func optional<Value: WireValue>(_ key: String) throws -> Value? {
    guard let value = self[key], value != .null else { return nil }
    return try Value(wire: value)
  }

  /// Puts what this says into a member.
  func put<Value: WireValue>(into member: inout Value?) throws { member = try Value(wire: self) }
}

extension [UInt8] {
  /// Appends an object.
  mutating func object(_ members: (inout [UInt8]) -> Void) {
    append(UInt8(ascii: "{"))
    members(&self)
    append(UInt8(ascii: "}"))
  }

  /// Appends a member of the object that was begun last, unless it is absent.
  mutating func member(_ key: StaticString, _ value: (some WireValue)?) {
    guard let value else { return }
    if last != UInt8(ascii: "{") { append(UInt8(ascii: ",")) }
    append(UInt8(ascii: "\""))
    append(contentsOf: UnsafeBufferPointer(start: key.utf8Start, count: key.utf8CodeUnitCount))
    append(UInt8(ascii: "\""))
    append(UInt8(ascii: ":"))
    value.write(to: &self)
  }
}

extension JSONValue: WireValue {
  init(wire: JSONValue) { self = wire }
}

extension String: WireValue {
  init(wire: JSONValue) throws {
    guard case .string(let text) = wire else { throw WireError.otherKind }
    self = text
  }
  func write(to json: inout [UInt8]) { JSONValue.string(self).write(to: &json) }
}

extension Int: WireValue {
  init(wire: JSONValue) throws {
    guard case .integer(let value) = wire else { throw WireError.otherKind }
    self = Int(value)
  }
  func write(to json: inout [UInt8]) { Int64(self).write(to: &json) }
}

extension Int64: WireValue {
  init(wire: JSONValue) throws {
    guard case .integer(let value) = wire else { throw WireError.otherKind }
    self = value
  }
  func write(to json: inout [UInt8]) { JSONValue.integer(self).write(to: &json) }
}

extension Double: WireValue {
  init(wire: JSONValue) throws {
    switch wire {
    case .integer(let value): self = Double(value)
    case .number(let value): self = value
    default: throw WireError.otherKind
    }
  }
  func write(to json: inout [UInt8]) { JSONValue.number(self).write(to: &json) }
}

extension Bool: WireValue {
  init(wire: JSONValue) throws {
    guard case .boolean(let value) = wire else { throw WireError.otherKind }
    self = value
  }
  func write(to json: inout [UInt8]) { JSONValue.boolean(self).write(to: &json) }
}

extension Array: WireValue where Element: WireValue {
  init(wire: JSONValue) throws {
    guard case .array(let values) = wire else { throw WireError.otherKind }
    self = try values.map { try Element(wire: $0) }
  }
  func write(to json: inout [UInt8]) {
    json.append(UInt8(ascii: "["))
    for (index, element) in enumerated() {
      if index > 0 { json.append(UInt8(ascii: ",")) }
      element.write(to: &json)
    }
    json.append(UInt8(ascii: "]"))
  }
}

extension Dictionary: WireValue where Key == String, Value: WireValue {
  init(wire: JSONValue) throws {
    guard case .object(let members) = wire else { throw WireError.otherKind }
    self = try Dictionary(
      members.map { ($0.key, try Value(wire: $0.value)) }, uniquingKeysWith: { _, last in last })
  }
  func write(to json: inout [UInt8]) {
    json.append(UInt8(ascii: "{"))
    for (index, member) in sorted(by: { $0.key < $1.key }).enumerated() {
      if index > 0 { json.append(UInt8(ascii: ",")) }
      member.key.write(to: &json)
      json.append(UInt8(ascii: ":"))
      member.value.write(to: &json)
    }
    json.append(UInt8(ascii: "}"))
  }
}

extension RawRepresentable where Self: WireValue, RawValue == String {
  init(wire: JSONValue) throws {
    guard let value = Self(rawValue: try String(wire: wire)) else { throw WireError.otherKind }
    self = value
  }
  func write(to json: inout [UInt8]) { rawValue.write(to: &json) }
}

extension PrivacyLabel: WireValue {}
extension WireBody.Place: WireValue {}
extension WireRecord.Frame.Sample: WireValue {}
extension Message.Outcome: WireValue {}

extension RecordIdentity: WireValue {
  init(wire: JSONValue) throws { self.init(try String(wire: wire)) }
  func write(to json: inout [UInt8]) { text.write(to: &json) }
}

extension SchemaID: WireValue {
  init(wire: JSONValue) throws {
    guard let schema = SchemaID(parsing: try String(wire: wire)) else { throw WireError.otherKind }
    self = schema
  }
  func write(to json: inout [UInt8]) { description.write(to: &json) }
}

extension ContentDigest: WireValue {
  init(wire: JSONValue) throws {
    guard let digest = ContentDigest(hexadecimal: try String(wire: wire)) else {
      throw WireError.otherKind
    }
    self = digest
  }
  func write(to json: inout [UInt8]) { hexadecimal.write(to: &json) }
}
