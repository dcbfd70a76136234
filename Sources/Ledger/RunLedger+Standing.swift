import ClinicalRecords
import GRDB
public import StageKit
import Synchronization

extension RunLedger {
  /// The records delivered to a stage that stand, ordered by identity: what a projection is
  /// written from.
  ///
  /// A record *stands* when it is the current version of its identity and the plan, with the
  /// settings and versions it has now, made it: a stage that refuses today what it passed under
  /// older settings takes its old product back.
  public func standing(at stage: String, in flow: PlanFlow) throws -> [LedgerReference] {
    try given(to: stage, in: flow).map(\.reference)
  }

  /// What a sink is told at drain: which of its records stand, and what was set aside before it.
  ///
  /// A refused delivery is told by the records of the sink that share its source record, so that
  /// nothing of the refused record itself leaves the ledger; one that shares none is left out.
  public func account(before stage: String, in flow: PlanFlow) throws -> UpstreamAccount {
    UpstreamAccount(
      standing: Set(try given(to: stage, in: flow).map(\.identity)),
      setAside: try setAside(before: stage, in: flow),
      withdrawn: try withdrawn(from: stage)
        .merging(
          try leftByStagesGone(to: stage, in: flow).map { ($0, .stageGone) },
          uniquingKeysWith: { first, _ in first }))
  }

  /// Records of a stage that only a record of another identity supersedes, as
  /// ``settleRefiled(isComplete:listing:)`` and ``withdraw(_:by:reason:)`` leave them.
  private func withdrawn(from stage: String) throws -> [RecordIdentity: UpstreamAccount.Withdrawal]
  {
    try RunLedger.inWords {
      try database.read { db in
        let subjects = try Set(String.fetchAll(db, sql: "SELECT subject FROM withdrawn_subject"))
        let rows = try Row.fetchAll(
          db,
          sql: """
            \(Withdrawal.line)
            SELECT record.identity, later.identity AS source,
              max(record.id IN (SELECT id FROM line)) AS by_person
            FROM record
            JOIN record AS later ON later.id = record.superseded_by
              AND later.identity <> record.identity
            JOIN delivery ON delivery.record_id = record.id
            JOIN route ON route.id = delivery.route_id AND route.to_stage = ?
            WHERE NOT EXISTS (SELECT 1 FROM record AS current
              WHERE current.identity = record.identity AND current.superseded_by IS NULL)
            GROUP BY record.identity
            """, arguments: [stage])
        return Dictionary(
          uniqueKeysWithValues: rows.map { row in
            let subject = AcquisitionKey(of: RecordIdentity(row["source"]))?.subject
            let why: UpstreamAccount.Withdrawal =
              if row["by_person"] {
                subject.map(subjects.contains) == true ? .withSubject : .byPerson
              } else {
                .filedElsewhere
              }
            return (RecordIdentity(row["identity"]), why)
          })
      }
    }
  }

  /// Current records that a stage has only from stages that lie before it in the plan no more.
  private func leftByStagesGone(
    to stage: String, in flow: PlanFlow
  ) throws -> [RecordIdentity] {
    let inputs = JSONValue.array((flow.before[stage] ?? []).sorted().map { .string($0) }).text
    return try RunLedger.inWords {
      try database.read { db in
        let gone = try Int64.fetchAll(
          db,
          sql: """
            SELECT id FROM route WHERE to_stage = ?
            AND from_stage NOT IN (SELECT value FROM json_each(?))
            """, arguments: [stage, inputs])
        if gone.isEmpty { return [] }
        return try String.fetchAll(
          db,
          sql: """
            SELECT DISTINCT record.identity FROM delivery
            JOIN record ON record.id = delivery.record_id AND record.superseded_by IS NULL
            WHERE delivery.route_id IN (SELECT value FROM json_each(:gone))
            AND NOT EXISTS (SELECT 1 FROM delivery AS other
              JOIN route ON route.id = other.route_id AND route.to_stage = :stage
              WHERE other.record_id = record.id
                AND other.route_id NOT IN (SELECT value FROM json_each(:gone)))
            """,
          arguments: [
            "gone": JSONValue.array(gone.map { .integer($0) }).text, "stage": stage,
          ]
        ).map { RecordIdentity($0) }
      }
    }
  }

  private func given(
    to stage: String, in flow: PlanFlow
  ) throws -> [(reference: LedgerReference, identity: RecordIdentity)] {
    let arguments = arguments(stage, flow)
    return try RunLedger.inWords {
      try database.read { db in
        // Not all rows and then their values: a row takes a kilobyte.
        try Array(
          Row.fetchCursor(
            db,
            sql: """
              \(RunLedger.standingTables)
              SELECT DISTINCT record.id, record.identity FROM standing
              CROSS JOIN record ON record.id = standing.id
              CROSS JOIN delivery ON delivery.record_id = record.id AND delivery.state IN (0, 1)
              JOIN edge ON edge.id = delivery.route_id
              WHERE edge.to_stage = :stage ORDER BY record.identity, record.id
              """, arguments: arguments
          ).map { (LedgerReference(number: $0["id"]), RecordIdentity($0["identity"])) })
      }
    }
  }

  /// What was set aside before a stage; empty and cheap when nothing was.
  public func setAside(before stage: String, in flow: PlanFlow) throws -> [SetAside] {
    let arguments = arguments(stage, flow)
    return try RunLedger.inWords {
      try database.read { db in
        let isClean =
          try Bool.fetchOne(
            db, sql: "SELECT NOT EXISTS (SELECT 1 FROM delivery WHERE state = 2)") == true
        if isClean { return [] }
        return try Row.fetchAll(
          db, sql: RunLedger.setAsideStatement,
          arguments: arguments
        ).map { row in
          SetAside(
            identity: RecordIdentity(row["identity"]), stage: row["stage"],
            isHeld: flow.holds(row["stage"], for: row["reason"]), reason: row["reason"])
        }
      }
    }
  }

  /// The standing records that stages before a projection refused or failed on, by themselves;
  /// for projections that may identify.
  public func refused(before stage: String, in flow: PlanFlow) throws -> [Refused] {
    let arguments = arguments(stage, flow)
    return try RunLedger.inWords {
      try database.read { db in
        try Row.fetchAll(
          db,
          sql: """
            \(RunLedger.standingTables)
            SELECT DISTINCT record.identity, quarantine.stage, message, hint FROM refusal
            JOIN standing ON standing.id = refusal.record_id
            JOIN line ON line.stage = :stage AND line.other = refusal.stage
            JOIN record ON record.id = refusal.record_id
            JOIN quarantine ON quarantine.id =
              (SELECT max(id) FROM quarantine WHERE delivery_id = refusal.delivery_id)
            WHERE refusal.stage <> :stage ORDER BY record.identity, quarantine.stage
            """, arguments: arguments
        ).map {
          Refused(
            identity: RecordIdentity($0["identity"]), stage: $0["stage"], message: $0["message"],
            hint: $0["hint"])
        }
      }
    }
  }

  private func arguments(_ stage: String, _ flow: PlanFlow) -> StatementArguments {
    let routes = routes.withLock { $0.edges.keys.sorted() }
    let numbers = JSONValue.array(routes.map { .integer($0) }).text
    return ["routes": numbers, "lines": flow.lineRows, "stage": stage]
  }

  /// From the records of sources along the deliveries of the plan to everything that it made.
  ///
  /// A delivery that was refused made what the branches beside the refusing stage gave, and took
  /// back what came through it. The joins are crossed so that each step starts at one record: the
  /// ledger has no statistics, and in another order the whole table is read for each.
  private static let standingTables = """
    WITH RECURSIVE
    edge(id, to_stage) AS MATERIALIZED (
      SELECT route.id, route.to_stage FROM json_each(:routes) JOIN route ON route.id = value),
    line(stage, other) AS MATERIALIZED (
      SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(:lines)),
    refusal(delivery_id, record_id, stage, reason) AS MATERIALIZED (
      SELECT delivery.id, delivery.record_id, quarantine.stage,
        CASE WHEN delivery.purged IS NULL THEN quarantine.reason ELSE '\(SetAside.givenUp)' END
      FROM delivery
      JOIN edge ON edge.id = delivery.route_id
      JOIN quarantine ON quarantine.id =
        (SELECT max(id) FROM quarantine WHERE delivery_id = delivery.id)
      WHERE delivery.state = 2),
    standing(id) AS (
      SELECT record.id FROM provenance JOIN record ON record.id = provenance.record_id
      WHERE provenance.parent_id IS NULL AND record.superseded_by IS NULL
      UNION
      SELECT record.id FROM standing
      CROSS JOIN delivery ON delivery.record_id = standing.id AND delivery.state <> 3
      JOIN edge ON edge.id = delivery.route_id
      CROSS JOIN provenance ON provenance.delivery_id = delivery.id AND provenance.delivery_id <> 0
      CROSS JOIN record ON record.id = provenance.record_id AND record.superseded_by IS NULL
      WHERE NOT EXISTS (
        SELECT 1 FROM refusal JOIN line ON line.other = refusal.stage
        WHERE refusal.delivery_id = delivery.id AND line.stage = provenance.stage))
    """

  /// Refusals of standing records before a stage, each with every record of that stage that has a
  /// source record in common with it.
  private static let setAsideStatement = """
    \(standingTables),
    refused(record_id, stage, reason) AS MATERIALIZED (
      SELECT refusal.record_id, refusal.stage, refusal.reason FROM refusal
      JOIN standing ON standing.id = refusal.record_id
      JOIN line ON line.stage = :stage AND line.other = refusal.stage
      WHERE refusal.stage <> :stage),
    given(record_id, identity) AS MATERIALIZED (
      SELECT DISTINCT record.id, record.identity FROM delivery
      JOIN record ON record.id = delivery.record_id
      JOIN route ON route.id = delivery.route_id
      WHERE route.to_stage = :stage AND delivery.state IN (0, 1)),
    ancestry(start, id) AS (
      SELECT record_id, record_id FROM refused UNION SELECT record_id, record_id FROM given
      UNION
      SELECT ancestry.start, provenance.parent_id FROM ancestry
      CROSS JOIN provenance ON provenance.record_id = ancestry.id
      WHERE provenance.parent_id IS NOT NULL),
    root(start, identity) AS MATERIALIZED (
      SELECT DISTINCT ancestry.start, record.identity FROM ancestry
      CROSS JOIN record ON record.id = ancestry.id
      CROSS JOIN provenance ON provenance.record_id = record.id AND provenance.parent_id IS NULL)
    SELECT DISTINCT given.identity, refused.stage, refused.reason FROM refused
    JOIN root AS theirs ON theirs.start = refused.record_id
    JOIN root AS ours ON ours.identity = theirs.identity
    JOIN given ON given.record_id = ours.start
    ORDER BY given.identity, refused.stage, refused.reason
    """
}
