import ClinicalRecords
import Crypto
import Foundation
import GRDB
public import StageKit
import Synchronization

/// Where a sink's effects go, as the ledger knows it.
public struct EffectDestination: Sendable, Hashable {
  /// Its row.
  public let number: Int64
  /// The destination's own id.
  public let name: String
  /// Whether it lies where things may leave: then every effect is in the audit chain.
  public let isExport: Bool
  /// Whether it can be asked for an effect: then what was sent is noted before each call.
  public let isAsked: Bool
}

/// An effect on one destination: which record it took.
public struct Effect: Sendable {
  /// Where it went.
  public let destination: EffectDestination
  /// What was taken.
  public let record: LedgerReference
  /// The delivery that brought it.
  public let delivery: Int64
  /// The stage that acted.
  public let stage: String

  /// Makes an effect.
  public init(
    destination: EffectDestination, record: LedgerReference, delivery: Int64, stage: String
  ) {
    self.destination = destination
    self.record = record
    self.delivery = delivery
    self.stage = stage
  }
}

/// What the ledger knows of an effect before it is brought about.
///
/// The *intent* is the delivery that waits on an edge into the sink: it was committed with what led
/// to it, so it costs nothing more. *Sent* is noted before the call of a destination that must be
/// asked, and of others when a delivery is superseded while it waits: only then it matters whether a
/// call began. *Confirmed* is one commit with the
/// delivery's end.
public enum EffectStanding: Sendable, Hashable {
  /// Nobody called for this key.
  case intended(EffectKey)
  /// A call began, and how it ended is not known.
  case sent(EffectKey)
  /// The destination's last version of this identity is this record.
  case confirmed
}

extension RunLedger {
  /// Finds or makes the row of a destination.
  ///
  /// - Parameters:
  ///   - name: the destination's own id.
  ///   - isExport: whether it lies where things may leave.
  ///   - isAsked: whether it can be asked for an effect.
  public func destination(
    _ name: String, isExport: Bool, isAsked: Bool = false
  ) throws -> EffectDestination {
    try RunLedger.inWords {
      try database.write { db in
        try db.execute(
          sql: "INSERT OR IGNORE INTO destination(name) VALUES (?)", arguments: [name])
        let number = try Int64.fetchOne(
          db, sql: "SELECT id FROM destination WHERE name = ?", arguments: [name])
        guard let number else { preconditionFailure("a row that was inserted is there") }
        return EffectDestination(
          number: number, name: name, isExport: isExport, isAsked: isAsked)
      }
    }
  }

  /// How an effect stands that a sink is about to bring about.
  ///
  /// - Parameters:
  ///   - record: what it would take.
  ///   - destination: where.
  public func standing(
    of record: LedgerReference, at destination: EffectDestination
  ) throws -> EffectStanding {
    try RunLedger.inWords {
      try database.read { db in
        let known = try EffectLog(db: db).last(record, at: destination)
        let last = known.effect
        if last?.record == record.number, last?.state == .confirmed { return .confirmed }
        let isSent = last?.record == record.number
        let version = (last?.version ?? 0) + (isSent ? 0 : 1)
        let text =
          "anagen effect 1\n\(destination.name)\n\(known.identity)\n"
          + "\(known.digest)\n\(version)\n"
        let key = EffectKey(
          destination: destination.name, identity: RecordIdentity(known.identity),
          version: Int(version),
          token: ContentDigest(bytes: SHA256.hash(data: Array(text.utf8))))
        return isSent ? .sent(key) : .intended(key)
      }
    }
  }
}

/// The states of an effect as the ledger keeps them; the intent is the delivery itself.
enum EffectState: Int {
  case sent = 1
  case confirmed = 2
}

/// Reads and writes effects within a transaction of its caller.
struct EffectLog {
  struct Last {
    let id: Int64
    let record: Int64
    let version: Int64
    let state: EffectState?
  }

  let db: Database

  /// The last effect of a record's identity at a destination, with the record's own digest.
  ///
  /// - Throws: ``LedgerError`` when there is no such record.
  func last(
    _ record: LedgerReference, at destination: EffectDestination
  ) throws -> (effect: Last?, identity: String, digest: String) {
    var last: Last?
    var names: (identity: String, digest: String)?
    // Nearly always one row, so the latest is looked for here: an ORDER BY would set up a sorter.
    try CommitStatements(db: db).rows(
      of: """
        SELECT effect.id, effect.record_id, version, state, this.identity, this.digest
        FROM record AS this JOIN record AS other ON other.identity = this.identity
        LEFT JOIN effect ON effect.record_id = other.id AND destination_id = ?
        WHERE this.id = ?
        """, destination.number, record.number
    ) { row in
      names = names ?? (row.text(4), row.text(5))
      guard !row.isNull(0), row.integer(2) > last?.version ?? 0 else { return }
      last = Last(
        id: row.integer(0), record: row.integer(1), version: row.integer(2),
        state: EffectState(rawValue: Int(row.integer(3))))
    }
    guard let names else {
      throw LedgerError(
        .damaged, subject: "a stored record is missing",
        hint: "restore the data folder from its backup")
    }
    return (last, names.identity, names.digest)
  }

  /// A call of the destination is about to begin.
  func send(_ effect: Effect, run: Int64, at now: Double) throws {
    let last = try last(effect.record, at: effect.destination).effect
    if last?.record == effect.record.number { return }
    try insert(effect, version: (last?.version ?? 0) + 1, .sent, run: run, at: now, audit: nil)
  }

  /// The destination took the record.
  ///
  /// - Parameter audit: gives the number of the audit entry that tells of it, for the record's
  ///   digest.
  func confirm(
    _ effect: Effect, run: Int64, at now: Double, audit: (_ digest: String) throws -> Int64?
  ) throws {
    let (last, _, digest) = try last(effect.record, at: effect.destination)
    guard last?.record == effect.record.number else {
      return try insert(
        effect, version: (last?.version ?? 0) + 1, .confirmed, run: run, at: now,
        audit: audit(digest))
    }
    guard let last, last.state == .sent else { return }
    try CommitStatements(db: db).run(
      "UPDATE effect SET state = 2, run_id = ?, at = ?, audit = ? WHERE id = ?", run, now,
      audit(digest), last.id)
  }

  private func insert(
    _ effect: Effect, version: Int64, _ state: EffectState, run: Int64, at now: Double,
    audit: Int64?
  ) throws {
    try CommitStatements(db: db).run(
      """
      INSERT INTO effect(destination_id, record_id, version, state, delivery_id, run_id, at, audit)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?)
      """, effect.destination.number, effect.record.number, version, state.rawValue,
      effect.delivery, run, now, audit)
  }
}

extension RunLedger {
  /// Notes that a projection is about to be written where it may leave, from these records.
  ///
  /// The same records under the same settings again are no new export: a run that changes nothing
  /// leaves the chain, and so the manifest that carries its head, as they are.
  ///
  /// - Parameters:
  ///   - stage: the projection.
  ///   - records: what it is written from, in order.
  ///   - withdrawn: how many of them, at the end, are told as withdrawn.
  public func exportProjection(
    _ stage: String, records: [LedgerReference], withdrawn: Int = 0
  ) throws {
    let routes = routes.withLock { $0.into(stage) }
    try RunLedger.inWords {
      try database.write { db in
        var hash = SHA256()
        // A route stands for the stage's settings: its key covers them.
        for route in routes { hash.update(data: Array("\(route.edge) \(route.id)\n".utf8)) }
        for record in records {
          let digest = try String.fetchOne(
            db.cachedStatement(sql: "SELECT digest FROM record WHERE id = ?"),
            arguments: [record.number])
          hash.update(data: Array("\(digest ?? "")\n".utf8))
        }
        if withdrawn > 0 { hash.update(data: Array("withdrawn \(withdrawn)\n".utf8)) }
        let digest = ContentDigest(bytes: hash.finalize()).hexadecimal
        let last = try String.fetchOne(
          db, sql: "SELECT digest FROM projection WHERE stage = ?", arguments: [stage])
        if last == digest { return }
        let sequence = try AuditWriter(db: db, actor: actor, now: now()).append(
          AuditAction(
            name: .exportWritten,
            what: [
              .init("stage", .string(stage)), .init("run", .integer(run)),
              .init("plan", .string(planDigest)), .init("records", .integer(Int64(records.count))),
              .init("sha256", .string(digest)),
            ]))
        try db.execute(
          sql: "INSERT OR REPLACE INTO projection(stage, digest, audit) VALUES (?, ?, ?)",
          arguments: [stage, digest, sequence])
      }
    }
  }
}
