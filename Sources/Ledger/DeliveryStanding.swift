import ClinicalRecords
import GRDB

/// How a delivery stands: the one place that says what counts as set aside.
///
/// | word | a delivery |
/// |---|---|
/// | pending | that has not ended |
/// | done | that ended well |
/// | quarantined (set aside) | that a stage refused or failed on, and that waits for a person: of a record that has no newer version, not given up, and not handled since on the same edge under another key |
/// | purged (given up) | that was set aside, and that a person gave up |
/// | superseded | in whose place something newer stands: of its record, before it ended or since it was set aside, or of its way |
///
/// Every delivery is one of these, so that on each edge opened is their sum.
enum DeliveryStanding: String {
  case pending, done, quarantined, purged, superseded

  /// The word for a row of `delivery`.
  static let sql = """
    CASE delivery.state WHEN 0 THEN 'pending' WHEN 1 THEN 'done' WHEN 3 THEN 'superseded' ELSE
      CASE WHEN delivery.purged IS NOT NULL THEN 'purged'
        WHEN (SELECT superseded_by FROM record WHERE record.id = delivery.record_id) IS NOT NULL
          OR EXISTS (
            SELECT 1 FROM delivery AS later
            JOIN route AS theirs ON theirs.id = later.route_id
            JOIN route AS ours ON ours.id = delivery.route_id
            WHERE later.record_id = delivery.record_id
              AND theirs.from_stage = ours.from_stage AND theirs.to_stage = ours.to_stage
              AND max(later.opened_run, ifnull(later.reused_run, 0))
                > max(delivery.opened_run, ifnull(delivery.reused_run, 0)))
        THEN 'superseded' ELSE 'quarantined' END
    END
    """

  /// How many deliveries stand how on each edge.
  ///
  /// - Parameter run: only those that were open in this run at some time; all when `nil`.
  static func counts(_ db: Database, of run: Int64? = nil) throws -> [EdgeKey: DeliveryCounts] {
    var counts: [EdgeKey: DeliveryCounts] = [:]
    for row in try Row.fetchAll(
      db,
      sql: """
        SELECT from_stage, to_stage, \(sql) AS standing, count(*) AS number
        FROM delivery JOIN route ON route.id = route_id
        WHERE :run IS NULL OR opened_run = :run OR ended_run = :run OR state = 0
        GROUP BY from_stage, to_stage, standing
        """, arguments: ["run": run])
    {
      guard let standing = DeliveryStanding(rawValue: row["standing"]) else { continue }
      let edge = EdgeKey(from: row["from_stage"], to: row["to_stage"])
      counts[edge, default: DeliveryCounts()].add(row["number"], standing)
    }
    return counts
  }

  /// How many derived records went over an edge that keeps none of them.
  ///
  /// The delivery that a stretch began with knows the stages that it passed; one that a later stage
  /// of the stretch refused was done here.
  static func counts(_ db: Database, ofDerived edge: EdgeKey) throws -> DeliveryCounts {
    var counts = DeliveryCounts()
    let step = { (stage: String) in "\"stage\":\(JSONValue.string(stage).text)" }
    for row in try Row.fetchAll(
      db,
      sql: """
        SELECT \(sql) AS standing, count(*) AS number, state = 2 AND :to = (
          SELECT stage FROM quarantine WHERE delivery_id = delivery.id ORDER BY id DESC LIMIT 1
          ) AS is_refused_here
        FROM delivery JOIN route ON route.id = route_id
        WHERE state IN (1, 2) AND to_stage <> :to AND instr(journey, :first) > 0
          AND instr(journey, :second) > 0
        GROUP BY standing, is_refused_here
        """, arguments: ["to": edge.to, "first": step(edge.from), "second": step(edge.to)])
    {
      let isRefusedHere: Bool? = row["is_refused_here"]
      guard let standing = DeliveryStanding(rawValue: row["standing"]) else { continue }
      counts.add(row["number"], isRefusedHere == true ? standing : .done)
    }
    return counts
  }
}

extension DeliveryCounts {
  fileprivate mutating func add(_ number: Int, _ standing: DeliveryStanding) {
    opened += number
    switch standing {
    case .pending: pending += number
    case .done: done += number
    case .quarantined: quarantined += number
    case .purged: purged += number
    case .superseded: superseded += number
    }
  }
}

/// How many deliveries of an edge stand how.
public struct DeliveryCounts: Sendable, Codable, Equatable {
  /// All of them.
  public var opened = 0
  /// Ended well.
  public var done = 0
  /// Set aside: they wait for a person.
  public var quarantined = 0
  /// Set aside once, and given up by a person.
  public var purged = 0
  /// Something newer stands in their place.
  public var superseded = 0
  /// Not ended.
  public var pending = 0

  /// None of each.
  public init() {}

  /// Whether the sum holds: opened = done + quarantined + purged + superseded + pending.
  public var balances: Bool { opened == done + quarantined + purged + superseded + pending }

  /// Each number with that of other counts added.
  public static func + (left: DeliveryCounts, right: DeliveryCounts) -> DeliveryCounts {
    left.combined(with: right, +)
  }

  /// Each number with that of other counts taken away.
  public static func - (left: DeliveryCounts, right: DeliveryCounts) -> DeliveryCounts {
    left.combined(with: right, -)
  }

  private func combined(
    with other: DeliveryCounts, _ operation: (Int, Int) -> Int
  ) -> DeliveryCounts {
    var result = self
    for path: WritableKeyPath<DeliveryCounts, Int> in [
      \.opened, \.done, \.quarantined, \.purged, \.superseded, \.pending,
    ] {
      result[keyPath: path] = operation(self[keyPath: path], other[keyPath: path])
    }
    return result
  }
}
