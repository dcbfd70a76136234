/// The registry's tables (STUDY §5): no arm, no name, nothing overwritten.
///
/// Triggers refuse every UPDATE and DELETE; two exceptions keep history readable: a row may be
/// marked as superseded once, and a visit's day and status and a subject's status follow the
/// correction row that states who changed them, why, from what and to what.
enum RegistrySchema {
  /// Raised when tables change.
  static let version = 5

  /// Marks the file as a registry in SQLite's header: "AnRg" in ASCII.
  static let applicationID = 0x416E_5267

  static let statements = tables + triggers + views + identification

  /// The file's own id, by which a run knows whether what it filed is there.
  private static let identification = """

    CREATE TABLE registry(id TEXT NOT NULL) STRICT;
    INSERT INTO registry(id) VALUES (lower(hex(randomblob(16))));
    \(refusal(of: "INSERT", on: "registry"))
    \(refusal(of: "UPDATE", on: "registry"))
    \(refusal(of: "DELETE", on: "registry"))
    """

  private static let tables = """
    CREATE TABLE study(
      id TEXT NOT NULL, version TEXT NOT NULL, yaml_sha256 TEXT NOT NULL,
      status TEXT NOT NULL CHECK (status IN ('draft', 'active', 'locked', 'unmasked')),
      PRIMARY KEY (id, version, yaml_sha256, status)) STRICT;
    CREATE TABLE subject(
      subject TEXT PRIMARY KEY, site TEXT, status TEXT, status_day INTEGER, reason TEXT) STRICT;
    CREATE TABLE visit(
      id INTEGER PRIMARY KEY, subject TEXT NOT NULL REFERENCES subject(subject),
      visit TEXT NOT NULL, study_day INTEGER CHECK (study_day <> 0), window_offset INTEGER,
      status TEXT NOT NULL CHECK (status IN ('done', 'missing', 'withdrawn')), missing_reason TEXT,
      UNIQUE (subject, visit)) STRICT;
    CREATE TABLE session(
      id INTEGER PRIMARY KEY, visit_id INTEGER NOT NULL REFERENCES visit(id),
      session TEXT NOT NULL, hours_after_clip REAL, hair_state TEXT NOT NULL, stub_mm REAL,
      dyed INTEGER, UNIQUE (visit_id, session)) STRICT;
    CREATE TABLE calibration(
      id INTEGER PRIMARY KEY, record TEXT NOT NULL, device_serial TEXT, optics TEXT,
      um_per_px REAL NOT NULL CHECK (um_per_px > 0), rel_u REAL NOT NULL, made TEXT, expires TEXT,
      UNIQUE (record, um_per_px, rel_u)) STRICT;
    CREATE TABLE acquisition(
      id INTEGER PRIMARY KEY, session_id INTEGER NOT NULL REFERENCES session(id),
      region TEXT NOT NULL, side TEXT NOT NULL, placement INTEGER NOT NULL, field INTEGER NOT NULL,
      attempt INTEGER NOT NULL, image_ref TEXT NOT NULL, operator_code TEXT, lighting TEXT,
      immersion TEXT, magnification REAL, relocation_error_mm REAL,
      UNIQUE (session_id, region, side, placement, field, attempt)) STRICT;
    CREATE TABLE disposition(
      id INTEGER PRIMARY KEY, acquisition_id INTEGER NOT NULL REFERENCES acquisition(id),
      part TEXT NOT NULL CHECK (part IN ('measurement', 'picture')),
      state TEXT NOT NULL CHECK (state IN ('selected', 'accepted', 'rejected', 'retaken',
        'excluded', 'released', 'failed', 'held')),
      reason TEXT NOT NULL, "by" TEXT NOT NULL, role TEXT NOT NULL) STRICT;
    CREATE INDEX disposition_acquisition ON disposition(acquisition_id, part);
    CREATE TABLE measurement(
      id INTEGER PRIMARY KEY, acquisition_id INTEGER NOT NULL REFERENCES acquisition(id),
      origin TEXT NOT NULL CHECK (origin IN ('automatic', 'corrected', 'manual')),
      parent_id INTEGER REFERENCES measurement(id), reader TEXT, stage_version TEXT NOT NULL,
      model_sha256 TEXT NOT NULL, settings_sha256 TEXT NOT NULL, area_cm2 REAL NOT NULL,
      masked_cm2 REAL NOT NULL, guard_um REAL NOT NULL, um_per_px REAL NOT NULL,
      scale_rel_u REAL NOT NULL, scale_source TEXT NOT NULL,
      calibration_id INTEGER REFERENCES calibration(id), quality_json TEXT NOT NULL,
      document TEXT NOT NULL) STRICT;
    CREATE INDEX measurement_acquisition ON measurement(acquisition_id);
    CREATE TABLE hair(
      measurement_id INTEGER NOT NULL REFERENCES measurement(id), hair INTEGER NOT NULL,
      root_x_px REAL NOT NULL, root_y_px REAL NOT NULL, root_certainty REAL NOT NULL,
      diameter_um REAL, diameter_se_um REAL,
      class TEXT NOT NULL CHECK (class IN ('terminal', 'vellus', 'unresolved')),
      length_um REAL NOT NULL, length_censored INTEGER NOT NULL, follicular_unit INTEGER,
      phase TEXT, counted INTEGER NOT NULL, flags TEXT NOT NULL,
      PRIMARY KEY (measurement_id, hair)) STRICT, WITHOUT ROWID;
    CREATE TABLE comparison(
      id INTEGER PRIMARY KEY, base_id INTEGER NOT NULL REFERENCES measurement(id),
      follow_id INTEGER NOT NULL REFERENCES measurement(id), common_area_cm2 REAL NOT NULL,
      residual_um REAL NOT NULL, matched INTEGER NOT NULL, gained INTEGER NOT NULL,
      lost INTEGER NOT NULL, unsure INTEGER NOT NULL) STRICT;
    CREATE TABLE result(
      id INTEGER PRIMARY KEY, level TEXT NOT NULL CHECK (level IN ('image', 'region_visit', 'change')),
      measurement_id INTEGER REFERENCES measurement(id),
      session_id INTEGER REFERENCES session(id),
      comparison_id INTEGER REFERENCES comparison(id), region TEXT NOT NULL, side TEXT NOT NULL,
      quantity TEXT NOT NULL, hairs TEXT NOT NULL, value REAL, unit TEXT NOT NULL CHECK (unit <> ''),
      low REAL, high REAL, level_of_confidence REAL, interval_kind TEXT, se_detection REAL,
      se_placement REAL, se_scale REAL, se_sampling REAL, n_hairs REAL, n_unresolved REAL,
      caution TEXT CHECK (caution = 'unresolved_hairs'), n_fields INTEGER,
      area_cm2 REAL, missing_reason TEXT, inputs TEXT, superseded_by INTEGER REFERENCES result(id),
      CHECK ((value IS NULL) <> (missing_reason IS NULL)),
      CHECK ((measurement_id IS NOT NULL) = (level = 'image')),
      CHECK ((session_id IS NOT NULL) = (level = 'region_visit')),
      CHECK ((comparison_id IS NOT NULL) = (level = 'change'))) STRICT;
    CREATE INDEX result_measurement ON result(measurement_id) WHERE measurement_id IS NOT NULL;
    CREATE INDEX result_session ON result(session_id) WHERE session_id IS NOT NULL;
    CREATE TABLE image(
      id INTEGER PRIMARY KEY, acquisition_id INTEGER NOT NULL REFERENCES acquisition(id),
      name TEXT NOT NULL, sha256 TEXT NOT NULL, bytes INTEGER NOT NULL, media_type TEXT NOT NULL,
      width INTEGER NOT NULL, height INTEGER NOT NULL,
      superseded_by INTEGER REFERENCES image(id)) STRICT;
    CREATE INDEX image_acquisition ON image(acquisition_id);
    CREATE TABLE correction(
      id INTEGER PRIMARY KEY, table_name TEXT NOT NULL, row_id INTEGER NOT NULL,
      column_name TEXT NOT NULL, old TEXT, new TEXT, reason TEXT NOT NULL, "by" TEXT NOT NULL) STRICT;
    CREATE INDEX correction_row ON correction(table_name, row_id, column_name);
    CREATE TABLE effect(
      id INTEGER PRIMARY KEY, identity TEXT NOT NULL, digest TEXT NOT NULL, label TEXT NOT NULL,
      removals TEXT NOT NULL) STRICT;
    CREATE INDEX effect_identity ON effect(identity);

    """

  /// Tables whose rows never change at all.
  static let frozen = [
    "study", "session", "calibration", "acquisition", "disposition", "measurement",
    "hair", "comparison", "correction", "effect",
  ]

  private static let triggers =
    (frozen.map { refusal(of: "UPDATE", on: $0) }
    + (frozen + ["subject", "visit", "result", "image"]).map { refusal(of: "DELETE", on: $0) }
    + [
      following(
        "visit", fixed: ["id", "subject", "visit"], key: "OLD.id",
        corrected: ["study_day", "status", "missing_reason"],
        derived: ("window_offset", from: "study_day")),
      following(
        "subject", fixed: ["subject", "site", "status_day"], key: "OLD.rowid",
        corrected: ["status", "reason"]),
      superseding("image", columns: "id, acquisition_id, name, sha256, bytes"),
      superseding(
        "result",
        columns: "id, level, measurement_id, session_id, comparison_id, region, side, quantity, "
          + "hairs, value, unit, low, high, missing_reason"),
    ]).joined(separator: "\n")

  private static func refusal(of action: String, on table: String) -> String {
    """
    CREATE TRIGGER \(table)_refuses_\(action.lowercased()) BEFORE \(action) ON \(table)
    BEGIN SELECT RAISE(ABORT, 'append-only: a correction is a new row'); END;
    """
  }

  /// A trigger that lets columns change only as the last correction of them says.
  private static func following(
    _ table: String, fixed: [String], key: String, corrected: [String],
    derived: (column: String, from: String)? = nil
  ) -> String {
    var refused = fixed.map { "OLD.\($0) IS NOT NEW.\($0)" }
    refused += corrected.map { column in
      """
      (OLD.\(column) IS NOT NEW.\(column) AND NOT EXISTS (SELECT 1 FROM correction
          WHERE id = (SELECT max(id) FROM correction WHERE table_name = '\(table)'
              AND row_id = \(key) AND column_name = '\(column)')
            AND old IS CAST(OLD.\(column) AS TEXT) AND new IS CAST(NEW.\(column) AS TEXT)))
      """
    }
    if let derived {
      refused.append(
        "(OLD.\(derived.column) IS NOT NEW.\(derived.column) "
          + "AND OLD.\(derived.from) IS NEW.\(derived.from))")
    }
    return """
      CREATE TRIGGER \(table)_follows_correction BEFORE UPDATE ON \(table)
      WHEN \(refused.joined(separator: "\n  OR "))
      BEGIN SELECT RAISE(ABORT, 'append-only: write a correction row first'); END;
      """
  }

  private static func superseding(_ table: String, columns: String) -> String {
    let changed = columns.split(separator: ", ").map { "OLD.\($0) IS NOT NEW.\($0)" }
      .joined(separator: " OR ")
    return """
      CREATE TRIGGER \(table)_superseded_once BEFORE UPDATE ON \(table)
      WHEN OLD.superseded_by IS NOT NULL OR NEW.superseded_by IS NULL OR \(changed)
      BEGIN SELECT RAISE(ABORT, 'append-only: a correction is a new row'); END;
      """
  }

  /// What is last is asked of each row by its index: among the last ones of all, SQLite would look
  /// through the whole list for each acquisition.
  private static let views = """

    CREATE VIEW current_disposition AS
      SELECT * FROM disposition WHERE NOT EXISTS (SELECT 1 FROM disposition AS later
        WHERE later.acquisition_id = disposition.acquisition_id
          AND later.part = disposition.part AND later.id > disposition.id);
    CREATE VIEW current_measurement AS
      SELECT * FROM measurement WHERE NOT EXISTS (SELECT 1 FROM measurement AS later
        WHERE later.acquisition_id = measurement.acquisition_id AND later.id > measurement.id)
        AND NOT EXISTS (SELECT 1 FROM current_disposition d
          WHERE d.acquisition_id = measurement.acquisition_id AND d.part = 'measurement'
            AND d.state IN ('held', 'failed', 'excluded'));
    CREATE VIEW current_image AS
      SELECT * FROM image WHERE superseded_by IS NULL
        AND NOT EXISTS (SELECT 1 FROM current_disposition d
          WHERE d.acquisition_id = image.acquisition_id AND d.part = 'picture'
            AND d.state IN ('held', 'failed', 'excluded'));
    CREATE VIEW current_result AS
      SELECT v.subject, v.visit, v.study_day, s.session, r.region, r.side, a.placement, a.field,
        a.attempt, r.level, r.quantity, r.hairs, r.value, r.unit, r.low, r.high,
        r.level_of_confidence, r.interval_kind, r.se_sampling, r.se_placement, r.se_detection,
        r.se_scale, r.n_hairs, r.n_unresolved, r.caution, r.n_fields, r.area_cm2, r.missing_reason, d.state AS picture_use,
        r.id AS result_id
      FROM result r
      LEFT JOIN current_measurement m ON m.id = r.measurement_id
      LEFT JOIN acquisition a ON a.id = m.acquisition_id
      LEFT JOIN current_disposition d ON d.acquisition_id = a.id AND d.part = 'measurement'
      JOIN session s ON s.id = coalesce(a.session_id, r.session_id)
      JOIN visit v ON v.id = s.visit_id
      WHERE r.superseded_by IS NULL AND (r.level <> 'image' OR m.id IS NOT NULL)
        AND r.missing_reason IS NOT 'not_measured';
    """
}
