import FoundationEssentials
import Synchronization

/// A SHA-256 in lower-case hexadecimal.
public struct ContentDigest: Hashable, Sendable, Codable, CustomStringConvertible {
  /// 64 hexadecimal digits, lower case.
  public let hexadecimal: String

  /// Wraps 64 hexadecimal digits; `nil` for anything else.
  public init?(hexadecimal: String) {
    let digits = hexadecimal.utf8
    guard digits.count == 64,
      digits.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) })
    else { return nil }
    self.hexadecimal = hexadecimal
  }

  /// Writes 32 bytes as hexadecimal digits.
  ///
  /// - Precondition: `bytes` has 32 elements.
  public init(bytes: some Sequence<UInt8>) {
    var text: [UInt8] = []
    text.reserveCapacity(64)
    let digits = Array("0123456789abcdef".utf8)
    for byte in bytes {
      text.append(digits[Int(byte >> 4)])
      text.append(digits[Int(byte & 15)])
    }
    precondition(text.count == 64, "a SHA-256 has 32 bytes")
    hexadecimal = String(decoding: text, as: UTF8.self)
  }

  /// The digits.
  public var description: String { hexadecimal }

  /// Reads the digits.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let digest = ContentDigest(hexadecimal: try container.decode(String.self)) else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "not 64 hexadecimal digits")
    }
    self = digest
  }

  /// Writes the digits.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(hexadecimal)
  }
}

/// A body of bytes that belongs to a stored record and is kept beside its payload.
///
/// The payload carries only digest, size and type. Until the ledger has stored them the bytes are
/// in memory; after, they are read from the data folder when asked for. Stages make one with
/// `StageContext.content(_:mediaType:)`, which computes the digest.
public struct StoredContent: Sendable, Hashable, Codable {
  /// The SHA-256 of the bytes.
  public let sha256: ContentDigest
  /// How many bytes.
  public let byteCount: Int
  /// The media type, such as `image/jpeg`.
  public let mediaType: String
  private let place: Place

  /// Wraps bytes whose digest is known.
  ///
  /// - Parameters:
  ///   - bytes: the body.
  ///   - sha256: the digest of exactly these bytes; who calls answers for it.
  ///   - mediaType: the media type.
  public init(bytes: [UInt8], sha256: ContentDigest, mediaType: String) {
    self.sha256 = sha256
    byteCount = bytes.count
    self.mediaType = mediaType
    place = Place(.memory(bytes))
  }

  /// The bytes, from memory or from the file where the ledger keeps them, held to their size alone:
  /// a stage takes them from `StageContext.bytes(of:)`, which holds them to their digest.
  ///
  /// - Throws: ``RecordError`` with code `contentMissing` when the record was decoded without a
  ///   content folder, or the file alone is gone or of another size; `contentUnreadable` when the
  ///   whole folder is gone or the system cannot read the file.
  public func bytes() throws -> [UInt8] {
    switch place.location.withLock({ $0 }) {
    case .memory(let bytes): return bytes
    case .file(let path):
      let data: Data
      do {
        data = try Data(contentsOf: URL(filePath: path))
      } catch {
        throw failure(toRead: path)
      }
      guard data.count == byteCount else {
        throw RecordError(
          .contentMissing, subject: sha256.hexadecimal,
          hint: "the stored file has another size; restore the data folder from its backup")
      }
      return [UInt8](data)
    case .nowhere:
      throw RecordError(
        .contentMissing, subject: sha256.hexadecimal,
        hint: "the record was read without its data folder")
    }
  }

  /// One file that is gone is that record's matter; what keeps every file from being read is not.
  private func failure(toRead path: String) -> RecordError {
    let folder = URL(filePath: path).deletingLastPathComponent().deletingLastPathComponent()
    let manager = FileManager.default
    if manager.fileExists(atPath: path) || !manager.fileExists(atPath: folder.path) {
      return RecordError(
        .contentUnreadable, subject: sha256.hexadecimal,
        hint: "nothing was lost; look at the disk, at what was moved, and at how many files may be "
          + "open (ulimit -n), and run again")
    }
    return RecordError(
      .contentMissing, subject: sha256.hexadecimal,
      hint: "the stored file is gone; restore the data folder from its backup, then "
        + "'anagen quarantine release'")
  }

  /// The bytes when they are still in memory, and `nil` once they are stored.
  public var unstoredBytes: [UInt8]? {
    if case .memory(let bytes) = place.location.withLock({ $0 }) { bytes } else { nil }
  }

  /// Lets the memory go: from now on the bytes are read from `path`, which holds them.
  ///
  /// Called by the ledger once the file is synced.
  public func settle(at path: String) {
    place.location.withLock { $0 = .file(path) }
  }

  /// Where a decoder finds contents: its `userInfo` holds the content folder's path under this key.
  public static let folderKey = CodingUserInfoKey(rawValue: "anagen.content-folder")

  /// Where a decoder finds contents that are not stored yet: its `userInfo` holds a
  /// `[ContentDigest: [UInt8]]` under this key, each with the digest of exactly its bytes.
  public static let bodiesKey = CodingUserInfoKey(rawValue: "anagen.content-bodies")

  /// Where a content lies below a content folder: two digits, a slash, all 64 digits.
  public static func relativePath(of digest: ContentDigest) -> String {
    "\(digest.hexadecimal.prefix(2))/\(digest.hexadecimal)"
  }

  private enum CodingKeys: String, CodingKey { case sha256, byteCount, mediaType }

  /// Reads digest, size and type; the bytes are found when the decoder knows the content folder.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    sha256 = try container.decode(ContentDigest.self, forKey: .sha256)
    byteCount = try container.decode(Int.self, forKey: .byteCount)
    mediaType = try container.decode(String.self, forKey: .mediaType)
    if let key = StoredContent.bodiesKey,
      let bodies = decoder.userInfo[key] as? [ContentDigest: [UInt8]], let bytes = bodies[sha256]
    {
      guard bytes.count == byteCount else {
        throw DecodingError.dataCorruptedError(
          forKey: .byteCount, in: container, debugDescription: "not the size of the content")
      }
      place = Place(.memory(bytes))
    } else if let key = StoredContent.folderKey, let folder = decoder.userInfo[key] as? String {
      place = Place(.file("\(folder)/\(StoredContent.relativePath(of: sha256))"))
    } else {
      place = Place(.nowhere)
    }
  }

  /// Writes digest, size and type.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(sha256, forKey: .sha256)
    try container.encode(byteCount, forKey: .byteCount)
    try container.encode(mediaType, forKey: .mediaType)
  }

  /// Equal digests are equal contents.
  public static func == (left: StoredContent, right: StoredContent) -> Bool {
    left.sha256 == right.sha256 && left.mediaType == right.mediaType
  }

  /// Hashes the digest.
  public func hash(into hasher: inout Hasher) { hasher.combine(sha256) }
}

/// Where a content's bytes are: the one part of a record that changes, from memory to file, with
/// the same bytes in both.
private final class Place: Sendable {
  enum Location: Sendable {
    case memory([UInt8])
    case file(String)
    case nowhere
  }
  let location: Mutex<Location>
  init(_ location: Location) { self.location = Mutex(location) }
}
