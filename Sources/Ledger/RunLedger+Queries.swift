public import ClinicalRecords
import Foundation
import GRDB
public import StageKit
import Synchronization

extension RunLedger {
  /// Deliveries that wait for a stage, oldest first.
  ///
  /// - Parameters:
  ///   - stage: the stage that they wait for.
  ///   - first: the lowest delivery number to give.
  ///   - limit: how many at most.
  public func pending(
    for stage: String, from first: Int64, limit: Int
  ) throws -> [PendingDelivery] {
    let routes = routes.withLock { $0.into(stage) }
    return try RunLedger.inWords {
      try database.read { db in
        var found: [PendingDelivery] = []
        for route in routes {
          let rows = try Row.fetchCursor(
            db.cachedStatement(
              sql: """
                SELECT id, record_id FROM delivery
                WHERE route_id = ? AND state = 0 AND id >= ? ORDER BY id LIMIT ?
                """), arguments: [route.id, first, limit])
          while let row = try rows.next() {
            found.append(
              PendingDelivery(
                delivery: row[0], edge: route.edge, record: LedgerReference(number: row[1])))
          }
        }
        if routes.count > 1 { found.sort { $0.delivery < $1.delivery } }
        return Array(found.prefix(limit))
      }
    }
  }

  /// The studies of which pictures stand here.
  public func filedStudies() throws -> Set<String> {
    try RunLedger.inWords {
      try database.read { db in
        var studies: Set<String> = []
        let identities = try String.fetchCursor(
          db,
          sql: """
            SELECT identity FROM record
            WHERE schema LIKE 'anagen.captured-image/%' AND superseded_by IS NULL
            """)
        while let identity = try identities.next() {
          if let key = AcquisitionKey(of: RecordIdentity(identity)) { studies.insert(key.study) }
        }
        return studies
      }
    }
  }

  /// How the deliveries that were open in this run at some time stand.
  public func deliveryCounts() throws -> [EdgeKey: DeliveryCounts] {
    try RunLedger.inWords {
      try database.read { db in try DeliveryStanding.counts(db, of: run) }
    }
  }

  /// How many deliveries wait on each edge.
  public func pendingCounts() throws -> [EdgeKey: Int] {
    try RunLedger.inWords {
      try database.read { db in
        let rows = try Row.fetchAll(
          db,
          sql: """
            SELECT from_stage, to_stage, count(*) AS number
            FROM delivery JOIN route ON route.id = route_id WHERE state = 0
            GROUP BY from_stage, to_stage
            """)
        return Dictionary(
          uniqueKeysWithValues: rows.map { row in
            (EdgeKey(from: row["from_stage"], to: row["to_stage"]), row["number"] as Int)
          })
      }
    }
  }

  /// Ends deliveries that wait on edges which the plan no longer has, or with another reuse key.
  ///
  /// - Returns: how many were superseded on each edge.
  public func supersedeStale() throws -> [EdgeKey: Int] {
    let wanted = routes.withLock { $0.edges }
    return try RunLedger.inWords {
      try database.write { db in
        var counts: [EdgeKey: Int] = [:]
        for row in try Row.fetchAll(db, sql: "SELECT id, from_stage, to_stage FROM route") {
          let route: Int64 = row["id"]
          if wanted[route] != nil { continue }
          try db.execute(
            sql: """
              UPDATE delivery SET state = 3, ended_run = ?, ended_at = ?
              WHERE route_id = ? AND state = 0
              """, arguments: [run, now(), route])
          guard db.changesCount > 0 else { continue }
          counts[EdgeKey(from: row["from_stage"], to: row["to_stage"]), default: 0] +=
            db.changesCount
        }
        return counts
      }
    }
  }

  /// Opens deliveries again whose look-ups would be answered otherwise now: a partner came after
  /// they were handled.
  ///
  /// - Returns: the edges of those opened.
  public func reopenStale() throws -> [EdgeKey] {
    let wanted = routes.withLock { $0.edges }
    return try RunLedger.inWords {
      try database.write { db in
        let rows = try Row.fetchAll(
          db,
          sql: """
            SELECT DISTINCT delivery.id AS id, route_id FROM lookup
            JOIN delivery ON delivery.id = lookup.delivery_id AND state = 1
            JOIN record AS given ON given.id = delivery.record_id AND given.superseded_by IS NULL
            LEFT JOIN record AS partner
              ON partner.identity = lookup.identity AND partner.superseded_by IS NULL
            WHERE partner.id IS NOT found_id
            """)
        var reopened: [EdgeKey] = []
        for row in rows {
          guard let edge = wanted[row["route_id"]] else { continue }
          try DeliveryReopening(db: db, run: run).open(row["id"], because: "look-up")
          reopened.append(edge)
        }
        return reopened
      }
    }
  }

  // One statement sees one state of the database, so the calls below need no transaction around it.

  /// Reads a stored record.
  ///
  /// - Throws: ``LedgerError`` with code `damaged` when it is not there or cannot be read.
  public func record(
    _ reference: LedgerReference, types: [SchemaID: RecordType]
  ) throws -> any StoredRecord {
    let row = try RunLedger.inWords {
      try database.unsafeRead { db in
        try Row.fetchOne(
          db.cachedStatement(
            sql: "SELECT schema, digest, payload, payload_sha256 FROM record WHERE id = ?"),
          arguments: [reference.number])
      }
    }
    guard let row, let schema = SchemaID(parsing: row["schema"]),
      let type = types.values.first(where: { $0.schema.name == schema.name }),
      type.schema.major == schema.major, let decode = type.decode
    else {
      throw LedgerError(
        .damaged, subject: "a stored record is missing or of a type this plan does not know",
        hint: "run with the pipeline and the version that made the data folder")
    }
    let payload: [UInt8]
    if let inline: Data = row["payload"] {
      payload = [UInt8](inline)
    } else {
      payload = try largePayload(sha256: row["payload_sha256"])
    }
    guard EncodedRecord.digest(of: payload, schema: row["schema"]) == row["digest"] else {
      throw LedgerError(changed: reference.number, schema: row["schema"])
    }
    do {
      return try decode(payload, contents.folder)
    } catch {
      throw LedgerError(
        .damaged, subject: "a stored record of \(schema) cannot be read",
        hint: "restore the data folder from its backup")
    }
  }

  private func largePayload(sha256: String?) throws -> [UInt8] {
    guard let sha256, let digest = ContentDigest(hexadecimal: sha256) else {
      throw LedgerError(
        .damaged, subject: "a stored record has no payload",
        hint: "restore the data folder from its backup")
    }
    do {
      return [UInt8](try Data(contentsOf: URL(filePath: contents.path(of: digest))))
    } catch {
      throw LedgerError(
        .damaged, subject: "the content \(digest) is missing",
        hint: "restore the data folder from its backup")
    }
  }

  /// The nearest ancestor of a record with a schema; the record itself counts.
  public func ancestor(of reference: LedgerReference, schema: SchemaID) throws -> LedgerReference? {
    try RunLedger.inWords {
      try database.unsafeRead { db in
        try Int64.fetchOne(
          db.cachedStatement(
            sql: """
              WITH RECURSIVE line(id, depth) AS (
                SELECT ?, 0 UNION
                SELECT provenance.parent_id, depth + 1 FROM provenance
                JOIN line ON provenance.record_id = line.id
                WHERE provenance.parent_id IS NOT NULL AND depth < 64)
              SELECT record.id FROM line JOIN record ON record.id = line.id
              WHERE record.schema LIKE ? || '/%' ORDER BY depth, record.id DESC LIMIT 1
              """), arguments: [reference.number, schema.name]
        ).map(LedgerReference.init(number:))
      }
    }
  }

  /// The current record of an identity, if there is one.
  public func current(_ identity: RecordIdentity) throws -> LedgerReference? {
    try RunLedger.inWords {
      try database.unsafeRead { db in
        try Int64.fetchOne(
          db.cachedStatement(
            sql: "SELECT id FROM record WHERE identity = ? AND superseded_by IS NULL"),
          arguments: [identity.text]
        ).map(LedgerReference.init(number:))
      }
    }
  }
}
