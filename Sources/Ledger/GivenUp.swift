import ClinicalRecords
import GRDB
import StageKit

/// What a person gave up stays given up, within a transaction of its caller.
///
/// A purge is of a picture on its way to a stage, not of the settings that this stage had then: the
/// delivery that comes again under another key, or with another version of what was made of the same
/// picture, is given up with it. Another picture under the same identity was never looked at, and
/// is handled.
struct GivenUp {
  let db: Database

  /// Whether anything was ever given up; asked once for each batch.
  static func isAny(_ db: Database) throws -> Bool {
    try Bool.fetchOne(
      db.cachedStatement(sql: "SELECT EXISTS (SELECT 1 FROM decision WHERE action = 'purged')"))
      == true
  }

  /// The last delivery of the same picture on an edge that was given up; `nil` when none was.
  func delivery(of record: Int64, on edge: EdgeKey) throws -> Int64? {
    let rows = try Row.fetchAll(
      db.cachedStatement(
        sql: """
          SELECT delivery.id AS id, other.id AS record FROM record
          CROSS JOIN record AS other ON other.identity = record.identity
          CROSS JOIN delivery ON delivery.record_id = other.id AND delivery.purged IS NOT NULL
          JOIN route ON route.id = delivery.route_id
          WHERE record.id = ? AND from_stage = ? AND to_stage = ? ORDER BY delivery.id DESC
          """), arguments: [record, edge.from, edge.to])
    if rows.isEmpty { return nil }
    let pictures = try pictures(of: record)
    return try rows.first { row in
      let other: Int64 = row["record"]
      return try other == record || !pictures.isDisjoint(with: self.pictures(of: other))
    }?["id"]
  }

  /// Gives a delivery up as an earlier one was, with the reason and the decision of that.
  func giveUp(_ delivery: Int64, as earlier: Int64, run: Int64, at now: Double) throws {
    try db.execute(
      sql: """
        UPDATE delivery SET state = 2, ended_run = :run, ended_at = :now, suspect = 0,
          reopened_for = 'somebody gave it up before, as number ' || :earlier,
          purged = (SELECT purged FROM delivery WHERE id = :earlier) WHERE id = :delivery
        """, arguments: ["run": run, "now": now, "earlier": earlier, "delivery": delivery])
    try db.execute(
      sql: """
        INSERT INTO quarantine(delivery_id, stage, class, reason, message, hint, at, run_id, finding)
        SELECT :delivery, stage, class, reason, message, hint, at, run_id, finding FROM quarantine
        WHERE id = (SELECT max(id) FROM quarantine WHERE delivery_id = :earlier)
        """, arguments: ["earlier": earlier, "delivery": delivery])
    try db.execute(
      sql: """
        INSERT INTO decision(delivery_id, action, at, actor, reason, audit)
        SELECT :delivery, action, at, actor, reason, audit FROM decision
        WHERE delivery_id = :earlier AND action = 'purged'
        """, arguments: ["earlier": earlier, "delivery": delivery])
  }

  /// The pictures that a record came of, by the SHA-256 of their bytes; a source record without any
  /// stands for itself.
  private func pictures(of record: Int64) throws -> Set<String> {
    try Set(
      String.fetchAll(
        db.cachedStatement(
          sql: """
            WITH RECURSIVE line(id) AS (
              SELECT ? UNION
              SELECT provenance.parent_id FROM line
              CROSS JOIN provenance ON provenance.record_id = line.id
              WHERE provenance.parent_id IS NOT NULL)
            SELECT ifnull(
              json_extract(CAST(payload AS TEXT), '$.original.sha256'), CAST(record.id AS TEXT))
            FROM line CROSS JOIN record ON record.id = line.id
            WHERE EXISTS (SELECT 1 FROM provenance
              WHERE record_id = line.id AND parent_id IS NULL)
            """), arguments: [record]))
  }
}
