import ClinicalRecords
import GRDB
import StageKit

/// Writes the rows of one released record, inside the caller's transaction.
struct RegistryRows {
  let db: Database
  let study: Study

  /// The acquisition's row, with its subject, visit and session, made when they are not there.
  func acquisition(_ acquisition: ReleasedAcquisition) throws -> Int64 {
    let visit = try visit(acquisition)
    let session = try session(acquisition.session, visit: visit)
    let key: StatementArguments = [
      session, acquisition.region, acquisition.side, acquisition.placement, acquisition.field,
      acquisition.attempt,
    ]
    let row = try Row.fetchOne(
      db,
      sql: """
        SELECT id, image_ref FROM acquisition WHERE session_id = ? AND region = ? AND side = ?
          AND placement = ? AND field = ? AND attempt = ?
        """, arguments: key)
    if let row {
      guard row["image_ref"] == acquisition.reference else {
        throw StageError(
          .record, "reference_differs",
          subject: "an acquisition is filed already under another pseudonym key",
          hint: "use the key of the first release, or a new registry")
      }
      return row["id"]
    }
    try db.execute(
      sql: """
        INSERT INTO acquisition(session_id, region, side, placement, field, attempt, image_ref)
        VALUES (?, ?, ?, ?, ?, ?, ?)
        """, arguments: key + [acquisition.reference])
    return db.lastInsertedRowID
  }

  /// Files a measurement with its hairs and figures; what it corrects is marked as superseded.
  func insert(
    _ measurement: ReleasedMeasurement, of acquisition: ReleasedAcquisition,
    acquisition row: Int64
  ) throws {
    let parent = try Int64.fetchOne(
      db, sql: "SELECT max(id) FROM measurement WHERE acquisition_id = ?", arguments: [row])
    let id = try insertMeasurement(measurement, acquisition: row, parent: parent)
    try insertHairs(measurement.hairs, measurement: id)
    if let parent {
      try Correction(table: "measurement", row: id, column: "parent_id").write(
        db, old: nil, new: String(parent), reason: try whatDiffers(parent, id))
    }
    try note(Disposition(measurement.quality), of: .measurement, acquisition: row)
    for entry in measurement.summary.entries {
      var result = ResultRow(
        level: "image", region: acquisition.region, side: acquisition.side, entry.quantity,
        entry.hairs, entry.figure, confidence: measurement.intervalLevel)
      result.measurement = id
      result.fieldCount = 1
      result.squareCentimetres = measurement.measuredArea.squareCentimetres
      result.basis = FigureBasis(
        entry.quantity, hairs: entry.hairs, of: measurement.hairs, cutOffs: measurement.cutOffs)
      try result.insert(db, superseding: parent.map { .measurement($0) })
    }
  }

  /// Files a released picture; the one it replaces is marked as superseded.
  ///
  /// - Parameter removals: what was done to it, and what a person let pass.
  func insert(_ image: ReleasedImage, after removals: [Removal], acquisition row: Int64) throws {
    let old = try Int64.fetchOne(
      db, sql: "SELECT max(id) FROM image WHERE acquisition_id = ?", arguments: [row])
    try db.execute(
      sql: """
        INSERT INTO image(acquisition_id, name, sha256, bytes, media_type, width, height)
        VALUES (?, ?, ?, ?, ?, ?, ?)
        """,
      arguments: [
        row, image.name, image.picture.sha256.hexadecimal, image.picture.byteCount,
        image.picture.mediaType, image.width, image.height,
      ])
    if let old {
      try db.execute(
        sql: "UPDATE image SET superseded_by = ? WHERE id = ?",
        arguments: [db.lastInsertedRowID, old])
    }
    try note(Disposition(picture: removals), of: .picture, acquisition: row)
  }

  /// Notes what became of a part of an acquisition, when that is new.
  func note(
    _ disposition: Disposition, of part: Disposition.Part, acquisition: Int64
  ) throws {
    let last = try Row.fetchOne(
      db,
      sql: """
        SELECT state, reason, "by" FROM disposition WHERE acquisition_id = ? AND part = ?
        ORDER BY id DESC LIMIT 1
        """, arguments: [acquisition, part.rawValue])
    if let last, last["state"] == disposition.state.rawValue, last["reason"] == disposition.reason,
      last["by"] == disposition.by
    {
      return
    }
    try db.execute(
      sql: """
        INSERT INTO disposition(acquisition_id, part, state, reason, "by", role)
        VALUES (?, ?, ?, ?, ?, ?)
        """,
      arguments: [
        acquisition, part.rawValue, disposition.state.rawValue, disposition.reason, disposition.by,
        disposition.by == "anagen" ? "program" : "stage",
      ])
  }

  // MARK: - Where an acquisition belongs

  private func visit(_ acquisition: ReleasedAcquisition) throws -> Int64 {
    try db.execute(
      sql: "INSERT OR IGNORE INTO subject(subject, site) VALUES (?, ?)",
      arguments: [acquisition.subject, study.siteCode(of: acquisition.subject)])
    let known = try Row.fetchOne(
      db, sql: "SELECT id, study_day FROM visit WHERE subject = ? AND visit = ?",
      arguments: [acquisition.subject, acquisition.visit])
    let offset = study.windowOffset(visit: acquisition.visit, studyDay: acquisition.studyDay)
    guard let known else {
      try db.execute(
        sql: """
          INSERT INTO visit(subject, visit, study_day, window_offset, status)
          VALUES (?, ?, ?, ?, 'done')
          """,
        arguments: [acquisition.subject, acquisition.visit, acquisition.studyDay, offset])
      return db.lastInsertedRowID
    }
    let id: Int64 = known["id"]
    let day: Int? = known["study_day"]
    if let stated = acquisition.studyDay, day != stated {
      try Correction(table: "visit", row: id, column: "study_day").write(
        db, old: day.map(String.init), new: String(stated),
        reason: day == nil ? "day first stated by a later picture" : "a picture states another day")
      try db.execute(
        sql: "UPDATE visit SET study_day = ?, window_offset = ? WHERE id = ?",
        arguments: [stated, offset, id])
    }
    return id
  }

  /// Visits that were done on a day outside of their window, in words.
  func visitsOutsideWindow() throws -> [String] {
    let rows = try Row.fetchAll(
      db,
      sql: """
        SELECT subject, visit, study_day, window_offset FROM visit
        WHERE window_offset IS NOT NULL AND status = 'done' ORDER BY subject, study_day, visit
        """)
    return rows.compactMap { row in
      let offset: Int = row["window_offset"]
      guard let planned = study.visit(row["visit"]), !planned.window.contains(offset) else {
        return nil
      }
      let (subject, day): (String, Int) = (row["subject"], row["study_day"])
      return "\(subject) \(planned.name) on day \(day), planned \(planned.day)"
    }
  }

  private func session(_ name: String, visit: Int64) throws -> Int64 {
    try db.execute(
      sql: "INSERT OR IGNORE INTO session(visit_id, session, hair_state) VALUES (?, ?, ?)",
      arguments: [visit, name, study.imaging.hairState])
    return try Int64.fetchOne(
      db, sql: "SELECT id FROM session WHERE visit_id = ? AND session = ?",
      arguments: [visit, name]) ?? db.lastInsertedRowID
  }

  // MARK: - A measurement's rows

  private func insertMeasurement(
    _ measurement: ReleasedMeasurement, acquisition: Int64, parent: Int64?
  ) throws -> Int64 {
    let provenance = measurement.provenance
    let calibration = try calibration(measurement.scale)
    try db.execute(
      sql: """
        INSERT INTO measurement(acquisition_id, origin, parent_id, stage_version, model_sha256,
          settings_sha256, area_cm2, masked_cm2, guard_um, um_per_px, scale_rel_u, scale_source,
          calibration_id, quality_json, document)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
      arguments: [
        acquisition, provenance.origin.rawValue, parent, provenance.version, provenance.model,
        provenance.settings, measurement.measuredArea.squareCentimetres,
        measurement.measuredArea.maskedSquareCentimetres,
        measurement.measuredArea.guardMicrometres, measurement.scale.micrometresPerPixel,
        measurement.scale.relativeUncertainty, measurement.scale.source.rawValue, calibration,
        text(try CanonicalJSONEncoder().encode(measurement.quality)),
        text(try CanonicalJSONEncoder().encode(measurement)),
      ])
    return db.lastInsertedRowID
  }

  /// Why a measurement is not the one before it, in words that a statistician can sort by.
  private func whatDiffers(_ parent: Int64, _ id: Int64) throws -> String {
    let reasons = [
      ("another scale or calibration", ["um_per_px", "scale_rel_u", "calibration_id"]),
      ("another analysis version", ["stage_version", "model_sha256"]),
      ("other settings", ["settings_sha256"]),
    ]
    let differing = try reasons.filter { _, columns in
      let condition = columns.map { "a.\($0) IS NOT b.\($0)" }.joined(separator: " OR ")
      return try Bool.fetchOne(
        db,
        sql: "SELECT \(condition) FROM measurement a, measurement b WHERE a.id = ? AND b.id = ?",
        arguments: [parent, id]) == true
    }
    return differing.isEmpty
      ? "another picture" : differing.map(\.0).joined(separator: "; ")
  }

  private func calibration(_ scale: ImageScale) throws -> Int64? {
    guard let record = scale.calibration else { return nil }
    try db.execute(
      sql:
        "INSERT OR IGNORE INTO calibration(record, optics, um_per_px, rel_u) VALUES (?, ?, ?, ?)",
      arguments: [
        record, study.imaging.opticsProfile, scale.micrometresPerPixel, scale.relativeUncertainty,
      ])
    return try Int64.fetchOne(
      db, sql: "SELECT id FROM calibration WHERE record = ? AND um_per_px = ? AND rel_u = ?",
      arguments: [record, scale.micrometresPerPixel, scale.relativeUncertainty])
  }

  private func insertHairs(_ hairs: [Hair], measurement: Int64) throws {
    let statement = try db.cachedStatement(
      sql: """
        INSERT INTO hair(measurement_id, hair, root_x_px, root_y_px, root_certainty, diameter_um,
          diameter_se_um, class, length_um, length_censored, follicular_unit, counted, flags)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """)
    for hair in hairs {
      try statement.execute(arguments: [
        measurement, hair.id, hair.root.first, hair.root.last, hair.rootCertainty,
        hair.diameter?.value, hair.diameter?.standardError, hair.class.rawValue, hair.length,
        hair.isLengthCensored, hair.follicularUnit, hair.counted,
        hair.flags.joined(separator: " "),
      ])
    }
  }

  private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
}

extension Hair {
  /// Whether the hair goes on where it could not be followed, so that it is longer than measured.
  var isLengthCensored: Bool { flags.contains("leaves_frame") || flags.contains("overlapped") }
}

extension Study {
  /// The trial site that a subject number starts with, when the study names it.
  func siteCode(of subject: String) -> String? {
    sites.keys.sorted().first { subject.hasPrefix("\($0)-") }
  }

  /// Days between the planned and the real day of a visit; there is no day 0.
  func windowOffset(visit name: String, studyDay: Int?) -> Int? {
    guard let studyDay, let planned = visit(name)?.day else { return nil }
    func continuous(_ day: Int) -> Int { day > 0 ? day - 1 : day }
    return continuous(studyDay) - continuous(planned)
  }
}
