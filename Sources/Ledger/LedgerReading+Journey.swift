public import ClinicalRecords
import Foundation
import GRDB

extension LedgerReading {
  /// The most generations of records that a journey follows: a pipeline's stages are fewer.
  private static let mostGenerations = 64

  /// The records that something names: a delivery's number, `record:NUMBER`, an identity, the
  /// acquisition of a picture, the name of its file, or the SHA-256 of its bytes.
  ///
  /// - Parameter digest: of the file's bytes, when the name is that of a file.
  /// - Returns: numbers of the first ancestors of what was found in all their versions, each once:
  ///   those that stand first.
  public func roots(named name: String, digest: ContentDigest? = nil) throws -> [Int64] {
    try RunLedger.inWords {
      try database.read { db in
        var found: [Int64] = []
        if let number = Int64(name) {
          found = try Int64.fetchAll(
            db, sql: "SELECT record_id FROM delivery WHERE id = ?", arguments: [number])
        }
        if name.hasPrefix("record:"), let number = Int64(name.dropFirst("record:".count)) {
          found = try Int64.fetchAll(
            db, sql: "SELECT id FROM record WHERE id = ?", arguments: [number])
        }
        if found.isEmpty {
          found = try Int64.fetchAll(
            db,
            sql: """
              SELECT id FROM record WHERE identity IN (?1, 'anagen.captured-image:' || ?1)
              ORDER BY id
              """, arguments: [name])
        }
        if found.isEmpty, let digest {
          found = try records(db, holding: digest.hexadecimal)
        }
        if found.isEmpty, name.utf8.count == 64 { found = try records(db, holding: name) }
        if found.isEmpty, let last = name.split(separator: "/").last {
          found = try records(db, holding: JSONValue.string(String(last)).text)
        }
        let roots = try found.flatMap { try self.roots(db, of: $0) }.uniqued()
        return try versions(db, of: roots)
      }
    }
  }

  /// Records with all versions of their identities: those first that were asked for, of them and of
  /// the others those that stand, then the latest ones.
  private func versions(_ db: Database, of roots: [Int64]) throws -> [Int64] {
    let numbers = JSONValue.array(roots.map { .integer($0) }).text
    return try Int64.fetchAll(
      db,
      sql: """
        SELECT id FROM record WHERE identity IN (
          SELECT identity FROM record WHERE id IN (SELECT value FROM json_each(?1)))
        ORDER BY id NOT IN (SELECT value FROM json_each(?1)), superseded_by IS NOT NULL,
          CASE WHEN superseded_by IS NULL THEN id ELSE -id END
        """, arguments: [numbers])
  }

  /// Pictures whose payload holds a text: their own digest, or their file's name.
  private func records(_ db: Database, holding text: String) throws -> [Int64] {
    try Int64.fetchAll(
      db,
      sql: """
        SELECT id FROM record WHERE payload IS NOT NULL AND instr(payload, CAST(? AS BLOB)) > 0
          AND (schema LIKE 'anagen.captured-image/%' OR schema LIKE 'anagen.released/%')
        ORDER BY id
        """, arguments: [text])
  }

  private func roots(_ db: Database, of record: Int64) throws -> [Int64] {
    try Int64.fetchAll(
      db,
      sql: """
        WITH RECURSIVE line(id, depth) AS (
          SELECT ?, 0 UNION
          SELECT provenance.parent_id, depth + 1 FROM provenance
          JOIN line ON provenance.record_id = line.id
          WHERE provenance.parent_id IS NOT NULL AND depth < \(LedgerReading.mostGenerations))
        SELECT DISTINCT line.id FROM line WHERE NOT EXISTS (
          SELECT 1 FROM provenance WHERE record_id = line.id AND parent_id IS NOT NULL)
        ORDER BY line.id
        """, arguments: [record])
  }

  /// What became of a record and of all that came of it.
  ///
  /// - Returns: `nil` when there is no such record.
  public func journey(of record: Int64) throws -> RecordJourney? {
    try RunLedger.inWords {
      try database.read { db in try journey(db, of: record, generation: 0) }
    }
  }

  private func journey(
    _ db: Database, of record: Int64, generation: Int
  ) throws -> RecordJourney? {
    guard generation < LedgerReading.mostGenerations,
      let row = try Row.fetchOne(
        db,
        sql: "SELECT schema, identity, digest, label, superseded_by FROM record WHERE id = ?",
        arguments: [record])
    else { return nil }
    let origins = try Row.fetchAll(
      db,
      sql:
        "SELECT stage, result_version, run_id FROM provenance WHERE record_id = ? ORDER BY run_id",
      arguments: [record]
    ).map {
      RecordJourney.Origin(
        stage: $0["stage"], resultVersion: $0["result_version"], run: $0["run_id"])
    }
    let earlier = try Int64.fetchOne(
      db,
      sql: """
        SELECT max(id) FROM record WHERE superseded_by = ?1 AND id <> ?1
          AND schema = (SELECT schema FROM record WHERE id = ?1)
        """, arguments: [record])
    return RecordJourney(
      record: record, schema: row["schema"], identity: row["identity"], digest: row["digest"],
      label: row["label"], supersededBy: row["superseded_by"],
      withdrawal: try Withdrawal.read(db, of: record), earlier: earlier,
      changes: try generation == 0
        ? earlier.map { try changes(db, from: $0, to: record) } ?? [] : [],
      origins: origins,
      deliveries: try deliveries(db, of: record, generation: generation))
  }

  /// What a source handed over otherwise in a later version.
  private func changes(_ db: Database, from earlier: Int64, to later: Int64) throws -> [String] {
    let texts = try [earlier, later].map { record in
      try String.fetchOne(
        db, sql: "SELECT CAST(payload AS TEXT) FROM record WHERE id = ?", arguments: [record])
    }
    guard let before = texts[0], let after = texts[1] else { return [] }
    return KeyComparison.documents(before, after)
  }

  private func deliveries(
    _ db: Database, of record: Int64, generation: Int
  ) throws -> [RecordJourney.Delivery] {
    let rows = try Row.fetchAll(
      db,
      sql: """
        SELECT delivery.*, from_stage, to_stage, key_parts, \(DeliveryStanding.sql) AS standing
        FROM delivery JOIN route ON route.id = route_id WHERE record_id = ? ORDER BY delivery.id
        """, arguments: [record])
    var keys: [EdgeKey: String] = [:]
    let present = LedgerReading.present(rows)
    return try rows.map { row in
      let id: Int64 = row["id"]
      let edge = EdgeKey(from: row["from_stage"], to: row["to_stage"])
      let key: String = row["key_parts"]
      var again = keys[edge].map { KeyComparison.differences($0, key) } ?? []
      keys[edge] = key
      switch row["reopened_for"] as String? {
      case "look-up": again.append("what it had looked up is answered otherwise now")
      case "return":
        again.append(
          "the same record came once more: an earlier stage was released, or a record or a setting "
            + "of an earlier run came back")
      case let reason?: again.append(reason)
      case nil: break
      }
      return RecordJourney.Delivery(
        delivery: id, edge: edge, state: row["standing"], isPresent: present[edge] == id,
        attempts: row["attempts"], crashes: row["crashes"], openedRun: row["opened_run"],
        endedRun: row["ended_run"], endedAt: row["ended_at"], reusedRun: row["reused_run"],
        steps: try steps(db, row["journey"], run: row["ended_run"]),
        history: try history(db, of: id), again: again,
        results: try results(db, of: id).compactMap {
          try journey(db, of: $0, generation: generation + 1)
        })
    }
  }

  /// Of a record's deliveries on each edge, the one that was opened or left to stand last.
  private static func present(_ rows: [Row]) -> [EdgeKey: Int64] {
    var latest: [EdgeKey: (run: Int64, delivery: Int64)] = [:]
    for row in rows {
      let edge = EdgeKey(from: row["from_stage"], to: row["to_stage"])
      let run = max(row["opened_run"] as Int64, row["reused_run"] as Int64? ?? 0)
      if run >= latest[edge]?.run ?? 0 { latest[edge] = (run, row["id"]) }
    }
    return latest.mapValues(\.delivery)
  }

  private func steps(_ db: Database, _ text: String?, run: Int64?) throws -> [JourneyStep] {
    guard let text else { return [] }
    let stages = try KeptPlan.read(db, of: run).stages
    return try steps(text).map { step in
      var step = step
      step.version = stages.first { $0.name == step.stage }?.resultVersion
      return step
    }
  }

  private func steps(_ text: String) throws -> [JourneyStep] {
    do {
      return try JSONDecoder().decode([JourneyStep].self, from: Data(text.utf8))
    } catch {
      throw LedgerError(
        .damaged, subject: "a delivery's journey cannot be read",
        hint: "restore the data folder from its backup")
    }
  }

  private func results(_ db: Database, of delivery: Int64) throws -> [Int64] {
    try Int64.fetchAll(
      db,
      sql: """
        SELECT record_id FROM provenance WHERE delivery_id = ? AND delivery_id <> 0
        ORDER BY record_id
        """, arguments: [delivery])
  }
}
