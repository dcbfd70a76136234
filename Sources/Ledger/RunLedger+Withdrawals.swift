public import ClinicalRecords
import GRDB
public import StageKit

extension RunLedger {
  /// Takes pictures out: nothing of them counts or leaves from the next run on.
  ///
  /// Each is superseded by itself with all that came of it, as a picture is that was filed
  /// elsewhere, and a source that gives it again changes nothing. Records and contents stay. All of
  /// them or none; the audit entry is in the same commit. Called, as commits are, by one thread at a
  /// time.
  ///
  /// - Parameters:
  ///   - pictures: the records of captured images.
  ///   - actor: who decides.
  ///   - reason: why, in the decider's words.
  public func withdraw(_ pictures: [Int64], by actor: String, reason: String) throws {
    try RunLedger.inWords {
      try database.write { db in
        let sequence = try AuditWriter(db: db, actor: actor, now: now()).append(
          AuditAction(name: .withdrawn, reason: reason, what: what(pictures)))
        for picture in pictures {
          try db.execute(
            sql: "INSERT INTO withdrawal(record_id, audit) VALUES (?, ?)",
            arguments: [picture, sequence])
          try supersede(picture, for: picture, db)
        }
      }
    }
  }

  /// Lets pictures come back that were taken out: with the next run whose source gives them.
  ///
  /// All of them or none; the audit entry is in the same commit.
  public func reinstate(_ pictures: [Int64], by actor: String, reason: String) throws {
    try RunLedger.inWords {
      try database.write { db in
        _ = try AuditWriter(db: db, actor: actor, now: now()).append(
          AuditAction(name: .reinstated, reason: reason, what: what(pictures)))
        for picture in pictures {
          try db.execute(sql: "DELETE FROM withdrawal WHERE record_id = ?", arguments: [picture])
        }
      }
    }
  }

  private func what(_ pictures: [Int64]) -> [JSONValue.Member] {
    [.init("records", .array(pictures.map { .integer($0) })), .init("run", .integer(run))]
  }

  /// The last versions of what a stage was given of withdrawn pictures, ordered by identity.
  public func withdrawn(at stage: String) throws -> [LedgerReference] {
    try RunLedger.inWords {
      try database.read { db in
        try Int64.fetchAll(
          db,
          sql: """
            SELECT max(record.id) FROM withdrawal
            JOIN record ON record.superseded_by = withdrawal.record_id
              AND record.id <> withdrawal.record_id
            JOIN delivery ON delivery.record_id = record.id
            JOIN route ON route.id = delivery.route_id AND route.to_stage = ?
            WHERE NOT EXISTS (SELECT 1 FROM record AS current
              WHERE current.identity = record.identity AND current.superseded_by IS NULL)
            GROUP BY record.identity ORDER BY record.identity
            """, arguments: [stage]
        ).map(LedgerReference.init(number:))
      }
    }
  }
}

/// A picture that a source handed over, as people name it.
public struct SourcePicture: Sendable {
  /// Its record.
  public let record: Int64
  /// The file's name.
  public let file: String
  /// What it shows.
  public let acquisition: AcquisitionKey
  /// Whether somebody took it out.
  public let isWithdrawn: Bool
}

extension LedgerReading {
  /// The pictures that stand or that somebody took out, ordered by acquisition.
  public func sourcePictures() throws -> [SourcePicture] {
    try RunLedger.inWords {
      try database.read { db in
        try Row.fetchAll(
          db,
          sql: """
            SELECT record.id, identity, withdrawal.record_id IS NOT NULL AS withdrawn,
              json_extract(CAST(payload AS TEXT), '$.fileName') AS file
            FROM record LEFT JOIN withdrawal ON withdrawal.record_id = record.id
            WHERE schema LIKE 'anagen.captured-image/%' AND payload IS NOT NULL
              AND (superseded_by IS NULL OR withdrawal.record_id IS NOT NULL)
            ORDER BY identity, record.id
            """
        ).compactMap { row in
          guard let key = AcquisitionKey(of: RecordIdentity(row["identity"])) else { return nil }
          return SourcePicture(
            record: row["id"], file: row["file"] ?? "", acquisition: key,
            isWithdrawn: row["withdrawn"])
        }
      }
    }
  }
}

extension LedgerSchema {
  /// The pictures that somebody took out; who, when and why stands in the audit chain.
  static let withdrawals = """
    CREATE TABLE withdrawal(
      record_id INTEGER PRIMARY KEY REFERENCES record(id),
      audit INTEGER NOT NULL REFERENCES audit(sequence)) STRICT;
    CREATE INDEX record_superseded_by ON record(superseded_by) WHERE superseded_by IS NOT NULL;
    """
}
