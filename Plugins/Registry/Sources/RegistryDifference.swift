import GRDB

/// What differs between two registry files, row by row and by key.
struct RegistryDifference {
  private let path: String
  private let original: String
  private let ignoresMissingRows: Bool

  /// - Parameters:
  ///   - path: the file that somebody may have changed.
  ///   - original: the file that it was a copy of.
  ///   - ignoringMissingRows: whether the original may have rows that the copy never had.
  init(of path: String, from original: String, ignoringMissingRows: Bool) {
    self.path = path
    self.original = original
    ignoresMissingRows = ignoringMissingRows
  }

  /// The differences in words, such as `measurement 12 changed`: one text for each table and kind of
  /// change, with a few of its keys.
  func words() throws -> [String] {
    do {
      var configuration = Configuration()
      configuration.readonly = true
      return try DatabaseQueue(path: path, configuration: configuration).unsafeReentrantRead { db in
        // The file is a stranger's: nothing that its schema says is carried out.
        try db.execute(sql: "PRAGMA trusted_schema = OFF")
        try db.execute(sql: "ATTACH ? AS original", arguments: [original])
        let words = try schema(db) + tables(db).flatMap { try rows(of: $0, db) }
        return words.isEmpty ? ["its bytes, and no row"] : words
      }
    } catch let error as DatabaseError where error.resultCode != .SQLITE_IOERR {
      return ["it is a registry no more"]
    }
  }

  /// Tables, triggers, views and indexes that differ.
  private func schema(_ db: Database) throws -> [String] {
    try Row.fetchAll(
      db,
      sql: """
        SELECT coalesce(theirs.type, ours.type) AS type, coalesce(theirs.name, ours.name) AS name,
          CASE WHEN theirs.name IS NULL THEN 'removed' WHEN ours.name IS NULL THEN 'added'
            ELSE 'changed' END AS what
        FROM original.sqlite_schema AS ours
        FULL JOIN main.sqlite_schema AS theirs
          ON theirs.type = ours.type AND theirs.name = ours.name
        WHERE theirs.sql IS NOT ours.sql
        ORDER BY 1, 2
        """
    ).map { "\($0["type"] as String) \($0["name"] as String) \($0["what"] as String)" }
  }

  /// The tables that both have alike.
  private func tables(_ db: Database) throws -> [String] {
    try String.fetchAll(
      db,
      sql: """
        SELECT ours.name FROM original.sqlite_schema AS ours
        JOIN main.sqlite_schema AS theirs USING (type, name, sql) WHERE type = 'table'
        ORDER BY name
        """)
  }

  private func rows(of table: String, _ db: Database) throws -> [String] {
    let columns = try Row.fetchAll(
      db, sql: "SELECT name, pk FROM pragma_table_info(?, 'original')", arguments: [table])
    let keys = columns.filter { $0["pk"] > 0 }.map { $0["name"] as String }
    let key = keys.isEmpty ? "'row'" : keys.map { "\"\($0)\"" }.joined(separator: " || ' ' || ")
    func only(in one: String, not other: String) throws -> [String] {
      try String.fetchAll(
        db,
        sql: """
          SELECT \(key) FROM (SELECT * FROM \(one).\(table) EXCEPT SELECT * FROM \(other).\(table))
          LIMIT \(RegistryDifference.most)
          """)
    }
    let theirs = try only(in: "main", not: "original")
    let ours = try only(in: "original", not: "main")
    let changed = Set(theirs).intersection(ours)
    return [
      words(table, theirs.filter(changed.contains), "changed"),
      words(table, theirs.filter { !changed.contains($0) }, "added"),
      words(
        table, ignoresMissingRows ? [] : ours.filter { !changed.contains($0) }, "removed"),
    ].compactMap { $0 }
  }

  private func words(_ table: String, _ keys: [String], _ what: String) -> String? {
    if keys.isEmpty { return nil }
    // Three tell which picture it is; of many rows all that counts is that they are many.
    let rest = keys.count - 3
    let more = rest > 0 ? " and \(keys.count == RegistryDifference.most ? "" : "\(rest) ")more" : ""
    return "\(table) \(keys.prefix(3).joined(separator: ", "))\(more) \(what)"
  }

  /// The most rows of a table that are looked for: more are told as more.
  private static let most = 1000
}
