import GRDB
import StageKit

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The open registry file: one writer, each change one synced transaction.
struct RegistryFile: Sendable {
  private let queue: DatabaseQueue
  let path: String
  /// The file's own id, drawn when it was made.
  let id: String

  /// Opens the file, making it and its tables when it is not there.
  ///
  /// - Throws: a fatal ``StageError`` with code `registry_foreign` for a file that is not a
  ///   registry of this version, `registry_failed` for the rest.
  init(path: String) throws {
    self.path = path
    var configuration = Configuration()
    // A reader is done in less; who holds it longer is told of, and waited for as long as it takes.
    configuration.busyMode = .timeout(2)
    configuration.prepareDatabase { db in
      // One fsync a commit (write-ahead log), kept even through a power cut (FULL).
      try db.execute(sql: "PRAGMA journal_mode = WAL")
      try db.execute(sql: "PRAGMA synchronous = FULL")
      try db.execute(sql: "PRAGMA foreign_keys = ON")
    }
    (queue, id) = try RegistryFile.inWords {
      let queue = try DatabaseQueue(path: path, configuration: configuration)
      let id = try queue.writeWithoutTransaction { db in
        try RegistryFile.prepare(db, path: path)
        return try String.fetchOne(db, sql: "SELECT id FROM registry") ?? ""
      }
      return (queue, id)
    }
    // SQLite syncs the names of its files too, but goes on when that fails.
    try OutputFile.syncName(of: path)
  }

  /// Runs `body` in one transaction: all of it counts, or nothing.
  func write<Value: Sendable>(
    _ body: @Sendable @escaping (Database) throws -> Value
  ) async throws -> Value {
    do {
      return try await queue.write(body)
    } catch let error as DatabaseError {
      throw RegistryFile.inWords(error)
    }
  }

  /// Moves the write-ahead log into the file, so that the file alone is the registry.
  func settle() async throws {
    do {
      try await queue.writeWithoutTransaction { db in
        try db.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)")
        try db.execute(sql: "PRAGMA journal_mode = DELETE")
      }
    } catch let error as DatabaseError {
      throw RegistryFile.inWords(error)
    }
  }

  /// Refuses a file that is no registry of this version; nothing in it is changed.
  ///
  /// - Throws: as ``init(path:)``.
  static func check(_ path: String) throws {
    var configuration = Configuration()
    configuration.readonly = true
    try inWords {
      try DatabaseQueue(path: path, configuration: configuration).read { db in
        _ = try hasTables(db, path: path)
      }
    }
  }

  /// Has SQLite play a log that lies beside a file into it, as it does for whoever opens it.
  ///
  /// - Returns: whether the file was left open by who wrote it last; `nil` when it is no database.
  static func recover(_ path: String) throws -> Bool? {
    do {
      return try DatabaseQueue(path: path).writeWithoutTransaction { db in
        _ = try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_schema")
        return try String.fetchOne(db, sql: "PRAGMA journal_mode") == "wal"
      }
    } catch let error as DatabaseError
      where [.SQLITE_NOTADB, .SQLITE_CORRUPT].contains(error.resultCode)
    {
      return nil
    } catch let error as DatabaseError {
      throw inWords(error)
    }
  }

  private static func prepare(_ db: Database, path: String) throws {
    if try hasTables(db, path: path) { return }
    try db.inTransaction {
      try db.execute(sql: RegistrySchema.statements)
      try db.execute(sql: "PRAGMA application_id = \(RegistrySchema.applicationID)")
      try db.execute(sql: "PRAGMA user_version = \(RegistrySchema.version)")
      return .commit
    }
  }

  /// Whether a file has its tables; `false` when it is empty.
  private static func hasTables(_ db: Database, path: String) throws -> Bool {
    let application = try Int.fetchOne(db, sql: "PRAGMA application_id") ?? 0
    let version = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
    let tables = try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_master") ?? 0
    if tables == 0 { return false }
    guard application == RegistrySchema.applicationID else {
      throw StageError(
        .fatal, "registry_foreign", subject: "\(path) is another program's database",
        hint: "name another file")
    }
    guard version == RegistrySchema.version else {
      throw StageError(
        .fatal, "registry_foreign",
        subject: "\(path) has format \(version), this program writes \(RegistrySchema.version)",
        hint: "name another file, or move this one away: a run files everything again")
    }
    return true
  }

  static func inWords<Value>(_ body: () throws -> Value) throws -> Value {
    do {
      return try body()
    } catch let error as DatabaseError {
      throw inWords(error)
    }
  }

  private static func inWords(_ error: DatabaseError) -> StageError {
    switch error.resultCode {
    case .SQLITE_NOTADB, .SQLITE_CORRUPT:
      StageError(
        .fatal, "registry_foreign", subject: "the registry is damaged or is not a registry",
        hint: "restore it from its backup, or name another file and run again")
    case .SQLITE_FULL:
      StageError(
        .fatal, "registry_failed", subject: "cannot write the registry: the disk is full",
        hint: "free some space and run again; nothing was lost", errno: ENOSPC)
    case .SQLITE_READONLY, .SQLITE_CANTOPEN, .SQLITE_PERM:
      StageError(
        .fatal, "registry_failed", subject: "cannot open the registry for writing",
        hint: "check owner, mode and file system of its folder, and how many files may be open "
          + "(ulimit -n)", errno: EACCES)
    case .SQLITE_BUSY, .SQLITE_LOCKED:
      StageError(
        .unavailable, "registry_busy", subject: "another program holds the registry",
        hint: "close what has it open")
    case .SQLITE_IOERR:
      // What SQLite says where a shared-memory file finds no room, among others.
      StageError(
        .fatal, "registry_failed", subject: "the registry's disk is full or failing",
        hint: "free some space, check the disk and run again; nothing was lost", errno: EIO)
    default:
      StageError(
        .fatal, "registry_failed",
        subject: "the registry refused a change (SQLite \(error.extendedResultCode.rawValue))",
        hint: "check the disk; if it persists, report it with this number")
    }
  }
}
