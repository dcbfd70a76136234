import ClinicalRecords
import GRDB
import StageKit

/// One thing that happened to a delivery that was set aside at least once.
public struct QuarantineEvent: Sendable, Codable {
  /// What happened.
  public enum Kind: String, Sendable, Codable {
    /// A stage refused it, or its attempts were used up.
    case setAside = "set_aside"
    /// Somebody looked at what it is held for, and lets that pass.
    case approved
    /// Somebody opened it again.
    case released
    /// Somebody gave it up.
    case purged
  }

  /// What happened.
  public let kind: Kind
  /// When, in seconds since 1970.
  public let at: Double
  /// Why it was set aside.
  public let failure: DeliveryFailure?
  /// How many attempts that took.
  public let attempts: Int?
  /// The run in which it was set aside.
  public let run: Int64?
  /// Who decided.
  public let by: String?
  /// Why, in the decider's words.
  public let reason: String?
  /// Where it was to re-enter, when that was not where it was set aside.
  public let stage: String?
}

extension LedgerReading {
  /// Every delivery that is set aside, as ``DeliveryCounts/quarantined`` counts them, oldest first.
  public func quarantined() throws -> [QuarantinedDelivery] {
    try deliveries(where: "state = 2 AND (\(DeliveryStanding.sql)) = 'quarantined'")
  }

  /// A delivery that was set aside at least once, with its last failure, whatever became of it
  /// since; `nil` when there is none of that number.
  public func onceQuarantined(_ delivery: Int64) throws -> QuarantinedDelivery? {
    try deliveries(where: "delivery.id = ?", [delivery]).first
  }

  /// Why a delivery that is set aside can be neither approved nor released, where that is so: the
  /// last run's plan has no such edge.
  public func stageGone(for delivery: QuarantinedDelivery) throws -> LedgerError? {
    try RunLedger.inWords {
      try database.read { db in
        try KeptPlan.read(db).edges.contains(delivery.edge)
          ? nil : LedgerError(stageGone: delivery.delivery, on: delivery.edge)
      }
    }
  }

  private func deliveries(
    where condition: String, _ arguments: StatementArguments = []
  ) throws -> [QuarantinedDelivery] {
    try RunLedger.inWords {
      try database.read { db in
        try Row.fetchAll(
          db,
          sql: """
            SELECT delivery.id AS id, from_stage, to_stage, identity, schema, stage, class,
              reason, message, hint, finding, delivery.attempts AS attempts, at, run_id
            FROM delivery JOIN route ON route.id = route_id
            JOIN record ON record.id = delivery.record_id
            JOIN quarantine ON quarantine.id =
              (SELECT max(id) FROM quarantine WHERE delivery_id = delivery.id)
            WHERE \(condition) ORDER BY delivery.id
            """, arguments: arguments
        ).map { row in
          try QuarantinedDelivery(
            delivery: row["id"], edge: EdgeKey(from: row["from_stage"], to: row["to_stage"]),
            identity: row["identity"], schema: row["schema"], failure: failure(of: row),
            attempts: row["attempts"], at: row["at"], run: row["run_id"])
        }
      }
    }
  }

  /// What happened to a delivery since it was first set aside, oldest first; empty for one that
  /// never was.
  public func quarantineHistory(of delivery: Int64) throws -> [QuarantineEvent] {
    try RunLedger.inWords { try database.read { db in try history(db, of: delivery) } }
  }

  func history(_ db: Database, of delivery: Int64) throws -> [QuarantineEvent] {
    var events = try Row.fetchAll(
      db, sql: "SELECT * FROM quarantine WHERE delivery_id = ? ORDER BY id",
      arguments: [delivery]
    ).map { row in
      try QuarantineEvent(
        kind: .setAside, at: row["at"], failure: failure(of: row),
        attempts: row["attempts"], run: row["run_id"], by: nil, reason: nil, stage: nil)
    }
    events += try Row.fetchAll(
      db, sql: "SELECT * FROM decision WHERE delivery_id = ? ORDER BY id", arguments: [delivery]
    ).compactMap { row in
      QuarantineEvent.Kind(rawValue: row["action"]).map { kind in
        QuarantineEvent(
          kind: kind, at: row["at"], failure: nil, attempts: nil, run: nil, by: row["actor"],
          reason: row["reason"], stage: row["stage"])
      }
    }
    return events.sorted { $0.at < $1.at }
  }

  private func failure(of row: Row) throws -> DeliveryFailure {
    try DeliveryFailure(
      stage: row["stage"], failureClass: row["class"], reason: row["reason"],
      message: row["message"], hint: row["hint"], finding: PictureFinding(text: row["finding"]))
  }
}
