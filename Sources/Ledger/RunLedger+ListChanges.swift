import ClinicalRecords
import GRDB
public import StageKit

extension RunLedger {
  /// Keeps which pictures stand, for the next run's ``settleRefiled(isComplete:listing:)`` to name
  /// what a list changed since; called when a run whose sources gave all has come to its end.
  public func keepListed() throws {
    try RunLedger.inWords {
      try database.write { try $0.execute(sql: "DELETE FROM listed; \(LedgerSchema.fillListed)") }
    }
  }

  /// The pictures that stand or that somebody took out, also those that may come back, as their
  /// sources gave them.
  public func filedPictures() throws -> [FiledPicture] {
    try RunLedger.inWords {
      try database.read { db in
        try Row.fetchAll(
          db,
          sql: """
            SELECT identity, json_extract(CAST(payload AS TEXT), '$.fileName') AS file,
              json_extract(CAST(payload AS TEXT), '$.original.sha256') AS content
            FROM record WHERE schema LIKE 'anagen.captured-image/%' AND payload IS NOT NULL
              AND (superseded_by IS NULL OR superseded_by = id)
            ORDER BY identity, id
            """
        ).compactMap { row in
          guard let key = AcquisitionKey(of: RecordIdentity(row["identity"])),
            let digest = ContentDigest(hexadecimal: row["content"] ?? "")
          else { return nil }
          return FiledPicture(acquisition: key, file: row["file"] ?? "", digest: digest)
        }
      }
    }
  }

  /// What became of the pictures that stood and that no list names so any more, by file.
  ///
  /// A picture is followed by its bytes first: two whose fields were exchanged are the same two.
  func listChanges(_ db: Database) throws -> [ListChange] {
    var changes: [ListChange] = []
    let gone = try Row.fetchCursor(
      db,
      sql: """
        SELECT record.id, identity, CAST(payload AS TEXT) AS text
        FROM listed JOIN record ON record.id = record_id
        WHERE superseded_by IS NOT NULL AND payload IS NOT NULL
          AND record_id NOT IN (SELECT record_id FROM withdrawal)
        ORDER BY identity, record.id
        """)
    while let row = try gone.next() {
      let earlier = try Listed(row)
      let sameBytes = try standing(withBytesOf: earlier, db)
      let samePlace = try standing(identity: earlier.identity, db)
      if let later = sameBytes.first(where: { $0.identity == earlier.identity }) {
        if later.values != earlier.values {
          changes.append(
            ListChange(.revalued, file: later.file, before: earlier.values, now: later.values))
        }
      } else if let later = sameBytes.first(where: { !$0.wasListed }) {
        changes.append(
          ListChange(.refiled, file: later.file, before: earlier.place, now: later.place))
      } else if let later = samePlace {
        let isSameFile = later.file == earlier.file
        changes.append(
          ListChange(
            isSameFile ? .replaced : .displaced, file: earlier.file, before: earlier.place,
            now: isSameFile ? later.place : later.file))
      } else if let copy = sameBytes.first {
        changes.append(
          ListChange(.dropped, file: earlier.file, before: earlier.place, now: copy.place))
      }
    }
    return changes
  }

  /// The standing pictures that this run was not given.
  func unlisted(by sources: [String], _ db: Database) throws -> [ListChange] {
    try Row.fetchAll(
      db,
      sql: """
        SELECT DISTINCT record.id, identity, CAST(payload AS TEXT) AS text
        FROM provenance JOIN record ON record.id = provenance.record_id
        WHERE delivery_id = 0 AND provenance.record_id NOT IN (SELECT record_id FROM temp.given)
          AND provenance.stage IN (SELECT value FROM json_each(?))
          AND superseded_by IS NULL AND payload IS NOT NULL
          AND schema LIKE 'anagen.captured-image/%' ORDER BY identity
        """, arguments: [JSONValue.array(sources.map { .string($0) }).text]
    ).map { row in
      let picture = try Listed(row)
      return ListChange(.unlisted, file: picture.file, before: picture.place, now: "")
    }
  }

  /// The files of pictures that were filed for the first time, of subjects of whom somebody
  /// withdrew a picture.
  func filedBesideWithdrawn(_ db: Database) throws -> [String] {
    let withdrawn = try String.fetchAll(
      db,
      sql: "SELECT identity FROM withdrawal JOIN record ON record.id = record_id")
    let subjects = Set(
      withdrawn.compactMap { AcquisitionKey(of: RecordIdentity($0))?.subject })
    if subjects.isEmpty { return [] }
    return try Row.fetchAll(
      db,
      sql: """
        SELECT record.id, identity, CAST(payload AS TEXT) AS text
        FROM temp.given JOIN record ON record.id = record_id
        WHERE superseded_by IS NULL AND payload IS NOT NULL
          AND record_id NOT IN (SELECT record_id FROM listed) ORDER BY identity
        """
    ).map { try Listed($0) }.filter { picture in
      AcquisitionKey(of: picture.identity).map { subjects.contains($0.subject) } ?? false
    }.map(\.file)
  }

  private func standing(withBytesOf earlier: Listed, _ db: Database) throws -> [Listed] {
    try Row.fetchAll(
      db.cachedStatement(
        sql: """
          SELECT record.id, identity, CAST(payload AS TEXT) AS text,
            record.id IN (SELECT record_id FROM listed) AS was_listed
          FROM temp.given JOIN record ON record.id = record_id
          WHERE content = ? AND superseded_by IS NULL AND payload IS NOT NULL ORDER BY identity
          """), arguments: [RunLedger.givenKey(earlier.content)]
    ).map { try Listed($0) }.filter { $0.content == earlier.content }
  }

  private func standing(identity: RecordIdentity, _ db: Database) throws -> Listed? {
    try Row.fetchOne(
      db.cachedStatement(
        sql: """
          SELECT id, identity, CAST(payload AS TEXT) AS text FROM record
          WHERE identity = ? AND superseded_by IS NULL AND payload IS NOT NULL
          """), arguments: [identity.text]
    ).map { try Listed($0) }
  }
}

/// A listed picture as its record has it.
private struct Listed {
  let identity: RecordIdentity
  let file: String
  let content: ContentDigest
  /// Whether it stood when a run last came to its end; where nobody asked, it did not.
  let wasListed: Bool
  /// Date and scale, in words.
  let values: String
  /// The acquisition, without the kind of record.
  var place: String { AcquisitionKey(of: identity)?.path ?? identity.text }

  init(_ row: Row) throws {
    identity = RecordIdentity(row["identity"])
    let text: String = row["text"]
    let captured = try RecordDecoder().decode(CapturedImage.self, from: Array(text.utf8))
    file = captured.fileName
    content = captured.original.sha256
    wasListed = row["was_listed"] ?? false
    let scale = captured.statedMicrometresPerPixel.map { JSONValue.number($0).text }
    values =
      [captured.date.map { "\($0)" }, scale.map { "\($0) um/px" }].compactMap { $0 }
      .joined(separator: ", ")
  }
}

extension LedgerSchema {
  /// The pictures that stood when a run last came to its end, and subjects who are out for good.
  static let listed = """
    CREATE TABLE listed(record_id INTEGER PRIMARY KEY REFERENCES record(id)) STRICT;
    CREATE TABLE withdrawn_subject(
      subject TEXT PRIMARY KEY, audit INTEGER NOT NULL REFERENCES audit(sequence))
      STRICT, WITHOUT ROWID;
    \(fillListed)
    """

  static let fillListed = """
    INSERT OR IGNORE INTO listed SELECT record.id
    FROM provenance JOIN record ON record.id = provenance.record_id
    WHERE delivery_id = 0 AND superseded_by IS NULL AND schema LIKE 'anagen.captured-image/%';
    """
}
