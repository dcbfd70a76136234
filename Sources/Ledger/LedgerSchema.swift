import GRDB

/// The ledger's tables, as the steps that lead to them.
///
/// A new ledger takes every step and an older one those that it lacks, so both end alike and the
/// way from each older format is the one that every new ledger has gone.
enum LedgerSchema {
  /// The format that this program writes: how many steps there are.
  static var version: Int { steps.count }

  /// Marks the file as ours in SQLite's header: "Anag" in ASCII.
  static let applicationID = 0x416E_6167

  /// Step `n` makes format `n + 1` of format `n`; a step that was shipped is never changed.
  private static let steps = [
    first, routes, effectsAndAudit, approvals, released, withdrawals, results, listed,
  ]

  /// Brings an empty or older ledger to the present format.
  ///
  /// - Parameter version: the format that it has; 0 for an empty file.
  static func upgrade(_ db: Database, from version: Int) throws {
    guard version < self.version else { return }
    // A table that others refer to can be made anew only while nobody holds its references up.
    try db.execute(sql: "PRAGMA foreign_keys = OFF")
    try db.inTransaction {
      for step in steps[version...] { try db.execute(sql: step) }
      try db.checkForeignKeys()
      try db.execute(sql: "PRAGMA application_id = \(applicationID)")
      try db.execute(sql: "PRAGMA user_version = \(self.version)")
      return .commit
    }
    try db.execute(sql: "PRAGMA foreign_keys = ON")
  }

  private static let first = """
    CREATE TABLE run(
      id INTEGER PRIMARY KEY, plan_digest TEXT NOT NULL, plan TEXT NOT NULL,
      program TEXT NOT NULL, started_at REAL NOT NULL, ended_at REAL, outcome TEXT) STRICT;
    CREATE TABLE record(
      id INTEGER PRIMARY KEY, schema TEXT NOT NULL, identity TEXT NOT NULL, digest TEXT NOT NULL,
      label TEXT NOT NULL, payload BLOB, payload_sha256 TEXT,
      superseded_by INTEGER REFERENCES record(id),
      CHECK ((payload IS NULL) <> (payload_sha256 IS NULL)),
      UNIQUE (identity, digest)) STRICT;
    CREATE TABLE provenance(
      id INTEGER PRIMARY KEY, record_id INTEGER NOT NULL REFERENCES record(id),
      parent_id INTEGER REFERENCES record(id), delivery_id INTEGER, run_id INTEGER NOT NULL,
      stage TEXT NOT NULL, result_version TEXT NOT NULL) STRICT;
    CREATE INDEX provenance_record ON provenance(record_id);
    CREATE INDEX provenance_delivery ON provenance(delivery_id) WHERE delivery_id IS NOT NULL;
    CREATE TABLE delivery(
      id INTEGER PRIMARY KEY, record_id INTEGER NOT NULL REFERENCES record(id),
      from_stage TEXT NOT NULL, to_stage TEXT NOT NULL, reuse_key TEXT NOT NULL,
      state INTEGER NOT NULL, opened_run INTEGER NOT NULL, ended_run INTEGER, ended_at REAL,
      attempts INTEGER NOT NULL DEFAULT 0,
      UNIQUE (record_id, from_stage, to_stage, reuse_key)) STRICT;
    CREATE INDEX delivery_pending ON delivery(to_stage, id) WHERE state = 0;
    CREATE INDEX delivery_to ON delivery(to_stage, reuse_key);
    CREATE TABLE lookup(
      delivery_id INTEGER NOT NULL REFERENCES delivery(id), identity TEXT NOT NULL,
      found_id INTEGER REFERENCES record(id), PRIMARY KEY (delivery_id, identity)) STRICT;
    CREATE TABLE quarantine(
      id INTEGER PRIMARY KEY, delivery_id INTEGER NOT NULL REFERENCES delivery(id),
      stage TEXT NOT NULL, class TEXT NOT NULL, reason TEXT NOT NULL, message TEXT NOT NULL,
      hint TEXT NOT NULL, at REAL NOT NULL) STRICT;
    CREATE INDEX quarantine_delivery ON quarantine(delivery_id);
    """

  /// Edges and reuse keys stand once, in `route`, with what a key was made of; a delivery knows
  /// the way it took, the last run that let its result stand, and how often the program died with
  /// it alone in hand; a run knows the pipeline file it was started from.
  private static let routes = """
    CREATE TABLE route(
      id INTEGER PRIMARY KEY, from_stage TEXT NOT NULL, to_stage TEXT NOT NULL,
      reuse_key TEXT NOT NULL, key_parts TEXT NOT NULL DEFAULT '{}',
      UNIQUE (from_stage, to_stage, reuse_key)) STRICT;
    INSERT INTO route(from_stage, to_stage, reuse_key)
      SELECT DISTINCT from_stage, to_stage, reuse_key FROM delivery;
    CREATE TABLE routed(
      id INTEGER PRIMARY KEY, record_id INTEGER NOT NULL REFERENCES record(id),
      route_id INTEGER NOT NULL REFERENCES route(id), state INTEGER NOT NULL,
      opened_run INTEGER NOT NULL, ended_run INTEGER, ended_at REAL,
      attempts INTEGER NOT NULL DEFAULT 0, crashes INTEGER NOT NULL DEFAULT 0, journey TEXT,
      reused_run INTEGER, reopened_for TEXT, suspect INTEGER NOT NULL DEFAULT 0,
      UNIQUE (record_id, route_id)) STRICT;
    INSERT INTO routed(
      id, record_id, route_id, state, opened_run, ended_run, ended_at, attempts)
      SELECT delivery.id, record_id, route.id, state, opened_run, ended_run, ended_at, attempts
      FROM delivery JOIN route USING (from_stage, to_stage, reuse_key);
    DROP TABLE delivery;
    ALTER TABLE routed RENAME TO delivery;
    CREATE INDEX delivery_pending ON delivery(route_id, id) WHERE state = 0;
    CREATE INDEX delivery_suspect ON delivery(id) WHERE suspect = 1;
    CREATE TABLE origin(
      record_id INTEGER NOT NULL REFERENCES record(id), delivery_id INTEGER NOT NULL,
      parent_id INTEGER REFERENCES record(id), run_id INTEGER NOT NULL, stage TEXT NOT NULL,
      result_version TEXT NOT NULL, PRIMARY KEY (record_id, delivery_id)) STRICT, WITHOUT ROWID;
    INSERT OR IGNORE INTO origin
      SELECT record_id, ifnull(delivery_id, 0), parent_id, run_id, stage, result_version
      FROM provenance;
    DROP TABLE provenance;
    ALTER TABLE origin RENAME TO provenance;
    CREATE INDEX provenance_delivery ON provenance(delivery_id) WHERE delivery_id <> 0;
    ALTER TABLE run ADD COLUMN source TEXT;
    """
}

/// The states of a delivery as the ledger keeps them.
enum DeliveryState: Int {
  case pending = 0
  case done = 1
  case quarantined = 2
  case superseded = 3
}
