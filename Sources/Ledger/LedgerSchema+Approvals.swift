extension LedgerSchema {
  /// What a delivery is held for until a person has looked, and what people approved.
  static let approvals = """
    ALTER TABLE quarantine ADD COLUMN finding TEXT;
    CREATE TABLE approval(
      finding TEXT PRIMARY KEY, audit INTEGER NOT NULL REFERENCES audit(sequence)) STRICT;
    """
}
