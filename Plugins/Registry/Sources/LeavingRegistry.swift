import FoundationEssentials
import GRDB

/// What of a registry may not leave: figures and pictures of acquisitions that a person took out, or
/// that were a mistake.
///
/// They stay in the file below `private/`, with all their history. In what leaves, the rows of the
/// acquisitions stand with their reason; of combined figures that they had a part in, the reason
/// stands and the value does not. Where another picture has the place of one that was excluded, only
/// what counts now leaves.
struct LeavingRegistry {
  private var measurements: Set<Int64>
  private var images: Set<Int64>

  /// Finds what may not leave of a registry.
  init(of path: String) throws {
    var configuration = Configuration()
    configuration.readonly = true
    func gone(_ table: String, _ db: Database) throws -> Set<Int64> {
      try Set(
        Int64.fetchAll(
          db,
          sql: """
            SELECT id FROM \(table) WHERE id NOT IN (SELECT id FROM current_\(table))
              AND acquisition_id IN
                (SELECT acquisition_id FROM disposition WHERE state = 'excluded')
            """))
    }
    (measurements, images) = try RegistryFile.inWords {
      try DatabaseQueue(path: path, configuration: configuration).read { db in
        // A kill before its tables were made leaves it empty.
        guard try db.tableExists("disposition") else { return ([], []) }
        return (try gone("measurement", db), try gone("image", db))
      }
    }
  }

  /// What may not leave of the one or the other.
  func union(_ other: LeavingRegistry) -> LeavingRegistry {
    var union = self
    union.measurements.formUnion(other.measurements)
    union.images.formUnion(other.images)
    return union
  }

  /// Hands a file over as it may leave, without what was taken out anywhere in its pages; the file
  /// itself where all of it may.
  ///
  /// - Parameters:
  ///   - path: a registry without a log; it is only read.
  ///   - place: where another file lies meanwhile, mode 0600.
  func apply<Value>(to path: String, at place: String, _ body: (String) throws -> Value) throws
    -> Value
  {
    if measurements.isEmpty && images.isEmpty { return try body(path) }
    try FileOnDisk.copy(path, to: place, mode: 0o600)
    try RegistryFile.inWords { try takeOut(of: place) }
    let value = try body(place)
    for file in [place] + PublishedRegistry.companions(of: place) {
      try FileManager.default.removeItem(atPath: file)
    }
    return value
  }

  private func takeOut(of path: String) throws {
    var configuration = Configuration()
    configuration.foreignKeysEnabled = false
    let queue = try DatabaseQueue(path: path, configuration: configuration)
    try queue.inTransaction { db in
      // The file is a copy of our own, in which nothing is kept: its triggers guard the original.
      let triggers = try Row.fetchAll(
        db, sql: "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' ORDER BY rowid")
      for trigger in triggers {
        try db.execute(sql: "DROP TRIGGER \"\(trigger["name"] as String)\"")
      }
      for (table, ids) in [("measurement", measurements), ("image", images)] {
        try db.execute(sql: "CREATE TEMP TABLE gone_\(table)(id INTEGER PRIMARY KEY)")
        for id in ids.sorted() {
          try db.execute(sql: "INSERT INTO temp.gone_\(table) VALUES (?)", arguments: [id])
        }
      }
      try db.execute(sql: LeavingRegistry.statements)
      for trigger in triggers { try db.execute(sql: trigger["sql"]) }
      return .commit
    }
    try queue.vacuum()
    try queue.close()
  }

  private static let statements = """
    UPDATE result SET value = NULL, low = NULL, high = NULL, level_of_confidence = NULL,
      interval_kind = NULL, se_detection = NULL, se_placement = NULL, se_scale = NULL,
      se_sampling = NULL, n_hairs = NULL, n_unresolved = NULL, caution = NULL, n_fields = NULL, area_cm2 = NULL,
      missing_reason = 'withdrawn'
    WHERE level = 'region_visit' AND EXISTS (SELECT 1 FROM temp.gone_measurement
      WHERE instr(' ' || inputs || ' ', ' ' || gone_measurement.id || ' '));
    DELETE FROM result WHERE measurement_id IN (SELECT id FROM temp.gone_measurement);
    DELETE FROM hair WHERE measurement_id IN (SELECT id FROM temp.gone_measurement);
    DELETE FROM correction
    WHERE table_name = 'measurement' AND row_id IN (SELECT id FROM temp.gone_measurement);
    UPDATE measurement SET parent_id = NULL
    WHERE parent_id IN (SELECT id FROM temp.gone_measurement);
    DELETE FROM measurement WHERE id IN (SELECT id FROM temp.gone_measurement);
    UPDATE image SET superseded_by = NULL
    WHERE superseded_by IN (SELECT id FROM temp.gone_image);
    DELETE FROM image WHERE id IN (SELECT id FROM temp.gone_image);
    """
}
