public import ClinicalRecords
import Foundation
import GRDB
import StageKit

/// What giving a delivery up took with it.
public struct PurgedDelivery: Sendable, Codable {
  /// The delivery's number.
  public let delivery: Int64
  /// Whether nothing else refers to its record, so that the record was withdrawn.
  public let isRecordWithdrawn: Bool
  /// The contents that were removed from the disk.
  public let contents: [ContentDigest]
}

extension RunLedger {
  /// Opens deliveries again that were set aside; the next run, or the live one, takes them.
  ///
  /// With a stage, each re-enters there instead: the delivery on its way that began at that stage is
  /// opened, and the one that was set aside ends as superseded, to be opened again by what comes of
  /// it. All of them or none; the audit entry is in the same commit. Called, as commits are, by one
  /// thread at a time.
  ///
  /// - Parameters:
  ///   - numbers: the deliveries, as `quarantine list` shows them.
  ///   - stage: where on their way they re-enter; where they were set aside when `nil`.
  ///   - actor: who decides.
  ///   - reason: why, in the decider's words.
  /// - Returns: what is open now, for the inboxes of a live run.
  /// - Throws: ``LedgerError`` with code `notSetAside` for a number that cannot be released so.
  public func release(
    _ numbers: [Int64], from stage: String? = nil, by actor: String, reason: String?
  ) throws -> [LedgerOutcome.Opened] {
    try RunLedger.inWords {
      try database.write { db in
        let step = QuarantineStep(db: db)
        let planned = try step.plannedEdges()
        var entries: [SetAsideDelivery] = []
        let numbers = numbers.uniqued()
        for number in numbers {
          let delivery = try step.setAside(number)
          let entry = try stage.map { try step.ancestor(of: delivery, at: $0) } ?? delivery
          guard planned.contains(entry.edge) else {
            throw LedgerError(stageGone: entry.number, on: entry.edge)
          }
          entries.append(entry)
        }
        var what: [JSONValue.Member] = [
          .init("deliveries", .array(numbers.map { .integer($0) })),
          .init("opened", .array(entries.map { .integer($0.number) })), .init("run", .integer(run)),
        ]
        if let stage { what.append(.init("from", .string(stage))) }
        let time = now()
        let sequence = try AuditWriter(db: db, actor: actor, now: time).append(
          AuditAction(name: .released, reason: reason, what: what))
        for (number, entry) in zip(numbers, entries) {
          if entry.number != number { try step.supersede(number, run: run, at: time) }
          try step.decide(
            "released", on: number, stage: stage, by: actor, reason: reason, at: time, sequence)
        }
        return try entries.uniqued().map { entry in
          try step.open(entry.number, run: run)
          return LedgerOutcome.Opened(
            delivery: entry.number, edge: entry.edge,
            record: LedgerReference(number: entry.record))
        }
      }
    }
  }

  /// Gives deliveries up that were set aside: none of them is tried or listed again.
  ///
  /// A record that nothing else refers to is withdrawn with its contents: one that a stage made,
  /// whose other deliveries are given up or superseded too, of which nothing was made, and which no
  /// sink took. What a source handed over, the original of a captured image above all, always stays.
  /// All of them or none; the audit entry is in the same commit. Reads every record once when there
  /// are contents to remove. Called, as commits are, by one thread at a time.
  ///
  /// - Throws: ``LedgerError`` with code `notSetAside` for a number that cannot be given up, `io`
  ///   when a content cannot be removed.
  public func purge(
    _ numbers: [Int64], by actor: String, reason: String
  ) throws -> [PurgedDelivery] {
    let purged = try RunLedger.inWords {
      try database.write { db in
        let step = QuarantineStep(db: db)
        let numbers = numbers.uniqued()
        let deliveries = try numbers.map { try step.setAside($0) }
        let time = now()
        let sequence = try AuditWriter(db: db, actor: actor, now: time).append(
          AuditAction(
            name: .purged, reason: reason,
            what: [
              .init("deliveries", .array(numbers.map { .integer($0) })),
              .init("run", .integer(run)),
            ]))
        for delivery in deliveries {
          try db.execute(
            sql: "UPDATE delivery SET purged = ? WHERE id = ?",
            arguments: [sequence, delivery.number])
          try step.decide(
            "purged", on: delivery.number, stage: nil, by: actor, reason: reason, at: time,
            sequence)
        }
        return try deliveries.map { delivery in
          let contents = try step.withdraw(delivery.record, from: self.contents)
          return PurgedDelivery(
            delivery: delivery.number, isRecordWithdrawn: contents != nil, contents: contents ?? [])
        }
      }
    }
    // After the commit: a crash in between leaves a file that nothing refers to, never a record
    // without its content.
    for content in purged.flatMap(\.contents) { try self.contents.remove(content) }
    return purged
  }
}

/// A delivery that is set aside, or one on its way.
struct SetAsideDelivery: Hashable {
  let number: Int64
  let edge: EdgeKey
  let record: Int64
}

extension Array where Element: Hashable {
  /// Each element where it stands first.
  func uniqued() -> [Element] {
    var seen: Set<Element> = []
    return filter { seen.insert($0).inserted }
  }
}

/// The work of one decision's transaction.
struct QuarantineStep {
  let db: Database

  /// The delivery of a number, which must be set aside.
  func setAside(_ number: Int64) throws -> SetAsideDelivery {
    let row = try Row.fetchOne(
      db,
      sql: """
        SELECT from_stage, to_stage, state, delivery.record_id AS record_id, superseded_by,
          EXISTS (SELECT 1 FROM withdrawal WHERE withdrawal.record_id = superseded_by)
            AS is_withdrawn,
          \(DeliveryStanding.sql) AS standing
        FROM delivery JOIN route ON route.id = route_id
        JOIN record ON record.id = delivery.record_id WHERE delivery.id = ?
        """, arguments: [number])
    guard let row else {
      throw LedgerError(
        .notSetAside, subject: "nothing is set aside under \(number)",
        hint: "'anagen quarantine list' shows the numbers")
    }
    let wasSetAside = row["state"] as Int == DeliveryState.quarantined.rawValue
    let hasNewer = (row["superseded_by"] as Int64?) != nil
    if row["is_withdrawn"] as Bool {
      throw LedgerError(
        .notSetAside, subject: "delivery \(number) is of a picture that was withdrawn",
        hint: "'anagen explain \(number)' tells by whom and why, 'anagen withdraw --undo' lets it "
          + "come back")
    }
    let why: String? =
      switch DeliveryStanding(rawValue: row["standing"]) {
      case .quarantined: nil
      case .pending: "waits already: it was released"
      case .done: "is done"
      case .purged: "was given up before"
      case .superseded where !wasSetAside:
        "ended as superseded: a newer version of its record, or its release, came"
      case .superseded:
        hasNewer
          ? "is of a record that has a newer version"
          : "was handled since with other settings, as 'anagen explain' tells"
      case nil: "is in a state of a newer version"
      }
    if let why {
      throw LedgerError(
        .notSetAside, subject: "delivery \(number) \(why)",
        hint: "'anagen quarantine list' shows what is set aside")
    }
    return SetAsideDelivery(
      number: number, edge: EdgeKey(from: row["from_stage"], to: row["to_stage"]),
      record: row["record_id"])
  }

  /// The edges of the last run's plan.
  func plannedEdges() throws -> Set<EdgeKey> {
    Set(try KeptPlan.read(db).edges)
  }

  /// The delivery on the way of `delivery` that began at a stage; itself when it begins there.
  func ancestor(of delivery: SetAsideDelivery, at stage: String) throws -> SetAsideDelivery {
    if delivery.edge.to == stage { return delivery }
    let rows = try Row.fetchAll(
      db,
      sql: """
        WITH RECURSIVE way(delivery, record, depth) AS (
          SELECT id, record_id, 0 FROM delivery WHERE id = ? UNION
          SELECT earlier.id, earlier.record_id, depth + 1 FROM way
          JOIN provenance ON provenance.record_id = way.record
          JOIN delivery AS earlier ON earlier.id = provenance.delivery_id WHERE depth < 64)
        SELECT DISTINCT delivery.id AS id, from_stage, to_stage, record_id, state, depth FROM way
        JOIN delivery ON delivery.id = way.delivery JOIN route ON route.id = route_id
        JOIN record ON record.id = delivery.record_id
        WHERE depth > 0 AND superseded_by IS NULL ORDER BY depth, delivery.id DESC
        """, arguments: [delivery.number])
    guard let row = rows.first(where: { ($0["to_stage"] as String) == stage }) else {
      let stages = ([delivery.edge.to] + rows.map { $0["to_stage"] as String }).uniqued()
      throw LedgerError(
        .notSetAside, subject: "delivery \(delivery.number) cannot re-enter at '\(stage)'",
        hint: "a stored record enters at \(stages.joined(separator: ", ")): name one of these")
    }
    guard row["state"] as Int == DeliveryState.done.rawValue else {
      throw LedgerError(
        .notSetAside,
        subject: "what delivery \(delivery.number) came of is not done at '\(stage)'",
        hint: "leave --from out, or release what is set aside there")
    }
    return SetAsideDelivery(
      number: row["id"], edge: EdgeKey(from: row["from_stage"], to: row["to_stage"]),
      record: row["record_id"])
  }

  /// Opens a delivery again; one that the program died with still runs alone.
  ///
  /// - Parameter why: what `explain` says of it.
  func open(_ delivery: Int64, run: Int64, because why: String = "somebody released it") throws {
    try DeliveryReopening(db: db, run: run).open(delivery, because: why)
    try db.execute(
      sql: "UPDATE delivery SET suspect = crashes > 0, crashes = 0 WHERE id = ?",
      arguments: [delivery])
  }

  /// Ends a delivery whose way is gone again from an earlier stage.
  func supersede(_ delivery: Int64, run: Int64, at time: Double) throws {
    try db.execute(
      sql: "UPDATE delivery SET state = 3, ended_run = ?, ended_at = ? WHERE id = ?",
      arguments: [run, time, delivery])
  }

  func decide(
    _ action: String, on delivery: Int64, stage: String?, by actor: String, reason: String?,
    at time: Double, _ audit: Int64
  ) throws {
    try db.execute(
      sql: """
        INSERT INTO decision(delivery_id, action, stage, at, actor, reason, audit)
        VALUES (?, ?, ?, ?, ?, ?, ?)
        """, arguments: [delivery, action, stage, time, actor, reason, audit])
  }

  /// Withdraws a record that nothing else refers to, and gives the contents that only it had;
  /// `nil` when it stays.
  func withdraw(_ record: Int64, from store: ContentStore) throws -> [ContentDigest]? {
    let isNeeded =
      try Bool.fetchOne(
        db,
        sql: """
          SELECT EXISTS (SELECT 1 FROM provenance WHERE record_id = ?1 AND parent_id IS NULL)
            OR EXISTS (SELECT 1 FROM provenance WHERE parent_id = ?1)
            OR EXISTS (SELECT 1 FROM effect WHERE record_id = ?1)
            OR EXISTS (SELECT 1 FROM delivery WHERE record_id = ?1 AND state <> 3 AND purged IS NULL)
          """, arguments: [record]) ?? true
    if isNeeded { return nil }
    let mine = try mentions(in: record, store).filter {
      FileSystem.size(of: store.path(of: $0)) != nil
    }
    // Of no version: whoever looks the identity up finds nothing, and a repeat makes it anew.
    try db.execute(sql: "UPDATE record SET superseded_by = id WHERE id = ?", arguments: [record])
    if mine.isEmpty { return [] }
    var kept: Set<ContentDigest> = []
    let others = try Int64.fetchCursor(
      db, sql: "SELECT id FROM record WHERE id <> ? AND superseded_by IS NOT id",
      arguments: [record])
    while let other = try others.next() { kept.formUnion(try mentions(in: other, store)) }
    return mine.subtracting(kept).sorted { $0.hexadecimal < $1.hexadecimal }
  }

  /// Every SHA-256 that stands in a record's payload, and that of a payload that is a content.
  private func mentions(in record: Int64, _ store: ContentStore) throws -> Set<ContentDigest> {
    let row = try Row.fetchOne(
      db.cachedStatement(sql: "SELECT payload, payload_sha256 FROM record WHERE id = ?"),
      arguments: [record])
    var found: Set<ContentDigest> = []
    var payload: Data = row?["payload"] ?? Data()
    if let digest = ContentDigest(hexadecimal: row?["payload_sha256"] ?? "") {
      found.insert(digest)
      do {
        payload = try Data(contentsOf: URL(filePath: store.path(of: digest)))
      } catch {
        throw LedgerError(
          .damaged, subject: "the content \(digest) is missing",
          hint: "restore the data folder from its backup")
      }
    }
    for word in payload.split(separator: UInt8(ascii: "\"")) where word.count == 64 {
      if let digest = ContentDigest(hexadecimal: String(decoding: word, as: UTF8.self)) {
        found.insert(digest)
      }
    }
    return found
  }
}

extension LedgerError {
  init(stageGone delivery: Int64, on edge: EdgeKey) {
    self.init(
      .notSetAside,
      subject: "delivery \(delivery) waits for '\(edge.to)' on the edge \(edge), "
        + "which the last run's plan does not have",
      hint: "run the pipeline that has it once, then release; or purge it with a reason")
  }
}
