/// A record whose schema an outside plugin made: any JSON object under the plugin's own schema id.
///
/// Stored. Its identity is that of the record that it was made from under its own schema, and its
/// label is never the plugin's to say: the host gives both.
public struct ForeignRecord: StoredRecord, Equatable {
  /// What stands for all of them; never the schema of a record.
  public static let schema = SchemaID("foreign", 1, 0)

  /// The plugin's schema.
  public let schema: SchemaID
  /// What it was made from, under its own schema.
  public let identity: RecordIdentity
  /// What it can tell about who it was.
  public let privacy: PrivacyLabel
  /// The object; its keys are sorted by name.
  public let value: JSONValue

  /// Makes a record.
  public init(
    schema: SchemaID, identity: RecordIdentity, privacy: PrivacyLabel, value: JSONValue
  ) {
    self.schema = schema
    self.identity = identity
    self.privacy = privacy
    self.value = value.sorted
  }

  /// Makes what a plugin makes of a record; the host gives it the same identity and label again.
  public init(schema: SchemaID, from input: any Record, value: JSONValue) {
    self.init(
      schema: schema, identity: ForeignRecord.identity(of: schema, from: input.identity),
      privacy: input.privacy, value: value)
  }

  /// The identity of what a plugin makes of a record.
  public static func identity(of schema: SchemaID, from input: RecordIdentity) -> RecordIdentity {
    let text = input.text
    let key = text.firstIndex(of: ":").map { text[text.index(after: $0)...] } ?? text[...]
    return RecordIdentity("\(schema.name):\(key)")
  }

  /// The object as text, and 512 bytes.
  public var byteCount: Int { value.serialised().count + 512 }
}

extension JSONValue {
  /// The same document with the keys of each object in the order of their names.
  public var sorted: JSONValue {
    switch self {
    case .object(let members):
      .object(members.map { Member($0.key, $0.value.sorted) }.sorted { $0.key < $1.key })
    case .array(let values): .array(values.map(\.sorted))
    case .null, .boolean, .integer, .number, .string: self
    }
  }

  /// How many objects and arrays lie within each other at most.
  public var depth: Int {
    switch self {
    case .object(let members): 1 + (members.map(\.value.depth).max() ?? 0)
    case .array(let values): 1 + (values.map(\.depth).max() ?? 0)
    case .null, .boolean, .integer, .number, .string: 0
    }
  }
}
