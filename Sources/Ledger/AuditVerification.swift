public import ClinicalRecords
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
  /// The head that the chain lacks, where one shows it.
  var head: AuditHead?

  /// What a person does about it.
  public var hint: String {
    if self == .unreadableKept {
      return "look who else writes in 'private'; compare a head that was kept elsewhere (anagen "
        + "audit verify --head), then move private/audit-head away: the next run writes it anew"
    }
    if code == .foreignKey {
      return
        "give a head of this folder, as one of its runs printed it, or look whose folder this is"
    }
    let backup =
      "put the whole data folder back from its backup, 'private' with all that is in it; where "
      + "there is none, keep a copy and note who changed what: "
    if [.changed, .missing, .absent].contains(code) {
      return backup + "it is told for as long as the chain is this one"
    }
    return backup
      + "runs tell of it until private/audit-head is moved away and the chain has grown past the "
      + "cut, 'anagen audit verify' for as long as the chain is this one"
  }
}

extension AuditProblem {
  static func cut(before head: AuditHead, endsAt last: Int64) -> AuditProblem {
    AuditProblem(
      code: .truncated, sequence: head.sequence,
      what: "the chain ends at entry \(last), and entry \(head.sequence) was there when a head was "
        + "signed: its end was cut off, or the ledger was put back to an earlier state",
      head: head)
  }

  static func replaced(_ head: AuditHead) -> AuditProblem {
    AuditProblem(
      code: .rolledBack, sequence: head.sequence,
      what: "entry \(head.sequence) is another one than the head's: the ledger was put back to an "
        + "earlier state, or is another folder's", head: head)
  }

  static func unsigned(_ head: AuditHead) -> AuditProblem {
    AuditProblem(
      code: .badSignature, sequence: head.sequence,
      what: "the head of entry \(head.sequence) is not signed by its key", head: head)
  }

  static func foreign(_ head: AuditHead) -> AuditProblem {
    AuditProblem(
      code: .foreignKey, sequence: head.sequence,
      what: "the head of entry \(head.sequence) was signed by another key than this chain's",
      head: head)
  }

  static let unreadableKept = AuditProblem(
    code: .badSignature, sequence: 0,
    what: "private/audit-head holds no head: somebody wrote something else there, or cut it")
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
  /// The entry of the head in the folder's `manifest.json`, which was compared too; `nil` without
  /// one of this chain.
  public let released: Int64?
  /// The entries in which a run noted that it found the chain broken: what was lost then shows
  /// nowhere else once the chain has grown past it.
  public let notedBroken: [Int64]
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
  /// an older copy of the ledger put back, shows against a head alone: those that the folder holds,
  /// in `private/audit-head` and in `manifest.json`, and, since whoever can write the folder can also
  /// remove them, heads that lie elsewhere. Costs some 3 µs an entry and no memory.
  ///
  /// - Parameter heads: from runs' outputs and exports' manifests.
  /// - Throws: ``LedgerError``.
  public func verifyAudit(against heads: [AuditHead]) throws -> AuditVerification {
    // Before the ledger is read: what a run at work adds meanwhile is behind it.
    let own = try FolderHeads(of: folder)
    return try RunLedger.inWords {
      try database.read { db in
        let check = try ChainCheck.verify(db, against: heads, own, isBegun: hasAuditKey)
        guard let check else {
          throw LedgerError(
            .absent, subject: "this data folder has no audit chain yet",
            hint: "it was made by an earlier version; the next run begins the chain")
        }
        return check
      }
    }
  }

  /// What is wrong with the chain, and by the heads that the folder holds; `nil` when nothing is.
  ///
  /// Looks at the whole chain, as every opening of a ledger does.
  public func auditProblem() throws -> AuditProblem? {
    let own = try FolderHeads(of: folder)
    return try RunLedger.inWords {
      try database.read { db in
        try ChainCheck.verify(db, against: [], own, isBegun: false)?.problems.first
      }
    }
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
