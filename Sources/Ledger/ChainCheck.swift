import ClinicalRecords
import Crypto
import Foundation
import GRDB

/// The walk along a chain.
struct ChainCheck {
  private let broken = Data(#""action":"\#(AuditAction.Name.broken.rawValue)""#.utf8)

  private let heads: [AuditHead]
  private let own: FolderHeads
  /// The public key of the chain's first entry; `nil` before there is one.
  private let key: [UInt8]?
  /// The heads by the entry they are of.
  private var awaited: [Int64: [AuditHead]]
  private var previous = AuditChain.start
  private var sequence: Int64 = 0
  private var count: Int64 = 0
  private var notedBroken: [Int64] = []
  private var problems: [AuditProblem] = []
  private var problemCount = 0

  /// Walks along the whole chain.
  ///
  /// - Parameters:
  ///   - heads: from elsewhere.
  ///   - own: those that the folder holds.
  ///   - isBegun: whether a chain was begun here, as far as the caller knows.
  /// - Returns: `nil` where nothing tells that there ever was a chain.
  static func verify(
    _ db: Database, against heads: [AuditHead], _ own: FolderHeads, isBegun: Bool
  ) throws -> AuditVerification? {
    let key = try AuditWriter.firstKey(in: db)
    var own = own
    // A manifest of another folder says nothing of this chain.
    own.released = own.released.filter { $0.isOfChain(begunWith: key) }
    var check = ChainCheck(heads: heads, own: own, key: key)
    let rows = try Row.fetchCursor(
      db, sql: "SELECT sequence, entry, hash FROM audit ORDER BY sequence")
    while let row = try rows.next() { try check.take(row) }
    let effects = try Int64.fetchOne(
      db,
      sql: """
        SELECT max(audit) FROM (SELECT max(audit) AS audit FROM effect
        UNION ALL SELECT max(audit) FROM decision UNION ALL SELECT max(audit) FROM projection)
        """)
    let isKnown = key != nil || effects != nil || !heads.isEmpty || !own.isEmpty || isBegun
    return isKnown ? check.finish(toldOf: effects) : nil
  }

  private init(heads: [AuditHead], own: FolderHeads, key: [UInt8]?) {
    self.heads = heads
    self.own = own
    self.key = key
    awaited = Dictionary(
      grouping: (heads + own.kept.heads + own.released).filter { $0.isOfChain(begunWith: key) },
      by: \.sequence)
  }

  private mutating func take(_ row: Row) throws {
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
    try row.withUnsafeData(atIndex: 1) { text in
      guard let text else { return }
      hash.update(data: text)
      // An action's name stands in no other member: quotes within a text are escaped.
      if text.range(of: broken) != nil { notedBroken.append(number) }
    }
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

  private mutating func finish(toldOf: Int64?) -> AuditVerification {
    if case .unreadable = own.kept { report(.unreadableKept) }
    for head in heads + own.kept.heads {
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
    if key == nil { report(.absent, 1, "the chain has no entries: it was removed") }
    let isWhole = previous.count == SHA256.byteCount && count > 0
    let hash = isWhole ? ContentDigest(bytes: previous) : nil
    return AuditVerification(
      entries: count, last: hash.map { (sequence, $0) }, heads: heads.count,
      kept: own.kept.heads.first?.sequence, released: own.released.first?.sequence,
      notedBroken: notedBroken, problems: problems, problemCount: problemCount)
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

extension AuditHead {
  /// Whether it says anything of a chain: it is signed by the key that the chain was begun with.
  fileprivate func isOfChain(begunWith key: [UInt8]?) -> Bool {
    isSigned && (key == nil || self.key == key)
  }
}
