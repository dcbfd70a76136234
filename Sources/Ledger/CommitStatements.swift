import GRDB
import GRDBSQLite

/// Runs the statements of a commit, with their values bound straight to SQLite.
///
/// GRDB's own way boxes each value in an array for each execution, which is a fifth of what a commit
/// of small records takes (`runner-benchmark ledger`). Transactions, the statements' cache and all
/// that is not in the way of every record stay GRDB's.
struct CommitStatements {
  let db: Database

  /// Runs a statement that gives no rows.
  ///
  /// - Parameter values: one for each `?`, in order.
  /// - Throws: `DatabaseError`.
  func run<each Value: SQLiteBindable>(_ sql: String, _ values: repeat each Value) throws {
    try rows(of: sql, repeat each values) { _ in }
  }

  /// Runs a statement and hands over each row that it gives.
  ///
  /// - Parameters:
  ///   - values: one for each `?`, in order.
  ///   - row: is given a row, valid until it returns.
  /// - Throws: `DatabaseError`.
  func rows<each Value: SQLiteBindable>(
    of sql: String, _ values: repeat each Value, row: (SQLiteRow) -> Void
  ) throws {
    let statement = try db.cachedStatement(sql: sql).sqliteStatement
    defer { sqlite3_reset(statement) }
    var index: Int32 = 0
    for value in repeat each values {
      index += 1
      guard value.bind(to: statement, at: index) == SQLITE_OK else { throw failure(of: sql) }
    }
    precondition(
      index == sqlite3_bind_parameter_count(statement), "a statement has all its values")
    while true {
      switch sqlite3_step(statement) {
      case SQLITE_ROW: row(SQLiteRow(statement: statement))
      case SQLITE_DONE: return
      default: throw failure(of: sql)
      }
    }
  }

  private func failure(of sql: String) -> DatabaseError {
    let connection = db.sqliteConnection
    return DatabaseError(
      resultCode: ResultCode(rawValue: sqlite3_extended_errcode(connection)),
      message: sqlite3_errmsg(connection).map { String(cString: $0) }, sql: sql)
  }
}

/// A row that a statement stands on.
struct SQLiteRow {
  fileprivate let statement: OpaquePointer

  /// A column as an integer; 0 for NULL.
  func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(statement, column) }

  /// A column as text; empty for NULL.
  func text(_ column: Int32) -> String {
    sqlite3_column_text(statement, column).map { String(cString: $0) } ?? ""
  }

  /// Whether a column is NULL.
  func isNull(_ column: Int32) -> Bool {
    sqlite3_column_type(statement, column) == SQLITE_NULL
  }
}

/// A value that a statement can be given.
protocol SQLiteBindable {
  /// Binds it; SQLite keeps a copy.
  ///
  /// - Returns: SQLite's result code.
  func bind(to statement: OpaquePointer, at index: Int32) -> Int32
}

/// Has SQLite copy what it is given (`SQLITE_TRANSIENT`, a cast that Swift does not import).
private let copied = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

extension Int64: SQLiteBindable {
  func bind(to statement: OpaquePointer, at index: Int32) -> Int32 {
    sqlite3_bind_int64(statement, index, self)
  }
}

extension Int: SQLiteBindable {
  func bind(to statement: OpaquePointer, at index: Int32) -> Int32 {
    Int64(self).bind(to: statement, at: index)
  }
}

extension Double: SQLiteBindable {
  func bind(to statement: OpaquePointer, at index: Int32) -> Int32 {
    sqlite3_bind_double(statement, index, self)
  }
}

extension String: SQLiteBindable {
  func bind(to statement: OpaquePointer, at index: Int32) -> Int32 {
    var text = self
    return text.withUTF8 { bytes in
      bytes.withMemoryRebound(to: CChar.self) {
        // A string without bytes has no address, and SQLite takes that for NULL.
        $0.isEmpty
          ? sqlite3_bind_text(statement, index, "", 0, copied)
          : sqlite3_bind_text(statement, index, $0.baseAddress, Int32($0.count), copied)
      }
    }
  }
}

extension [UInt8]: SQLiteBindable {
  func bind(to statement: OpaquePointer, at index: Int32) -> Int32 {
    isEmpty
      ? sqlite3_bind_zeroblob(statement, index, 0)
      : withUnsafeBytes {
        sqlite3_bind_blob(statement, index, $0.baseAddress, Int32($0.count), copied)
      }
  }
}

extension Optional: SQLiteBindable where Wrapped: SQLiteBindable {
  func bind(to statement: OpaquePointer, at index: Int32) -> Int32 {
    self?.bind(to: statement, at: index) ?? sqlite3_bind_null(statement, index)
  }
}
