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
PRAGMA application_id = 1097752935;
PRAGMA user_version = 1;
INSERT INTO run VALUES (1, 'aa', '{}', 'anagen 0', 1.0, 2.0, 'interrupted');
INSERT INTO record VALUES
  (1, 'test.number/1.0', 'number:0', 'd0', 'identified', x'7b7d', NULL, NULL),
  (2, 'test.result/1.0', 'result:0', 'd1', 'identified', x'7b7d', NULL, NULL),
  (3, 'test.number/1.0', 'number:1', 'd2', 'identified', x'7b7d', NULL, NULL),
  (4, 'test.number/1.0', 'number:2', 'd3', 'identified', x'7b7d', NULL, NULL);
INSERT INTO delivery VALUES
  (1, 1, 'numbers', 'derive', 'k1', 1, 1, 1, 1.5, 1),
  (2, 2, 'store', 'sink', 'k2', 0, 1, NULL, NULL, 0),
  (3, 3, 'numbers', 'derive', 'k1', 2, 1, 1, 1.6, 3),
  (4, 4, 'numbers', 'derive', 'k1', 0, 1, NULL, NULL, 0);
INSERT INTO provenance VALUES
  (1, 1, NULL, NULL, 1, 'numbers', '1'), (2, 2, 1, 1, 1, 'store', '1'),
  (3, 3, NULL, NULL, 1, 'numbers', '1'), (4, 4, NULL, NULL, 1, 'numbers', '1');
INSERT INTO lookup VALUES (1, 'number:1', NULL);
INSERT INTO quarantine VALUES (1, 3, 'derive', 'record', 'no_scale', 'it', 'add it', 1.6);
