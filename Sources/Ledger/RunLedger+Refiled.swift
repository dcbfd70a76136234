public import ClinicalRecords
import GRDB
public import StageKit

/// Source records of one content under more than one identity.
public struct Refiled: Sendable, Equatable {
  /// Two identities that stand for the same bytes.
  public struct Pair: Sendable, Equatable {
    /// The one that came first.
    public let earlier: RecordIdentity
    /// The other.
    public let later: RecordIdentity
    /// The names of their files, the earlier's first.
    public let files: [String]
  }
  /// Pairs that both stand.
  public var doubled: [Pair] = []
  /// The edges on which a delivery of a superseded record waited.
  public var superseded: [EdgeKey] = []
  /// What the sources, which gave all that they have, gave otherwise than before.
  public var changes: [ListChange] = []
  /// The names of pictures that the sources gave although somebody had withdrawn them.
  public var withdrawn: [String] = []
  /// The names of pictures given for the first time of whose subjects others were withdrawn.
  public var besideWithdrawn: [String] = []
}

extension RunLedger {
  /// Settles the contents that this run's sources gave under another identity than before: one
  /// picture cannot show two subjects.
  ///
  /// An earlier record that the sources did not give again is superseded by the later one, with
  /// all that came of it: its identity was corrected. Both are kept; the earlier one comes back as
  /// soon as a source gives it again. Records that were all given in this run stand, and are told;
  /// so are those that were not given, where the sources give all that they have.
  ///
  /// - Parameters:
  ///   - isComplete: whether the sources gave all that they have; else nothing is superseded, since
  ///     the earlier record may be still to come.
  ///   - listing: the sources that give in each run all that they have.
  public func settleRefiled(isComplete: Bool, listing: [String]) throws -> Refiled {
    try RunLedger.inWords {
      try database.write { db in
        var refiled = Refiled()
        var corrected: Int64 = 0
        for found in try doubled(db) + moved(db) {
          // What moved to where somebody took all out, goes as well.
          guard let earlier = try source(found.earlier, db),
            let later = try source(found.later, db, orWithdrawn: !found.isEarlierGiven),
            earlier.content == later.content
          else { continue }
          if isComplete && !found.isEarlierGiven {
            corrected += 1
            refiled.superseded += try supersede(found.earlier, for: found.later, db)
          } else {
            refiled.doubled.append(
              Refiled.Pair(
                earlier: earlier.identity, later: later.identity, files: [earlier.file, later.file])
            )
          }
        }
        if isComplete { refiled.changes = try listChanges(db) + unlisted(by: listing, db) }
        refiled.withdrawn = try withdrawnOfGiven(db)
        refiled.besideWithdrawn = try filedBesideWithdrawn(db)
        if corrected > 0 {
          _ = try AuditWriter(db: db, actor: actor, now: now()).append(
            AuditAction(
              name: .corrected,
              what: [
                .init("run", .integer(run)),
                .init("records", .integer(corrected)),
              ]))
        }
        return refiled
      }
    }
  }

  // MARK: Finding

  private struct Found {
    let earlier: Int64
    let isEarlierGiven: Bool
    let later: Int64
  }

  /// What this run was given more than once: each with the first of its content, so that a thousand
  /// copies of one picture are a thousand pairs.
  private func doubled(_ db: Database) throws -> [Found] {
    try Row.fetchAll(
      db,
      sql: """
        WITH twice(content, first) AS MATERIALIZED (
          SELECT content, min(record_id) FROM temp.given GROUP BY content HAVING count(*) > 1)
        SELECT first AS earlier, record_id AS later FROM twice
        JOIN temp.given ON temp.given.content = twice.content AND record_id > first
        ORDER BY earlier, later
        """
    ).map { Found(earlier: $0["earlier"], isEarlierGiven: true, later: $0["later"]) }
  }

  /// What this run was given under another identity than an earlier one; only payloads of records
  /// that it was not given are read, so a list of everything costs no parsing.
  private func moved(_ db: Database) throws -> [Found] {
    let isEmpty = try Bool.fetchOne(db, sql: "SELECT NOT EXISTS (SELECT 1 FROM temp.given)")
    if isEmpty == true { return [] }
    var found: [Found] = []
    let rows = try Row.fetchCursor(
      db,
      sql: """
        SELECT record.id, json_extract(CAST(payload AS TEXT), '$.original.sha256') AS content
        FROM provenance JOIN record ON record.id = provenance.record_id
        WHERE delivery_id = 0 AND provenance.record_id NOT IN (SELECT record_id FROM temp.given)
          AND superseded_by IS NULL AND payload IS NOT NULL
          AND schema LIKE 'anagen.captured-image/%'
        ORDER BY record.id
        """)
    while let row = try rows.next() {
      guard let digest = ContentDigest(hexadecimal: row["content"] ?? "") else { continue }
      let later = try Int64.fetchOne(
        db.cachedStatement(sql: "SELECT min(record_id) FROM temp.given WHERE content = ?"),
        arguments: [RunLedger.givenKey(digest)])
      if let later { found.append(Found(earlier: row["id"], isEarlierGiven: false, later: later)) }
    }
    return found
  }

  /// The names of pictures that this run was given and that stay out.
  private func withdrawnOfGiven(_ db: Database) throws -> [String] {
    try String.fetchAll(
      db,
      sql: """
        SELECT DISTINCT json_extract(CAST(payload AS TEXT), '$.fileName') FROM withdrawal
        JOIN record ON record.id = withdrawal.record_id
        WHERE record_id IN (SELECT record_id FROM temp.given) ORDER BY 1
        """)
  }

  private func source(
    _ record: Int64, _ db: Database, orWithdrawn: Bool = false
  ) throws -> (identity: RecordIdentity, content: String?, file: String)? {
    try Row.fetchOne(
      db.cachedStatement(
        sql: """
          SELECT identity, json_extract(CAST(payload AS TEXT), '$.original.sha256') AS content,
            coalesce(json_extract(CAST(payload AS TEXT), '$.fileName'), '') AS file
          FROM record WHERE id = ? AND (superseded_by IS NULL OR (? AND superseded_by = id))
            AND schema LIKE 'anagen.captured-image/%'
          """), arguments: [record, orWithdrawn]
    ).map { (RecordIdentity($0["identity"]), $0["content"], $0["file"]) }
  }

  // MARK: Superseding

  /// Supersedes a source record and all that came of it.
  ///
  /// - Parameter later: the record that takes its place; itself when none does.
  /// - Returns: the edges on which a delivery waited.
  @discardableResult
  func supersede(_ record: Int64, for later: Int64, _ db: Database) throws -> [EdgeKey] {
    try RunLedger.supersede(record, for: later, db, run: run, at: now())
  }

  /// The same within a transaction of a run.
  static func supersede(
    _ record: Int64, for later: Int64, _ db: Database, run: Int64, at time: Double
  ) throws -> [EdgeKey] {
    let line = try Int64.fetchAll(
      db,
      sql: """
        WITH RECURSIVE line(id) AS (
          SELECT ? UNION
          SELECT provenance.record_id FROM line
          CROSS JOIN delivery ON delivery.record_id = line.id
          CROSS JOIN provenance ON provenance.delivery_id = delivery.id
            AND provenance.delivery_id <> 0)
        SELECT line.id FROM line JOIN record ON record.id = line.id
        WHERE record.superseded_by IS NULL
        """, arguments: [record])
    var edges: [EdgeKey] = []
    for id in line {
      try db.execute(
        sql: "UPDATE record SET superseded_by = ? WHERE id = ?", arguments: [later, id])
      let waiting = try Row.fetchAll(
        db,
        sql: """
          SELECT from_stage, to_stage FROM delivery JOIN route ON route.id = route_id
          WHERE record_id = ? AND state = 0
          """, arguments: [id])
      edges += waiting.map { EdgeKey(from: $0["from_stage"], to: $0["to_stage"]) }
      try db.execute(
        sql: """
          UPDATE delivery SET state = 3, ended_run = ?, ended_at = ?
          WHERE record_id = ? AND state = 0
          """, arguments: [run, time, id])
    }
    return edges
  }

  /// The source records that this run was given, those with contents, by a part of their digest:
  /// a table of the connection that writes, gone with it, since it tells nothing to a later run.
  static let givenTable = """
    CREATE TEMP TABLE given(
      content INTEGER NOT NULL, record_id INTEGER NOT NULL,
      PRIMARY KEY (content, record_id)) WITHOUT ROWID
    """

  /// 64 bits of a digest: small to keep for each record, and the digests of a pair are compared.
  static func givenKey(_ digest: ContentDigest) -> Int64 {
    Int64(bitPattern: UInt64(digest.hexadecimal.prefix(16), radix: 16) ?? 0)
  }
}
