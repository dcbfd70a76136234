/// The ledger's tables; a change raises ``version``.
enum LedgerSchema {
  static let version = 1

  /// Marks the file as ours in SQLite's header: "Anag" in ASCII.
  static let applicationID = 0x416E_6167

  static let statements = """
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
}

/// The states of a delivery as the ledger keeps them.
enum DeliveryState: Int {
  case pending = 0
  case done = 1
  case quarantined = 2
  case superseded = 3
}
