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
  ///   - subject: the subject whose pictures stay out from now on, also those that are yet to come.
  ///   - actor: who decides.
  ///   - reason: why, in the decider's words.
  /// - Returns: the deliveries of them, and of what came of them, that were set aside until now.
  public func withdraw(
    _ pictures: [Int64], of subject: String? = nil, by actor: String, reason: String
  ) throws -> [Int64] {
    try RunLedger.inWords {
      try database.write { db in
        let sequence = try AuditWriter(db: db, actor: actor, now: now()).append(
          AuditAction(name: .withdrawn, reason: reason, what: what(pictures)))
        if let subject {
          try db.execute(
            sql: "INSERT OR IGNORE INTO withdrawn_subject(subject, audit) VALUES (?, ?)",
            arguments: [subject, sequence])
        }
        for picture in pictures {
          try db.execute(
            sql: "INSERT INTO withdrawal(record_id, audit) VALUES (?, ?)",
            arguments: [picture, sequence])
          try supersede(picture, for: picture, db)
        }
        return try pictures.flatMap { picture in
          try Int64.fetchAll(
            db,
            sql: """
              SELECT delivery.id FROM record JOIN delivery ON delivery.record_id = record.id
              WHERE superseded_by = ? AND state = 2 ORDER BY delivery.id
              """, arguments: [picture])
        }
      }
    }
  }

  /// Lets pictures come back that were taken out: with the next run whose source gives them.
  ///
  /// All of them or none; the audit entry is in the same commit.
  ///
  /// - Parameter subject: the subject whose pictures stay out no more.
  public func reinstate(
    _ pictures: [Int64], of subject: String? = nil, by actor: String, reason: String
  ) throws {
    try RunLedger.inWords {
      try database.write { db in
        _ = try AuditWriter(db: db, actor: actor, now: now()).append(
          AuditAction(name: .reinstated, reason: reason, what: what(pictures)))
        if let subject {
          try db.execute(
            sql: "DELETE FROM withdrawn_subject WHERE subject = ?", arguments: [subject])
        }
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
            \(Withdrawal.line)
            SELECT max(record.id) FROM line JOIN record ON record.id = line.id
              AND record.superseded_by IN (SELECT record_id FROM withdrawal)
              AND record.id NOT IN (SELECT record_id FROM withdrawal)
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

/// That somebody took a picture out.
public struct Withdrawal: Sendable, Codable, Hashable {
  /// When, in seconds since 1970.
  public let at: Double
  /// Who.
  public let by: String
  /// Why, in their words.
  public let reason: String

  /// Reads the columns of ``columns``; `nil` where nobody did.
  init?(_ row: Row) {
    guard let at = row["withdrawn_at"] as Double? else { return nil }
    self.at = at
    by = row["withdrawn_by"] ?? ""
    reason = row["withdrawn_why"] ?? ""
  }

  /// What the audit entry of a withdrawal says, of a statement that joins `withdrawal` and `audit`.
  static let columns = """
    json_extract(entry, '$.at') AS withdrawn_at, json_extract(entry, '$.by') AS withdrawn_by,
    json_extract(entry, '$.why') AS withdrawn_why
    """

  /// The pictures that somebody took out, with all that came of them; not what was superseded by
  /// them before, as an acquisition is that was filed wrongly and corrected.
  static let line = """
    WITH RECURSIVE line(id) AS (
      SELECT record_id FROM withdrawal UNION
      SELECT provenance.record_id FROM line
      CROSS JOIN delivery ON delivery.record_id = line.id
      CROSS JOIN provenance ON provenance.delivery_id = delivery.id
        AND provenance.delivery_id <> 0)
    """

  /// That of a record.
  static func read(_ db: Database, of record: Int64) throws -> Withdrawal? {
    try Row.fetchOne(
      db,
      sql: """
        SELECT \(columns) FROM withdrawal JOIN audit ON audit.sequence = withdrawal.audit
        WHERE record_id = ?
        """, arguments: [record]
    ).flatMap(Withdrawal.init)
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
  /// That somebody took it out.
  public let withdrawal: Withdrawal?
  /// Whether somebody took its subject out, with all pictures that are and will be.
  public let isSubjectWithdrawn: Bool
}

extension LedgerReading {
  /// The pictures that stand or that somebody took out, ordered by acquisition.
  public func sourcePictures() throws -> [SourcePicture] {
    try RunLedger.inWords {
      try database.read { db in
        let subjects = try Set(
          String.fetchAll(db, sql: "SELECT subject FROM withdrawn_subject"))
        return try Row.fetchAll(
          db,
          sql: """
            SELECT record.id, identity, \(Withdrawal.columns),
              json_extract(CAST(payload AS TEXT), '$.fileName') AS file
            FROM record LEFT JOIN withdrawal ON withdrawal.record_id = record.id
            LEFT JOIN audit ON audit.sequence = withdrawal.audit
            WHERE schema LIKE 'anagen.captured-image/%' AND payload IS NOT NULL
              AND (superseded_by IS NULL OR withdrawal.record_id IS NOT NULL)
            ORDER BY identity, record.id
            """
        ).compactMap { row in
          guard let key = AcquisitionKey(of: RecordIdentity(row["identity"])) else { return nil }
          return SourcePicture(
            record: row["id"], file: row["file"] ?? "", acquisition: key,
            withdrawal: Withdrawal(row), isSubjectWithdrawn: subjects.contains(key.subject))
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
