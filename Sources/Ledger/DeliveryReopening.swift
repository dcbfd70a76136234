import GRDB

/// Opens deliveries again, within a transaction of its caller.
struct DeliveryReopening {
  let db: Database
  let run: Int64

  /// Opens a delivery that had ended; what it gave before no longer stands.
  ///
  /// Its results stay in the ledger, and are current until the new handling gives newer ones; but
  /// when the record returns after another version of it, they do not return with it.
  ///
  /// - Parameter why: what `explain` says of it; `look-up` and `return` have words of their own.
  func open(_ delivery: Int64, because why: String) throws {
    let statements = CommitStatements(db: db)
    try statements.run(
      """
      UPDATE delivery SET state = 0, opened_run = ?, ended_at = NULL, reopened_for = ? WHERE id = ?
      """, run, why, delivery)
    try statements.run(
      "UPDATE provenance SET stands = 0 WHERE delivery_id = ? AND delivery_id <> 0", delivery)
  }
}
