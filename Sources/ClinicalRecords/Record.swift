/// One immutable typed value that passes between stages.
public protocol Record: Sendable {
  /// The type's schema id; the version a program writes.
  static var schema: SchemaID { get }

  /// The schema id of this record: the type's, but for ``ForeignRecord``, which has many.
  var schema: SchemaID { get }

  /// What identifies the record across runs: the same acquisition measured again has the same
  /// identity and, when something changed, another digest.
  var identity: RecordIdentity { get }

  /// What this record can tell about who it was.
  var privacy: PrivacyLabel { get }

  /// The memory that the record holds while it waits in a queue, in bytes: what an edge's
  /// `max_bytes` counts.
  var byteCount: Int { get }
}

extension Record {
  /// The type's.
  public var schema: SchemaID { Self.schema }
}

/// A record that outlives the run: content by SHA-256, synced, then a ledger row.
///
/// The canonical payload is what ``CanonicalJSONEncoder`` makes of the value; the record's digest
/// is the SHA-256 of its schema id, a line feed and that payload.
public protocol StoredRecord: Record, Codable {
  /// The bodies that are stored beside the payload, such as an image's original bytes.
  var contents: [StoredContent] { get }
}

extension StoredRecord {
  /// No bodies beside the payload.
  public var contents: [StoredContent] { [] }
}

/// Study and source key of a record: equal for every version of one thing.
public struct RecordIdentity: Hashable, Sendable, Codable, CustomStringConvertible, Comparable {
  /// The text; it may name a subject, so it is never logged.
  public let text: String

  /// Wraps an identity's text.
  public init(_ text: String) { self.text = text }

  /// The text.
  public var description: String { text }

  /// Orders by text, so that projections are written in one order.
  public static func < (left: RecordIdentity, right: RecordIdentity) -> Bool {
    left.text < right.text
  }

  /// Reads the text.
  public init(from decoder: any Decoder) throws {
    text = try decoder.singleValueContainer().decode(String.self)
  }

  /// Writes the text.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(text)
  }
}
