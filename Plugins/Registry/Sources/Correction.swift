import GRDB

/// A column whose value in a row that stands becomes another: what it was, is now, and why.
///
/// Triggers let a row change only after this is written.
struct Correction {
  let table: String
  let row: Int64
  let column: String

  /// Writes the row that states it.
  func write(_ db: Database, old: String?, new: String?, reason: String) throws {
    try db.execute(
      sql: """
        INSERT INTO correction(table_name, row_id, column_name, old, new, reason, "by")
        VALUES (?, ?, ?, ?, ?, ?, 'anagen')
        """, arguments: [table, row, column, old, new, reason])
  }
}
