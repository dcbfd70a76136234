extension LedgerSchema {
  /// Effects of sinks, what people decided about deliveries, and the audit chain that covers both.
  ///
  /// `effect.audit` is no foreign key: the entry is written after the effects that it covers, and
  /// for a reference that is checked at the commit SQLite would read every effect there is.
  static let effectsAndAudit = """
    CREATE TABLE audit(
      sequence INTEGER PRIMARY KEY, entry TEXT NOT NULL, hash BLOB NOT NULL) STRICT;
    CREATE TRIGGER audit_refuses_update BEFORE UPDATE ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit chain only grows'); END;
    CREATE TRIGGER audit_refuses_delete BEFORE DELETE ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit chain only grows'); END;
    CREATE TABLE destination(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
    CREATE TABLE effect(
      id INTEGER PRIMARY KEY, destination_id INTEGER NOT NULL REFERENCES destination(id),
      record_id INTEGER NOT NULL REFERENCES record(id), version INTEGER NOT NULL,
      state INTEGER NOT NULL, delivery_id INTEGER NOT NULL REFERENCES delivery(id),
      run_id INTEGER NOT NULL, at REAL NOT NULL, audit INTEGER) STRICT;
    CREATE UNIQUE INDEX effect_record ON effect(record_id, destination_id, version);
    CREATE TABLE projection(
      stage TEXT PRIMARY KEY, digest TEXT NOT NULL,
      audit INTEGER NOT NULL REFERENCES audit(sequence)) STRICT;
    CREATE TABLE decision(
      id INTEGER PRIMARY KEY, delivery_id INTEGER NOT NULL REFERENCES delivery(id),
      action TEXT NOT NULL, stage TEXT, at REAL NOT NULL, actor TEXT NOT NULL, reason TEXT,
      audit INTEGER NOT NULL REFERENCES audit(sequence)) STRICT;
    CREATE INDEX decision_delivery ON decision(delivery_id);
    ALTER TABLE delivery ADD COLUMN purged INTEGER REFERENCES audit(sequence);
    ALTER TABLE quarantine ADD COLUMN attempts INTEGER;
    ALTER TABLE quarantine ADD COLUMN run_id INTEGER;
    """
}
