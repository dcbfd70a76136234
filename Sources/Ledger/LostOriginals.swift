import ClinicalRecords
import Crypto
import Foundation
import GRDB
import StageKit

/// A picture whose original is not in the data folder as it was taken in.
public struct LostOriginal: Sendable, Equatable {
  /// The file's name, as the source gave it.
  public let file: String
  /// Whether something lies in its place: other bytes, or a part of them.
  public let isChanged: Bool
}

extension LedgerReading {
  /// The pictures that stand, or that somebody took out, whose original is gone or is not what was
  /// taken in, by name; reads every original.
  ///
  /// - Throws: ``LedgerError``.
  public func lostOriginals() throws -> [LostOriginal] {
    try RunLedger.inWords {
      try database.read { try LostOriginal.find($0, in: folder.privatePath, readsAll: true) }
    }
  }

  /// The records whose payloads are gone or are not what was written, by number; reads all.
  ///
  /// - Throws: ``LedgerError``.
  public func changedRecords() throws -> [(number: Int64, schema: String)] {
    try RunLedger.inWords {
      try database.read { db in
        var changed: [(number: Int64, schema: String)] = []
        let rows = try Row.fetchCursor(
          db, sql: "SELECT id, schema, digest, payload, payload_sha256 FROM record ORDER BY id")
        while let row = try rows.next() {
          var isWhole = false
          if let payload: Data = row["payload"] {
            isWhole =
              EncodedRecord.digest(of: [UInt8](payload), schema: row["schema"]) == row["digest"]
          } else if let digest = ContentDigest(hexadecimal: row["payload_sha256"] ?? "") {
            let path = LostOriginal.path(of: digest, in: folder.privatePath)
            isWhole =
              try FileSystem.size(of: path) != nil && LostOriginal.digest(of: path) == digest
          }
          if !isWhole { changed.append((row["id"], row["schema"])) }
        }
        return changed
      }
    }
  }
}

extension RunLedger {
  /// The pictures that stand, or that somebody took out, whose original is gone or of another size
  /// than when it was taken in: some 10 µs a picture.
  public func lostOriginals() throws -> [LostOriginal] {
    try RunLedger.inWords {
      try database.read { try LostOriginal.find($0, in: folder.privatePath, readsAll: false) }
    }
  }
}

extension LostOriginal {
  fileprivate static func find(
    _ db: Database, in privatePath: String, readsAll: Bool
  ) throws -> [LostOriginal] {
    var lost: [LostOriginal] = []
    let rows = try Row.fetchCursor(
      db,
      sql: """
        SELECT json_extract(CAST(payload AS TEXT), '$.original.sha256') AS content,
          json_extract(CAST(payload AS TEXT), '$.original.byteCount') AS size,
          json_extract(CAST(payload AS TEXT), '$.fileName') AS file
        FROM record WHERE schema LIKE 'anagen.captured-image/%' AND payload IS NOT NULL
          AND (superseded_by IS NULL OR id IN (SELECT record_id FROM withdrawal))
        ORDER BY identity, id
        """)
    while let row = try rows.next() {
      guard let digest = ContentDigest(hexadecimal: row["content"] ?? "") else { continue }
      let path = path(of: digest, in: privatePath)
      let size = FileSystem.size(of: path)
      var isWhole = size == row["size"] as Int?
      if isWhole, readsAll { isWhole = try self.digest(of: path) == digest }
      if !isWhole { lost.append(LostOriginal(file: row["file"] ?? "", isChanged: size != nil)) }
    }
    return lost
  }

  fileprivate static func path(of digest: ContentDigest, in privatePath: String) -> String {
    "\(privatePath)/content/\(StoredContent.relativePath(of: digest))"
  }

  /// The SHA-256 of a file, read 1 MiB at a time.
  fileprivate static func digest(of path: String) throws -> ContentDigest {
    do {
      let file = try FileHandle(forReadingFrom: URL(filePath: path))
      defer { file.closeFile() }
      var hash = SHA256()
      while let piece = try file.read(upToCount: 1 << 20), !piece.isEmpty {
        hash.update(data: piece)
      }
      return ContentDigest(bytes: hash.finalize())
    } catch {
      throw LedgerError(
        .io, subject: "\(path) cannot be read", hint: "allow its owner to read it (chmod u+r)")
    }
  }
}
