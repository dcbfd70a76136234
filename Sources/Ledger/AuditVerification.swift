public import ClinicalRecords
import Crypto
import Foundation
import GRDB
import StageKit

/// What is wrong with an audit chain.
public struct AuditProblem: Sendable, Equatable {
  /// What kind; open, so that new kinds break nobody.
  public struct Code: Hashable, Sendable {
    /// The stable name.
    public let name: String
    /// Makes a code.
    public init(_ name: String) { self.name = name }
    /// An entry's text and hash do not go together with the entry before.
    public static let changed = Code("entry_changed")
    /// A number is missing from the chain.
    public static let missing = Code("entry_missing")
    /// There are no entries, or none that begins a chain.
    public static let absent = Code("chain_absent")
    /// The chain ends before an entry that is known of: it was cut, or the ledger was put back.
    public static let truncated = Code("chain_truncated")
    /// Another entry stands where a head was signed: the ledger was put back and went on.
    public static let rolledBack = Code("chain_rolled_back")
    /// A head was signed by another key than the chain's.
    public static let foreignKey = Code("foreign_key")
    /// A head's signature does not hold.
    public static let badSignature = Code("bad_signature")
  }

  /// What kind.
  public let code: Code
  /// The entry it is about.
  public let sequence: Int64
  /// What is wrong, in words.
  public let what: String

  /// What a person does about a chain that was cut or put back.
  public static let hint =
    "put the whole data folder back from its backup, 'private' with all that is in it; where there "
    + "is none, note who removed what, and move private/audit-head away: the entry 'audit.broken' "
    + "stays in the chain"
}

extension AuditProblem {
  static func cut(before head: AuditHead, endsAt last: Int64) -> AuditProblem {
    AuditProblem(
      code: .truncated, sequence: head.sequence,
      what: "the chain ends at entry \(last), and entry \(head.sequence) was there when a head was "
        + "signed: its end was cut off, or the ledger was put back to an earlier state")
  }

  static func replaced(_ head: AuditHead) -> AuditProblem {
    AuditProblem(
      code: .rolledBack, sequence: head.sequence,
      what: "entry \(head.sequence) is another one than the head's: the ledger was put back to an "
        + "earlier state, or is another folder's")
  }

  static func unsigned(_ head: AuditHead) -> AuditProblem {
    AuditProblem(
      code: .badSignature, sequence: head.sequence,
      what: "the head of entry \(head.sequence) is not signed by its key")
  }

  static func foreign(_ head: AuditHead) -> AuditProblem {
    AuditProblem(
      code: .foreignKey, sequence: head.sequence,
      what: "the head of entry \(head.sequence) was signed by another key than this chain's")
  }

  static let unreadableKept = AuditProblem(
    code: .badSignature, sequence: 0, what: "private/audit-head was changed: it is no head")
}

/// What a look at a whole audit chain came to.
public struct AuditVerification: Sendable {
  /// How many entries there are.
  public let entries: Int64
  /// The last entry's number and hash; `nil` for an empty chain.
  public let last: (sequence: Int64, hash: ContentDigest)?
  /// How many heads from elsewhere were compared.
  public let heads: Int
  /// The entry of the head that the folder keeps itself, which was compared too; `nil` without one.
  public let kept: Int64?
  /// What is wrong, at most ``limit`` of each chain; empty for a sound one.
  public let problems: [AuditProblem]
  /// How many problems there are, also beyond those kept.
  public let problemCount: Int

  /// As many as a person reads.
  public static let limit = 100
}

extension LedgerReading {
  /// Checks every entry of the audit chain against the one before, and the chain against heads that
  /// were kept elsewhere.
  ///
  /// Changed, dropped, added and exchanged entries show by themselves. That the end was cut off, or
  /// an older copy of the ledger put back, shows against a head alone: the one that the folder keeps,
  /// and, since whoever can write the folder can also remove that, heads that lie elsewhere. Costs
  /// some 3 µs an entry and no memory.
  ///
  /// - Parameter heads: from runs' outputs and exports' manifests.
  /// - Throws: ``LedgerError``.
  public func verifyAudit(against heads: [AuditHead]) throws -> AuditVerification {
    // Before the ledger is read: what a run at work adds meanwhile is behind it.
    let kept = try KeptAuditHead.read(in: folder)
    return try RunLedger.inWords {
      try database.read { db in
        var check = ChainCheck(heads: heads, kept: kept)
        let rows = try Row.fetchCursor(
          db, sql: "SELECT sequence, entry, hash FROM audit ORDER BY sequence")
        while let row = try rows.next() { try check.take(row) }
        let effects = try Int64.fetchOne(
          db,
          sql: """
            SELECT max(audit) FROM (SELECT max(audit) AS audit FROM effect
            UNION ALL SELECT max(audit) FROM decision UNION ALL SELECT max(audit) FROM projection)
            """)
        let key = try AuditWriter.firstKey(in: db)
        if key == nil, heads.isEmpty, kept.isAbsent, effects == nil, !hasAuditKey {
          throw LedgerError(
            .absent, subject: "this data folder has no audit chain yet",
            hint: "it was made by an earlier version; the next run begins the chain")
        }
        return check.finish(key: key, toldOf: effects)
      }
    }
  }

  /// What is wrong with the chain by the head that the folder keeps; `nil` when nothing is.
  ///
  /// Looks at one entry alone, as every opening of a ledger does.
  public func auditProblem() throws -> AuditProblem? {
    let kept = try KeptAuditHead.read(in: folder)
    return try RunLedger.inWords { try database.read { try kept.problem(in: $0) } }
  }

  /// Calls `body` with the text of each entry of the audit chain, oldest first: canonical JSON.
  public func forEachAuditEntry(_ body: (_ text: String) throws -> Void) throws {
    // Read in pages, so that no snapshot is held while somebody reads the first of them.
    var first: Int64 = 1
    while true {
      let page = try RunLedger.inWords {
        try database.read { db in
          try Row.fetchAll(
            db, sql: "SELECT sequence, entry FROM audit WHERE sequence >= ? LIMIT 1000",
            arguments: [first])
        }
      }
      guard let last = page.last else { return }
      for row in page { try body(row["entry"]) }
      first = last["sequence"] + 1
    }
  }
}

/// The walk along a chain.
private struct ChainCheck {
  private let heads: [AuditHead]
  private let kept: KeptAuditHead
  /// The heads by the entry they are of.
  private var awaited: [Int64: [AuditHead]]
  private var previous = AuditChain.start
  private var sequence: Int64 = 0
  private var count: Int64 = 0
  private var problems: [AuditProblem] = []
  private var problemCount = 0

  init(heads: [AuditHead], kept: KeptAuditHead) {
    self.heads = heads
    self.kept = kept
    awaited = Dictionary(grouping: heads + kept.heads, by: \.sequence)
  }

  mutating func take(_ row: Row) throws {
    let number: Int64 = row[0]
    if number != sequence + 1 {
      report(
        .missing, sequence + 1,
        number == sequence + 2
          ? "entry \(sequence + 1) is missing"
          : "entries \(sequence + 1) to \(number - 1) are missing")
    }
    var hash = SHA256()
    previous.withUnsafeBytes { hash.update(bufferPointer: $0) }
    try row.withUnsafeData(atIndex: 1) { if let text = $0 { hash.update(data: text) } }
    let digest = hash.finalize()
    let isRight = try row.withUnsafeData(atIndex: 2) { kept in
      previous.removeAll(keepingCapacity: true)
      previous.append(contentsOf: kept ?? Data())
      return digest == previous
    }
    if !isRight, number == sequence + 1 {
      report(
        .changed, number,
        "entry \(number) is not what was written: it or the hash before it was changed")
    }
    if let heads = awaited.removeValue(forKey: number) {
      for head in heads where !digest.elementsEqual(bytes(of: head)) {
        report(.replaced(head))
      }
    }
    sequence = number
    count += 1
  }

  mutating func finish(key: [UInt8]?, toldOf: Int64?) -> AuditVerification {
    if key == nil { report(.absent, 1, "the chain has no entries: it was removed") }
    if case .unreadable = kept { report(.unreadableKept) }
    for head in heads + kept.heads {
      if !head.isSigned { report(.unsigned(head)) }
      if let key, head.key != key { report(.foreign(head)) }
    }
    for (number, heads) in awaited.sorted(by: { $0.key < $1.key }) where number > sequence {
      if let head = heads.first { report(.cut(before: head, endsAt: sequence)) }
    }
    if let toldOf, toldOf > sequence {
      report(
        .truncated, toldOf,
        "the chain ends at entry \(sequence), and the ledger tells of entry \(toldOf): its end was "
          + "cut off")
    }
    let isWhole = previous.count == SHA256.byteCount && count > 0
    let hash = isWhole ? ContentDigest(bytes: previous) : nil
    return AuditVerification(
      entries: count, last: hash.map { (sequence, $0) }, heads: heads.count,
      kept: kept.heads.first?.sequence, problems: problems, problemCount: problemCount)
  }

  private func bytes(of head: AuditHead) -> [UInt8] {
    let digits = Array(head.hash.hexadecimal.utf8)
    func value(_ digit: UInt8) -> UInt8 { digit < 58 ? digit - 48 : digit - 87 }
    return stride(from: 0, to: digits.count, by: 2).map {
      value(digits[$0]) << 4 | value(digits[$0 + 1])
    }
  }

  private mutating func report(_ code: AuditProblem.Code, _ sequence: Int64, _ what: String) {
    report(AuditProblem(code: code, sequence: sequence, what: what))
  }

  private mutating func report(_ problem: AuditProblem) {
    problemCount += 1
    if problems.count < AuditVerification.limit { problems.append(problem) }
  }
}
