import ClinicalRecords
import GRDB

/// One row of `result`.
struct ResultRow {
  /// What older rows a new one takes the place of, by quantity and hairs.
  enum Predecessor {
    case measurement(Int64)
    case region(session: Int64, region: String, side: String)
  }

  let level: String
  let region: String
  let side: String
  let quantity: HairQuantity
  let hairs: String
  let figure: Figure
  let confidence: Double
  var measurement: Int64?
  var session: Int64?
  var basis: FigureBasis?
  var fieldCount: Int?
  var squareCentimetres: Double?
  var standardErrors: [RegionFigure.Uncertainty.Source: Double] = [:]
  var inputs: String?

  init(
    level: String, region: String, side: String, _ quantity: HairQuantity, _ hairs: String,
    _ figure: Figure, confidence: Double
  ) {
    self.level = level
    self.region = region
    self.side = side
    self.quantity = quantity
    self.hairs = hairs
    self.figure = figure
    self.confidence = confidence
  }

  /// Inserts the row and marks the current row of the same figure as superseded by it.
  func insert(_ db: Database, superseding predecessor: Predecessor?) throws {
    let old = try predecessor.flatMap { try current($0, in: db) }
    var value: Figure.Value?
    var reason: String?
    switch figure {
    case .known(let known): value = known
    case .missing(let why): reason = why
    }
    let statement = try db.cachedStatement(
      sql: """
        INSERT INTO result(level, measurement_id, session_id, region, side, quantity, hairs, value,
          unit, low, high, level_of_confidence, interval_kind, se_detection, se_placement, se_scale,
          se_sampling, n_hairs, n_unresolved, caution, n_fields, area_cm2, missing_reason, inputs)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """)
    let hasInterval = value?.low != nil
    try statement.execute(arguments: [
      level, measurement, session, region, side, quantity.rawValue, hairs, value?.value,
      quantity.unit, value?.low, value?.high, hasInterval ? confidence : nil, value?.interval,
      standardErrors[.detection], standardErrors[.placement], standardErrors[.scale],
      standardErrors[.sampling], basis?.hairCount, basis?.unresolvedCount, basis?.caution,
      fieldCount, squareCentimetres, reason, inputs,
    ])
    if let old {
      try db.execute(
        sql: "UPDATE result SET superseded_by = ? WHERE id = ?",
        arguments: [db.lastInsertedRowID, old])
    }
  }

  private func current(_ predecessor: Predecessor, in db: Database) throws -> Int64? {
    let (condition, arguments): (String, StatementArguments) =
      switch predecessor {
      case .measurement(let id): ("measurement_id = ?", [id])
      case .region(let session, let region, let side):
        ("session_id = ? AND region = ? AND side = ?", [session, region, side])
      }
    return try Int64.fetchOne(
      db,
      sql: """
        SELECT id FROM result WHERE \(condition) AND quantity = ? AND hairs = ?
          AND superseded_by IS NULL
        """, arguments: arguments + [quantity.rawValue, hairs])
  }
}
