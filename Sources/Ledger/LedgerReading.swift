public import ClinicalRecords
import Foundation
import GRDB
public import StageKit

/// A data folder's ledger opened to be looked at, also while a run owns it.
public struct LedgerReading: Sendable {
  let database: DatabaseQueue
  let folder: DataFolder
  /// Whether the folder has the key of an audit chain.
  let hasAuditKey: Bool

  /// Opens the ledger of a data folder; one of an older format is brought to the present one first.
  ///
  /// - Throws: ``LedgerError``: `absent`, `damaged`, `newer` or `io`.
  public init(folder: DataFolder) throws {
    let path = "\(folder.privatePath)/ledger.sqlite"
    guard FileSystem.size(of: path) != nil else { throw LedgerError(absentIn: folder) }
    var configuration = Configuration()
    configuration.readonly = true
    configuration.busyMode = .timeout(10)
    try RunLedger.upgrade(folder)
    self.folder = folder
    hasAuditKey = FileSystem.size(of: "\(folder.privatePath)/audit-key.pub") != nil
    let name = try ReadingPlace.name(of: path, in: folder)
    database = try RunLedger.inWords {
      try DatabaseQueue(path: name, configuration: configuration)
    }
  }

  /// How the deliveries of all runs stand on each edge: those of the last plan in its order, then
  /// those that only earlier plans had.
  public func edgeCounts() throws -> [(edge: EdgeKey, counts: DeliveryCounts)] {
    try RunLedger.inWords {
      try database.read { db in
        let plan = try KeptPlan.read(db)
        let stored = try Row.fetchAll(
          db,
          sql:
            "SELECT from_stage, to_stage FROM route GROUP BY from_stage, to_stage ORDER BY min(id)"
        ).map { EdgeKey(from: $0["from_stage"], to: $0["to_stage"]) }
        let counts = try DeliveryStanding.counts(db)
        var edges: [(edge: EdgeKey, counts: DeliveryCounts)] = []
        for edge in plan.edges {
          if stored.contains(edge) {
            edges.append((edge, counts[edge, default: DeliveryCounts()]))
          } else if !plan.isSource(edge.from) {
            edges.append((edge, try DeliveryStanding.counts(db, ofDerived: edge)))
          }
        }
        let earlier = stored.filter { counts[$0] != nil && !plan.edges.contains($0) }
        return edges + earlier.map { ($0, counts[$0, default: DeliveryCounts()]) }
      }
    }
  }

  /// How the deliveries that were open in a run at some time stand on each edge that keeps them.
  public func deliveryCounts(of run: Int64? = nil) throws -> [EdgeKey: DeliveryCounts] {
    try RunLedger.inWords {
      try database.read { db in try DeliveryStanding.counts(db, of: run) }
    }
  }

  /// The runs of the folder, oldest first.
  public func runs() throws -> [RunEntry] {
    try RunLedger.inWords {
      try database.read { db in
        try Row.fetchAll(
          db, sql: "SELECT id, plan_digest, program, started_at, ended_at, outcome FROM run"
        ).map { row in
          RunEntry(
            number: row["id"], planDigest: row["plan_digest"], program: row["program"],
            startedAt: row["started_at"], endedAt: row["ended_at"], outcome: row["outcome"])
        }
      }
    }
  }

  /// The current records of a schema, as canonical JSON, ordered by identity.
  ///
  /// One payload is in memory at a time, and 8 bytes for each record.
  ///
  /// - Parameter body: is called with each payload.
  public func forEachCurrent(
    _ schema: SchemaID, _ body: (_ payload: [UInt8]) throws -> Void, contentFolder: String
  ) throws {
    try forEach(schema, "AND superseded_by IS NULL", body, contentFolder: contentFolder)
  }

  /// Every version of a schema's records there has been, also of those that were replaced or taken
  /// out, as canonical JSON, ordered by identity; one payload is in memory at a time.
  ///
  /// - Parameter body: is called with each payload.
  public func forEachVersion(
    of schema: SchemaID, _ body: (_ payload: [UInt8]) throws -> Void, contentFolder: String
  ) throws {
    try forEach(schema, "", body, contentFolder: contentFolder)
  }

  private func forEach(
    _ schema: SchemaID, _ condition: String, _ body: (_ payload: [UInt8]) throws -> Void,
    contentFolder: String
  ) throws {
    let records = try RunLedger.inWords {
      try database.read { db in
        try Int64.fetchAll(
          db,
          sql: """
            SELECT id FROM record WHERE schema LIKE ? || '/%' \(condition) ORDER BY identity, id
            """, arguments: [schema.name])
      }
    }
    for record in records {
      guard let payload = try payload(of: record, contentFolder: contentFolder) else { continue }
      try body(payload)
    }
  }

  /// The current records that a stage made, as canonical JSON, ordered by identity.
  public func payloads(madeBy stage: String, contentFolder: String) throws -> [[UInt8]] {
    let rows = try RunLedger.inWords {
      try database.read { db in
        try Row.fetchAll(
          db,
          sql: """
            SELECT id, schema, digest, payload, payload_sha256 FROM record WHERE superseded_by IS NULL
            AND id IN (SELECT record_id FROM provenance WHERE stage = ?) ORDER BY identity
            """, arguments: [stage])
      }
    }
    return try rows.compactMap { try LedgerReading.payload($0, contentFolder) }
  }

  /// A record's canonical JSON; `nil` when there is no such record.
  public func payload(of record: Int64, contentFolder: String) throws -> [UInt8]? {
    let row = try RunLedger.inWords {
      try database.read { db in
        try Row.fetchOne(
          db.cachedStatement(
            sql: "SELECT id, schema, digest, payload, payload_sha256 FROM record WHERE id = ?"),
          arguments: [record])
      }
    }
    return try row.flatMap { try LedgerReading.payload($0, contentFolder) }
  }

  /// - Throws: ``LedgerError`` with code `damaged` for one that is not what was written.
  private static func payload(_ row: Row, _ contentFolder: String) throws -> [UInt8]? {
    let payload: [UInt8]
    if let inline: Data = row["payload"] {
      payload = [UInt8](inline)
    } else {
      guard let digest = ContentDigest(hexadecimal: row["payload_sha256"] ?? "") else { return nil }
      let path = "\(contentFolder)/\(StoredContent.relativePath(of: digest))"
      payload = [UInt8](try Data(contentsOf: URL(filePath: path)))
    }
    guard EncodedRecord.digest(of: payload, schema: row["schema"]) == row["digest"] else {
      throw LedgerError(changed: row["id"], schema: row["schema"])
    }
    return payload
  }
}

/// One run of a data folder.
public struct RunEntry: Sendable, Codable {
  /// The run's number.
  public let number: Int64
  /// The SHA-256 of its plan.
  public let planDigest: String
  /// The program that ran it.
  public let program: String
  /// When it started, in seconds since 1970.
  public let startedAt: Double
  /// When it ended; `nil` while it runs or when it was killed.
  public let endedAt: Double?
  /// `completed`, `drained`, `interrupted` or `failed`.
  public let outcome: String?
}
