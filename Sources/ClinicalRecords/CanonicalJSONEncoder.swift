/// Encodes a value in the one canonical way: keys in the order in which the type writes them,
/// those of a dictionary sorted, absent optionals left out, numbers as RFC 8785 writes them, no spaces.
///
/// Equal values give equal bytes on every machine, which is what a record's digest stands on.
public struct CanonicalJSONEncoder: Sendable {
  /// Makes an encoder.
  public init() {}

  /// The value as an ordered JSON document.
  ///
  /// - Throws: ``RecordError`` with code `notFinite` for a number JSON cannot carry, and what the
  ///   type's own `encode(to:)` throws.
  public func document(_ value: some Encodable) throws -> JSONValue {
    let node = EncodingNode(path: [])
    try node.encode(value)
    return node.value
  }

  /// The value as canonical UTF-8.
  public func encode(_ value: some Encodable) throws -> [UInt8] {
    try document(value).serialised()
  }
}

/// Decodes what ``CanonicalJSONEncoder`` wrote; unknown keys are ignored, and `null` is absent.
public struct RecordDecoder: Sendable {
  private let contentFolder: String?
  private let bodies: [ContentDigest: [UInt8]]

  /// Makes a decoder.
  ///
  /// - Parameters:
  ///   - contentFolder: where the contents of stored records lie, if they are to be opened.
  ///   - bodies: contents that are not stored yet, each with the digest of exactly its bytes.
  public init(contentFolder: String? = nil, bodies: [ContentDigest: [UInt8]] = [:]) {
    self.contentFolder = contentFolder
    self.bodies = bodies
  }

  /// Reads a value from JSON.
  public func decode<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8]) throws -> Value {
    var userInfo: [CodingUserInfoKey: Any] = [:]
    if let contentFolder, let key = StoredContent.folderKey { userInfo[key] = contentFolder }
    if !bodies.isEmpty, let key = StoredContent.bodiesKey { userInfo[key] = bodies }
    return try Value(
      from: JSONValueDecoder(try JSONValue(parsing: bytes), userInfo: userInfo))
  }
}

/// What has no order of its own, and is written in the order of its keys.
private protocol UnorderedKeys {}

extension Dictionary: UnorderedKeys where Key == String {}

/// One place in the document under construction; shared by the containers that fill it.
private final class EncodingNode: Encoder {
  enum Shape {
    case empty
    case value(JSONValue)
    case array([EncodingNode])
    case object([(key: String, node: EncodingNode)])
  }
  var shape = Shape.empty
  let codingPath: [any CodingKey]
  let userInfo: [CodingUserInfoKey: Any] = [:]

  init(path: [any CodingKey]) { codingPath = path }

  var value: JSONValue {
    switch shape {
    case .empty: .object([])
    case .value(let value): value
    case .array(let nodes): .array(nodes.map(\.value))
    case .object(let members): .object(members.map { JSONValue.Member($0.key, $0.node.value) })
    }
  }

  func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
    if case .object = shape {} else { shape = .object([]) }
    return KeyedEncodingContainer(KeyedContainer<Key>(node: self))
  }

  func unkeyedContainer() -> any UnkeyedEncodingContainer {
    if case .array = shape {} else { shape = .array([]) }
    return UnkeyedContainer(node: self)
  }

  func singleValueContainer() -> any SingleValueEncodingContainer {
    ValueContainer(node: self)
  }

  func member(_ key: any CodingKey) -> EncodingNode {
    let child = EncodingNode(path: codingPath + [key])
    if case .object(var members) = shape {
      shape = .empty
      members.append((key.stringValue, child))
      shape = .object(members)
    }
    return child
  }

  func element() -> EncodingNode {
    let child = EncodingNode(path: codingPath)
    if case .array(var nodes) = shape {
      shape = .empty
      nodes.append(child)
      shape = .array(nodes)
    }
    return child
  }

  func encode(_ value: some Encodable) throws {
    if let number = value as? Double { return try encode(number: number) }
    if let number = value as? Float { return try encode(number: Double("\(number)") ?? .nan) }
    try value.encode(to: self)
    if value is any UnorderedKeys { sortMembers() }
  }

  /// A dictionary's own order differs from process to process.
  private func sortMembers() {
    guard case .object(let members) = shape else { return }
    shape = .object(members.sorted { $0.key < $1.key })
  }

  func encode(number: Double) throws {
    guard number.isFinite else {
      throw RecordError(
        .notFinite, subject: codingPath.map(\.stringValue).joined(separator: "."),
        hint: "a figure that is not known is written as missing, with its reason")
    }
    shape = .value(.number(number == 0 ? 0 : number))
  }
}

private struct KeyedContainer<Key: CodingKey>: KeyedEncodingContainerProtocol {
  let node: EncodingNode
  var codingPath: [any CodingKey] { node.codingPath }

  mutating func encodeNil(forKey key: Key) throws { node.member(key).shape = .value(.null) }
  mutating func encode(_ value: some Encodable, forKey key: Key) throws {
    try node.member(key).encode(value)
  }
  mutating func nestedContainer<Nested: CodingKey>(
    keyedBy keyType: Nested.Type, forKey key: Key
  ) -> KeyedEncodingContainer<Nested> {
    node.member(key).container(keyedBy: keyType)
  }
  mutating func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
    node.member(key).unkeyedContainer()
  }
  mutating func superEncoder() -> any Encoder { node }
  mutating func superEncoder(forKey key: Key) -> any Encoder { node.member(key) }
}

private struct UnkeyedContainer: UnkeyedEncodingContainer {
  let node: EncodingNode
  var codingPath: [any CodingKey] { node.codingPath }
  var count: Int {
    if case .array(let nodes) = node.shape { nodes.count } else { 0 }
  }

  mutating func encodeNil() throws { node.element().shape = .value(.null) }
  mutating func encode(_ value: some Encodable) throws { try node.element().encode(value) }
  mutating func nestedContainer<Nested: CodingKey>(
    keyedBy keyType: Nested.Type
  ) -> KeyedEncodingContainer<Nested> {
    node.element().container(keyedBy: keyType)
  }
  mutating func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
    node.element().unkeyedContainer()
  }
  mutating func superEncoder() -> any Encoder { node }
}

private struct ValueContainer: SingleValueEncodingContainer {
  let node: EncodingNode
  var codingPath: [any CodingKey] { node.codingPath }

  mutating func encodeNil() throws { node.shape = .value(.null) }
  mutating func encode(_ value: Bool) throws { node.shape = .value(.boolean(value)) }
  mutating func encode(_ value: String) throws { node.shape = .value(.string(value)) }
  mutating func encode(_ value: Double) throws { try node.encode(number: value) }
  mutating func encode(_ value: Float) throws {
    try node.encode(number: Double("\(value)") ?? .nan)
  }
  mutating func encode(_ value: Int) throws { node.shape = .value(.integer(Int64(value))) }
  mutating func encode(_ value: Int8) throws { node.shape = .value(.integer(Int64(value))) }
  mutating func encode(_ value: Int16) throws { node.shape = .value(.integer(Int64(value))) }
  mutating func encode(_ value: Int32) throws { node.shape = .value(.integer(Int64(value))) }
  mutating func encode(_ value: Int64) throws { node.shape = .value(.integer(value)) }
  mutating func encode(_ value: UInt) throws { try encode(UInt64(value)) }
  mutating func encode(_ value: UInt8) throws { node.shape = .value(.integer(Int64(value))) }
  mutating func encode(_ value: UInt16) throws { node.shape = .value(.integer(Int64(value))) }
  mutating func encode(_ value: UInt32) throws { node.shape = .value(.integer(Int64(value))) }
  mutating func encode(_ value: UInt64) throws {
    guard let number = Int64(exactly: value) else {
      throw RecordError(.invalidValue, subject: "number", hint: "whole numbers fit in 64 bits")
    }
    node.shape = .value(.integer(number))
  }
  mutating func encode(_ value: some Encodable) throws { try node.encode(value) }
}
