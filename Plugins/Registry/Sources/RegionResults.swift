import ClinicalRecords
import GRDB

/// The combined figures of each region at each session, kept level with its measurements.
struct RegionResults {
  let db: Database
  let study: Study

  /// One region at one session, with its current measurements.
  private struct Region {
    let place: Place
    let visit: RegionVisit
    let measurements: [Int64]
    var inputs: String { measurements.map(String.init).joined(separator: " ") }
  }

  /// Where figures of a region at a session stand.
  private struct Place: Hashable {
    let session: Int64
    let region: String
    let side: String

    init(_ row: Row) {
      session = row["session_id"]
      region = row["region"]
      side = row["side"]
    }
  }

  /// Computes the regions whose current measurements are not those their figures stand on.
  func update() throws {
    let regions = try regions()
    for region in regions where try standing(region) != region.inputs {
      try replace(region)
    }
    try takeBack(except: Set(regions.map(\.place)))
  }

  /// Takes the figures of regions back that no measurement stands for any more: each is missing
  /// from now on.
  private func takeBack(except measured: Set<Place>) throws {
    // Which regions are measured is asked once, not for each of their figures: the view looks
    // through every measurement.
    let figures = try Row.fetchCursor(
      db,
      sql: """
        SELECT session_id, region, side, quantity, hairs FROM result
        WHERE level = 'region_visit' AND superseded_by IS NULL AND inputs <> ''
        """)
    let rows = try Array(figures.filter { !measured.contains(Place($0)) }.map { $0.copy() })
    for row in rows {
      guard let quantity = HairQuantity(rawValue: row["quantity"]) else { continue }
      var result = ResultRow(
        level: "region_visit", region: row["region"], side: row["side"], quantity, row["hairs"],
        .missing("not_measured"), confidence: 0)
      result.session = row["session_id"]
      result.inputs = ""
      try result.insert(
        db,
        superseding: .region(session: row["session_id"], region: row["region"], side: row["side"]))
    }
  }

  private func regions() throws -> [Region] {
    let rows = try Row.fetchAll(
      db,
      sql: """
        SELECT a.session_id, a.region, a.side, v.subject, v.visit, s.session,
          json_group_array(m.id) AS measurements
        FROM current_measurement m JOIN acquisition a ON a.id = m.acquisition_id
          JOIN session s ON s.id = a.session_id JOIN visit v ON v.id = s.visit_id
        GROUP BY a.session_id, a.region, a.side
        ORDER BY v.subject, v.visit, s.session, a.region, a.side
        """)
    return try rows.map { row in
      let list: String = row["measurements"]
      return Region(
        place: Place(row),
        visit: RegionVisit(
          study: study.id, subject: row["subject"], visit: row["visit"], session: row["session"],
          region: row["region"], side: row["side"]),
        measurements: try RecordDecoder().decode([Int64].self, from: Array(list.utf8)).sorted())
    }
  }

  private func standing(_ region: Region) throws -> String? {
    try String.fetchOne(
      db,
      sql: """
        SELECT inputs FROM result WHERE session_id = ? AND region = ? AND side = ?
          AND superseded_by IS NULL LIMIT 1
        """, arguments: [region.place.session, region.visit.region, region.visit.side])
  }

  private func replace(_ region: Region) throws {
    var parts: [RegionPart] = []
    var acquisitions: [[Int]: Int64] = [:]
    for id in region.measurements {
      guard
        let row = try Row.fetchOne(
          db,
          sql: """
            SELECT m.document, a.id, a.image_ref, a.placement, a.field, a.attempt
            FROM measurement m JOIN acquisition a ON a.id = m.acquisition_id WHERE m.id = ?
            """, arguments: [id])
      else { continue }
      let document: String = row["document"]
      let key = ReleasedAcquisition(
        reference: row["image_ref"], study: study.id, subject: region.visit.subject,
        visit: region.visit.visit, studyDay: nil, session: region.visit.session,
        region: region.visit.region, side: region.visit.side, placement: row["placement"],
        field: row["field"], attempt: row["attempt"])
      acquisitions[[key.placement, key.field, key.attempt]] = row["id"]
      parts.append(
        RegionPart(
          try RecordDecoder().decode(ReleasedMeasurement.self, from: Array(document.utf8)),
          of: key))
    }
    let combined = RegionMeasurement.combine(parts, of: region.visit)
    for attempt in combined.attempts {
      guard let row = acquisitions[[attempt.placement, attempt.field, attempt.attempt]] else {
        continue
      }
      try RegistryRows(db: db, study: study).note(
        Disposition(attempt), of: .measurement, acquisition: row)
    }
    for figure in combined.figures {
      var result = ResultRow(
        level: "region_visit", region: region.visit.region, side: region.visit.side,
        figure.quantity, figure.hairs, figure.figure, confidence: combined.intervalLevel)
      result.session = region.place.session
      result.basis = figure.basis
      result.fieldCount = figure.fieldCount
      result.squareCentimetres = figure.squareCentimetres
      result.inputs = region.inputs
      for source in RegionFigure.Uncertainty.Source.allCases {
        result.standardErrors[source] = figure.standardError(source)
      }
      try result.insert(
        db,
        superseding: .region(
          session: region.place.session, region: region.visit.region, side: region.visit.side))
    }
  }
}
