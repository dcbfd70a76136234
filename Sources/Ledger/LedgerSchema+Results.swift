extension LedgerSchema {
  /// Which results are those of a delivery's last handling: one that was opened again leaves the
  /// results of both.
  static let results = """
    ALTER TABLE provenance ADD COLUMN stands INTEGER NOT NULL DEFAULT 1;
    """
}
