import ClinicalRecords
import Crypto
import Foundation
import GRDB
import Glibc
public import StageKit
import Synchronization

/// A data folder's durable memory: records, deliveries, their ends, and why.
///
/// SQLite with a write-ahead log. The calls block; the runner makes them off its tasks, and only
/// one of its threads commits at a time.
public final class RunLedger: Sendable {
  /// How much a commit outlives.
  public enum Durability: String, Sendable, Codable, CaseIterable {
    /// A power cut: every commit is synced (`synchronous=FULL`).
    case full
    /// A crash of the program, but not a power cut.
    case none
  }

  /// Payloads up to this size lie in their row, larger ones beside it as content (DESIGN §5.1).
  public static let inlinePayloadLimit = 64 * 1024

  /// Where contents lie.
  public let contents: ContentStore
  let database: DatabasePool
  /// The run's number.
  public let run: Int64
  /// The run before it, if there was one.
  public let last: LastRun?
  let planDigest: String
  let actor: String
  let auditKey: AuditKey
  let folder: DataFolder
  let isDurable: Bool
  let foundProblem: Mutex<AuditProblem?>
  /// What is wrong with the audit chain; found at the opening or by ``verifyAudit()``.
  public var auditProblem: AuditProblem? { foundProblem.withLock { $0 } }
  let now: @Sendable () -> Double
  let routes = Mutex(RouteTable())
  /// Held by runs alone.
  private let reserve: DiskReserve?

  /// Opens a data folder's ledger for a run, making it if there is none.
  ///
  /// - Parameters:
  ///   - folder: the data folder, whose lock the caller holds.
  ///   - durability: how much a commit outlives.
  ///   - plan: the frozen plan as canonical JSON, kept with the run.
  ///   - source: what the run was started from, kept with it.
  ///   - program: the program's version, kept with the run.
  ///   - actor: who runs it, for the audit chain.
  ///   - now: seconds since 1970, for time stamps.
  /// - Throws: ``LedgerError``: `newer`, `damaged` or `io`.
  public init(
    folder: DataFolder, durability: Durability, plan: [UInt8], source: RunSource? = nil,
    program: String, actor: String, now: @escaping @Sendable () -> Double
  ) throws {
    try LedgerFile.check(in: folder)
    let path = "\(folder.privatePath)/ledger.sqlite"
    // A file of another program is refused before anything in it is changed.
    if FileSystem.size(of: path) != nil { _ = try RunLedger.format(ofFile: path, in: folder) }
    try LedgerFile.checkContents(in: folder)
    reserve = try DiskReserve(path: "\(folder.privatePath)/reserve")
    contents = try ContentStore(
      folder: "\(folder.privatePath)/content", durable: durability == .full)
    let database = try RunLedger.open(path: path, durability: durability)
    self.database = database
    self.now = now
    let digest = SHA256.hash(data: plan)
    let planDigest = ContentDigest(bytes: digest).hexadecimal
    self.planDigest = planDigest
    self.actor = actor
    self.folder = folder
    isDurable = durability == .full
    let chain = try RunLedger.openChain(database, folder: folder, by: actor, at: now())
    auditKey = chain.key
    foundProblem = Mutex(chain.problem)
    let text = String(decoding: plan, as: UTF8.self)
    let origin = try source.map {
      String(decoding: try CanonicalJSONEncoder().encode($0), as: UTF8.self)
    }
    (last, run) = try RunLedger.inWords {
      try database.write { db in
        try db.execute(sql: RunLedger.givenTable)
        let last = try LastRun.read(db)
        try db.execute(
          sql: """
            INSERT INTO run(plan_digest, plan, program, started_at, source)
            VALUES (?, ?, ?, ?, ?)
            """, arguments: [planDigest, text, program, now(), origin])
        return (last, db.lastInsertedRowID)
      }
    }
    // SQLite syncs the names of its files too, but goes on when that fails.
    if durability == .full { try FileSystem.syncFolder(folder.privatePath) }
    // From the first entry on: a kill would leave none until the next run's end.
    if try KeptAuditHead.read(in: folder).isAbsent { try keepAuditHead() }
  }

  /// Gives the disk reserve to the entries that end deliveries, after a commit failed for want of
  /// room.
  ///
  /// - Returns: whether there is room now that was not there before.
  public func releaseReserve(after error: any Error) -> Bool {
    guard let number = (error as? LedgerError)?.errno, [ENOSPC, EDQUOT].contains(number) else {
      return false
    }
    return reserve?.release() ?? false
  }

  /// Notes how the run ended, and keeps the audit chain's head; the disk reserve, which a folder at
  /// rest does not need, makes room.
  ///
  /// - Parameter outcome: `completed`, `drained`, `interrupted` or `failed`.
  public func endRun(_ outcome: String) throws {
    _ = reserve?.release()
    try RunLedger.inWords {
      try database.write { db in
        try db.execute(
          sql: "UPDATE run SET ended_at = ?, outcome = ? WHERE id = ?",
          arguments: [now(), outcome, run])
      }
    }
    try keepAuditHead()
  }

  /// Closes the ledger: its log is taken over, and what asks it from now on fails.
  ///
  /// Until then an owner that is about to go, such as a task that is just ending, would keep its
  /// files open.
  ///
  /// - Throws: ``LedgerError``.
  public func close() throws {
    // The last connection to close takes the log over, and one that only reads cannot.
    database.releaseMemory()
    try RunLedger.inWords { try database.close() }
  }

  /// Opens a data folder's ledger for what a person decides between runs; it is of the last run.
  ///
  /// - Parameters:
  ///   - folder: the data folder, whose lock the caller holds.
  ///   - actor: who decides, for the audit chain.
  ///   - now: seconds since 1970, for time stamps.
  /// - Throws: ``LedgerError``: `absent` when nothing was ever run there, `newer`, `damaged`, `io`.
  public init(
    existingIn folder: DataFolder, actor: String, now: @escaping @Sendable () -> Double
  ) throws {
    let path = "\(folder.privatePath)/ledger.sqlite"
    guard FileSystem.size(of: path) != nil else { throw LedgerError(absentIn: folder) }
    try LedgerFile.checkContents(in: folder)
    reserve = nil
    contents = try ContentStore(folder: "\(folder.privatePath)/content", durable: true)
    let database = try RunLedger.open(path: path, durability: .full)
    self.database = database
    self.now = now
    self.actor = actor
    self.folder = folder
    isDurable = true
    let chain = try RunLedger.openChain(database, folder: folder, by: actor, at: now())
    auditKey = chain.key
    foundProblem = Mutex(chain.problem)
    guard let last = try RunLedger.inWords({ try database.read { try LastRun.read($0) } }) else {
      throw LedgerError(absentIn: folder)
    }
    self.last = last
    run = last.entry.number
    planDigest = last.entry.planDigest
  }

  private static func open(path: String, durability: Durability) throws -> DatabasePool {
    var configuration = Configuration()
    configuration.maximumReaderCount = 4
    configuration.busyMode = .timeout(10)
    let level = durability == .full ? "FULL" : "OFF"
    configuration.prepareDatabase { db in
      try db.execute(sql: "PRAGMA foreign_keys = ON")
    }
    // SQLite gives its write-ahead log the mode of the file, and makes the file readable for all.
    try FileSystem.makePrivate(path)
    return try inWords {
      let database = try DatabasePool(path: path, configuration: configuration)
      try database.writeWithoutTransaction { db in
        // GRDB sets NORMAL when it turns the write-ahead log on, so this comes after it; the
        // tables are synced too, since an empty ledger beside contents counts as damaged.
        try db.execute(sql: "PRAGMA synchronous = \(level)")
        try LedgerSchema.upgrade(db, from: try format(of: db, path: path))
        try readBack(db, durability: durability)
      }
      return database
    }
  }

  /// Brings the ledger of a folder that no run owns to the present format.
  ///
  /// - Throws: ``LedgerError`` with code `inUse` when a run of an older program owns the folder.
  static func upgrade(_ folder: DataFolder) throws {
    try LedgerFile.check(in: folder)
    let path = "\(folder.privatePath)/ledger.sqlite"
    let version = try format(ofFile: path, in: folder)
    guard version < LedgerSchema.version else { return }
    guard ReadingPlace.isWritable(folder) else {
      throw LedgerError(
        .io,
        subject: "the ledger is of an earlier version, and is in a place that cannot be written",
        hint: "copy the data folder to a place that can be written, and look there", errno: EROFS)
    }
    let lock = try DataFolderLock(folder)
    try inWords {
      try DatabaseQueue(path: path).writeWithoutTransaction { db in
        try LedgerSchema.upgrade(db, from: version)
      }
    }
    withExtendedLifetime(lock) {}
  }

  /// The format of a ledger's file, which is only read.
  ///
  /// A run killed while it made the file leaves a rollback journal, and SQLite lets nobody read
  /// before one who may write has played it back.
  private static func format(ofFile path: String, in folder: DataFolder) throws -> Int {
    try looking(at: path, in: folder) { try format(of: $0, path: path) }
  }

  /// Whether a folder's ledger, which is only read, tells of pictures.
  static func hasPictures(in folder: DataFolder) throws -> Bool {
    let path = "\(folder.privatePath)/ledger.sqlite"
    guard FileSystem.size(of: path) != nil else { return false }
    return try looking(at: path, in: folder) { db in
      guard try format(of: db, path: path) > 0 else { return false }
      return try Bool.fetchOne(
        db,
        sql: """
          SELECT EXISTS (SELECT 1 FROM record WHERE schema LIKE 'anagen.captured-image/%')
          """) == true
    }
  }

  private static func looking<Result>(
    at path: String, in folder: DataFolder, _ body: (Database) throws -> Result
  ) throws -> Result {
    var configuration = Configuration()
    configuration.readonly = FileSystem.size(of: "\(path)-journal") == nil
    configuration.busyMode = .timeout(10)
    let name = configuration.readonly ? try ReadingPlace.name(of: path, in: folder) : path
    return try inWords {
      try DatabaseQueue(path: name, configuration: configuration).read(body)
    }
  }

  /// The format of a ledger; 0 when the file is empty.
  private static func format(of db: Database, path: String) throws -> Int {
    let tables = try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_master") ?? 0
    if tables == 0 { return 0 }
    guard try Int.fetchOne(db, sql: "PRAGMA application_id") == LedgerSchema.applicationID else {
      throw LedgerError(
        .damaged, subject: "\(path) is not a ledger", hint: "name another data folder")
    }
    let version = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
    guard version <= LedgerSchema.version else {
      throw LedgerError(
        .newer, subject: "\(path) was written by a newer anagen (format \(version))",
        hint: "use that version, or name another data folder")
    }
    return version
  }

  /// A pragma that did not take would make every promise hollow, so it is read back.
  private static func readBack(_ db: Database, durability: Durability) throws {
    let synchronous = try Int.fetchOne(db, sql: "PRAGMA synchronous")
    let journal = try String.fetchOne(db, sql: "PRAGMA journal_mode")
    guard journal == "wal", synchronous == (durability == .full ? 2 : 0) else {
      throw LedgerError(
        .io, subject: "the ledger's file system does not allow a write-ahead log",
        hint: "keep the data folder on a local disk")
    }
  }

  /// Runs database work and says what failed in the ledger's own words.
  static func inWords<Result>(_ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch let error as DatabaseError {
      switch error.resultCode {
      case .SQLITE_NOTADB, .SQLITE_CORRUPT:
        throw LedgerError(
          .damaged, subject: "the ledger is damaged or is not a ledger",
          hint: "restore the data folder from its backup, or name another")
      case .SQLITE_FULL:
        throw LedgerError(
          .io, subject: "cannot write the ledger: the disk is full",
          hint: LedgerError.roomHint, errno: ENOSPC)
      case .SQLITE_IOERR:
        // What SQLite says where its shared-memory file finds no room, among others.
        throw LedgerError(
          .io, subject: "cannot write the ledger: the disk is full or failing",
          hint: "check the disk; if it is full, \(LedgerError.roomHint)", errno: EIO)
      case .SQLITE_READONLY, .SQLITE_CANTOPEN, .SQLITE_PERM:
        throw LedgerError(
          .io, subject: "cannot write the ledger: \(error.message ?? "no permission")",
          hint: "check owner, mode and file system of the data folder, and how many files may be "
            + "open (ulimit -n)")
      case .SQLITE_ERROR where error.message?.hasPrefix("no such ") == true:
        throw LedgerError(
          .damaged, subject: "the ledger was changed by another program: \(error.message ?? "")",
          hint: "restore the data folder from its backup")
      default:
        throw LedgerError(
          .io, subject: "the ledger failed: \(error.message ?? "\(error.resultCode)")",
          hint: "check the disk and run again; nothing was lost")
      }
    }
  }
}
