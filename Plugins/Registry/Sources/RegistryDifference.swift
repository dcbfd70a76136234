import GRDB

/// What differs between two registry files, row by row and by key.
struct RegistryDifference {
  /// What one of the two may have that the other never had: a run that was cut off had filed since.
  enum Allowance {
    case nothing
    /// The original has rows of such a run.
    case filedInOriginal
    /// The file has, and what a run marks in rows that stood: superseded, or a visit's other day.
    case filedSince
  }

  private let path: String
  private let original: String
  private let allowance: Allowance

  /// - Parameters:
  ///   - path: the file that somebody may have changed.
  ///   - original: the file that it was like once.
  init(of path: String, from original: String, allowing allowance: Allowance) {
    self.path = path
    self.original = original
    self.allowance = allowance
  }

  /// The differences in words, such as `measurement 12 changed`: one text for each table and kind of
  /// change, with a few of its keys, rows first.
  ///
  /// - Returns: nothing only where something is allowed, and nothing else was found.
  func words() throws -> [String] {
    do {
      var configuration = Configuration()
      configuration.readonly = true
      return try DatabaseQueue(path: path, configuration: configuration).unsafeReentrantRead { db in
        // The file is a stranger's: nothing that its schema says is carried out.
        try db.execute(sql: "PRAGMA trusted_schema = OFF")
        try db.execute(sql: "ATTACH ? AS original", arguments: [original])
        let words =
          try tables(db).flatMap { try rows(of: $0, db) }
          + RegistryDifference.parts(of: "main", from: "original", db)
        if case .filedSince = allowance { return words }
        return words.isEmpty ? ["its bytes, and no row"] : words
      }
    } catch let error as DatabaseError where error.resultCode != .SQLITE_IOERR {
      return ["it is a registry no more"]
    }
  }

  /// The tables, triggers, views and indexes of a file that are not those which a run makes; none of
  /// an empty one, as a kill leaves it before they are made.
  static func strangeParts(of path: String) throws -> [String] {
    let made = try DatabaseQueue()
    return try made.writeWithoutTransaction { db in
      try db.execute(sql: RegistrySchema.statements)
      try db.execute(sql: "PRAGMA trusted_schema = OFF")
      try db.execute(sql: "ATTACH ? AS theirs", arguments: [path])
      let isEmpty = try Bool.fetchOne(
        db, sql: "SELECT NOT EXISTS (SELECT 1 FROM theirs.sqlite_schema)")
      return isEmpty == true ? [] : try parts(of: "theirs", from: "main", db)
    }
  }

  /// Tables, triggers, views and indexes that differ between two files of a connection.
  private static func parts(
    of theirs: String, from ours: String, _ db: Database
  ) throws -> [String] {
    try Row.fetchAll(
      db,
      sql: """
        SELECT coalesce(theirs.type, ours.type) AS type, coalesce(theirs.name, ours.name) AS name,
          CASE WHEN theirs.name IS NULL THEN 'removed' WHEN ours.name IS NULL THEN 'added'
            ELSE 'changed' END AS what
        FROM \(ours).sqlite_schema AS ours
        FULL JOIN \(theirs).sqlite_schema AS theirs
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
    let list = columns.map { compared($0["name"], of: table) }.joined(separator: ", ")
    func only(in one: String, not other: String) throws -> [String] {
      try String.fetchAll(
        db,
        sql: """
          SELECT \(key) FROM (SELECT \(list) FROM \(one).\(table)
            EXCEPT SELECT \(list) FROM \(other).\(table))
          LIMIT \(RegistryDifference.most)
          """)
    }
    let theirs = try only(in: "main", not: "original")
    let ours = try only(in: "original", not: "main")
    let changed = Set(theirs).intersection(ours)
    let (added, removed) = (
      theirs.filter { !changed.contains($0) }, ours.filter { !changed.contains($0) }
    )
    return [
      words(table, theirs.filter(changed.contains), "changed"),
      words(table, allowance == .filedSince ? [] : added, "added"),
      words(table, allowance == .filedInOriginal ? [] : removed, "removed"),
    ].compactMap { $0 }
  }

  /// A column as it is compared.
  ///
  /// What a run may mark in a row that stood is left out of it: that a row which came since
  /// superseded it, and a visit's day whose correction is a row of its own.
  private func compared(_ name: String, of table: String) -> String {
    guard allowance == .filedSince else { return "\"\(name)\"" }
    switch (table, name) {
    case ("result", "superseded_by"), ("image", "superseded_by"):
      return """
        CASE WHEN superseded_by <= (SELECT max(id) FROM original.\(table)) THEN superseded_by END
        """
    case ("visit", "study_day"), ("visit", "window_offset"), ("visit", "status"),
      ("visit", "missing_reason"), ("subject", "status"), ("subject", "reason"):
      return """
        CASE WHEN NOT EXISTS (SELECT 1 FROM main.correction
          WHERE table_name = '\(table)' AND row_id = \(table).rowid AND correction.id > ifnull(
            (SELECT max(id) FROM original.correction), 0)) THEN "\(name)" END
        """
    default: return "\"\(name)\""
    }
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
