import ClinicalRecords
import Crypto
import Foundation
import GRDB
import StageKit
import Synchronization

extension RunLedger {
  /// The audit chain's last entry, signed.
  ///
  /// - Throws: ``LedgerError``.
  public func auditHead() throws -> AuditHead {
    let last = try RunLedger.inWords { try database.read { try AuditWriter.last(in: $0) } }
    guard let last else { preconditionFailure("a ledger that is open has begun its chain") }
    return try auditKey.sign(sequence: last.sequence, hash: last.hash)
  }

  /// Keeps the chain's head in the folder, for the next opening; one that the chain lacks stays, so
  /// that the finding does.
  ///
  /// - Returns: the head.
  /// - Throws: ``LedgerError``.
  @discardableResult
  public func keepAuditHead() throws -> AuditHead {
    let head = try auditHead()
    // Where commits are not synced, a power cut could leave the head and take its entry.
    if isDurable, auditProblem == nil { try KeptAuditHead.write(head, in: folder) }
    return head
  }

  /// Notes that this run goes on from one that was at work, with a pipeline that somebody changed.
  public func noteReconfigured() throws {
    try RunLedger.inWords {
      try database.write { db in
        let before: JSONValue = last.map { .string("sha256:\($0.entry.planDigest)") } ?? .null
        _ = try AuditWriter(db: db, actor: actor, now: now()).append(
          AuditAction(
            name: .reconfigured,
            what: [
              .init("run", .integer(run)), .init("before", before),
              .init("plan", .string("sha256:\(planDigest)")),
            ]))
      }
    }
  }

  /// Looks at the whole chain again, and notes in it what is wrong: somebody may have changed it
  /// since the run began.
  ///
  /// - Returns: what is wrong; what was found before stays found.
  /// - Throws: ``LedgerError``.
  public func verifyAudit() throws -> AuditProblem? {
    if let auditProblem { return auditProblem }
    let (_, problem) = try RunLedger.openChain(
      database, folder: folder, by: actor, at: now())
    if let problem { foundProblem.withLock { $0 = problem } }
    return problem
  }

  /// Reads or makes the key, begins the chain when there is none, and looks at the whole of it.
  ///
  /// - Returns: the key, and what is wrong with the chain.
  static func openChain(
    _ database: DatabasePool, folder: DataFolder, by actor: String, at now: Double
  ) throws -> (key: AuditKey, problem: AuditProblem?) {
    // Before the ledger is read.
    let own = try FolderHeads(of: folder)
    let (expected, problem) = try inWords {
      try database.read { db in
        (
          try AuditWriter.firstKey(in: db),
          try ChainCheck.verify(db, against: [], own, isBegun: false)?.problems.first
        )
      }
    }
    let key = try AuditKey(folder: folder, expected: expected)
    try inWords {
      try database.write { db in
        let writer = AuditWriter(db: db, actor: actor, now: now)
        if expected == nil {
          _ = try writer.append(
            AuditAction(
              name: .begin, what: [.init("key", .string(Base64URL.text(key.publicBytes)))]))
        }
        if let problem { try writer.noteBroken(problem) }
      }
    }
    // The next export's manifest has another head, and the finding is to stay.
    if let lacking = problem?.head, own.released.contains(lacking) {
      try KeptAuditHead.write(lacking, in: folder)
    }
    return (key, problem)
  }
}

/// Adds to the chain within a transaction of its caller, so that an entry and what it tells of are
/// there together or not at all.
struct AuditWriter {
  let db: Database
  let actor: String
  let now: Double

  /// Adds an entry.
  ///
  /// - Returns: its number.
  func append(_ action: AuditAction) throws -> Int64 {
    let last = try AuditWriter.last(in: db)
    let sequence = (last?.sequence ?? 0) + 1
    let text = AuditChain.text(action, sequence: sequence, by: actor, at: now)
    let hash = AuditChain.hash(text, after: last?.hash ?? AuditChain.start)
    try db.cachedStatement(sql: "INSERT INTO audit(sequence, entry, hash) VALUES (?, ?, ?)")
      .execute(arguments: [sequence, text, Data(hash)])
    return sequence
  }

  /// Notes what is wrong with the chain, unless it says so already.
  func noteBroken(_ problem: AuditProblem) throws {
    // One head that is lacking is one finding, also when other entries stand in its place later.
    let what: [JSONValue.Member] = [
      .init("entry", .integer(problem.sequence)),
      problem.head.map { .init("hash", .string($0.hash.hexadecimal)) }
        ?? .init("found", .string(problem.code.name)),
    ]
    let action = AuditAction(name: .broken, what: what)
    let isNoted = try Bool.fetchOne(
      db,
      sql: """
        SELECT EXISTS (SELECT 1 FROM audit WHERE json_extract(entry, '$.action') = ?
          AND json_extract(entry, '$.what') = json(?))
        """, arguments: [action.name.rawValue, JSONValue.object(what).text])
    if isNoted != true { _ = try append(action) }
  }

  /// The number that the next entry will have.
  func next() throws -> Int64 { (try AuditWriter.last(in: db)?.sequence ?? 0) + 1 }

  static func last(in db: Database) throws -> (sequence: Int64, hash: [UInt8])? {
    try Row.fetchOne(
      db.cachedStatement(
        sql: "SELECT sequence, hash FROM audit ORDER BY sequence DESC LIMIT 1")
    ).map { row in (row["sequence"], [UInt8](row["hash"] as Data)) }
  }

  /// The public key of the chain's first entry: `nil` before there is one, empty when the entry
  /// tells none.
  static func firstKey(in db: Database) throws -> [UInt8]? {
    struct Entry: Decodable {
      struct What: Decodable { let key: String }
      let what: What
    }
    guard
      let text = try String.fetchOne(db, sql: "SELECT entry FROM audit ORDER BY sequence LIMIT 1")
    else { return nil }
    do {
      return Base64URL.bytes(try JSONDecoder().decode(Entry.self, from: Data(text.utf8)).what.key)
        ?? []
    } catch {
      return []  // a text that is no first entry; `audit verify` says more of it
    }
  }
}
