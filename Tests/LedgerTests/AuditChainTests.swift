import Crypto
import Foundation
import GRDB
import Ledger
import StageKit
import Testing

@Suite struct AuditChainTests {
  private let folder = TemporaryFolder()

  private func problems(_ heads: [AuditHead] = []) throws -> [AuditProblem.Code] {
    try LedgerReading(folder: folder.folder).verifyAudit(against: heads).problems.map(\.code)
  }

  @Test func anUntouchedChainIsSoundAndItsHeadHolds() throws {
    let exporting = try ExportingLedger(folder.folder)
    try exporting.add(0..<5)
    let head = try exporting.ledger.auditHead()
    #expect(head.sequence == 6 && head.isSigned)
    let check = try LedgerReading(folder: folder.folder).verifyAudit(against: [head])
    #expect(check.problems.isEmpty && check.entries == 6 && check.last?.hash == head.hash)
  }

  /// The rule that ARCHITECTURE states, worked out by hand: another reader can check a chain.
  @Test func anEntryIsHashedWithTheHashBeforeIt() throws {
    try ExportingLedger(folder.folder).add(0..<3)
    var previous = Data(repeating: 0, count: 32)
    for row in try ChainFile(folder).rows() {
      previous = Data(SHA256.hash(data: previous + Data(row.entry.utf8)))
      #expect(previous == row.hash)
    }
  }

  @Test func everyByteThatIsChangedShows() throws {
    try ExportingLedger(folder.folder, actor: "ü\"\\").add(0..<3)
    let file = ChainFile(folder)
    for row in try file.rows() {
      for index in row.entry.utf8.indices {
        var bytes = Array(row.entry.utf8)
        bytes[row.entry.utf8.distance(from: row.entry.utf8.startIndex, to: index)] ^= 1
        try file.change(
          "UPDATE audit SET entry = CAST(? AS TEXT) WHERE sequence = ?",
          [Data(bytes), row.sequence])
        #expect(try problems().contains(.changed), "entry \(row.sequence), byte \(index)")
        try file.change(
          "UPDATE audit SET entry = ? WHERE sequence = ?", [row.entry, row.sequence])
      }
      for index in row.hash.indices {
        var hash = row.hash
        hash[index] ^= 0x80
        try file.change("UPDATE audit SET hash = ? WHERE sequence = ?", [hash, row.sequence])
        #expect(try problems().contains(.changed), "hash \(row.sequence), byte \(index)")
        try file.change("UPDATE audit SET hash = ? WHERE sequence = ?", [row.hash, row.sequence])
      }
    }
    #expect(try problems().isEmpty)
  }

  @Test func everyEntryThatIsDroppedShows() throws {
    let exporting = try ExportingLedger(folder.folder)
    try exporting.add(0..<5)
    let (file, head) = (ChainFile(folder), try exporting.ledger.auditHead())
    let rows = try file.rows()
    for dropped in rows.indices.dropLast() {
      var rest = rows
      rest.remove(at: dropped)
      try file.put(rest)
      #expect(try problems().contains(.missing), "entry \(dropped + 1) dropped")
      // Dropped, and the ones after it counted anew.
      try file.put(rest.enumerated().map { (Int64($0 + 1), $1.entry, $1.hash) })
      #expect(try problems().contains(.changed), "entry \(dropped + 1) closed up")
    }
    try file.put(Array(rows.dropLast()))
    #expect(try problems([head]) == [.truncated])
  }

  @Test func everyPairThatIsExchangedShows() throws {
    try ExportingLedger(folder.folder).add(0..<4)
    let file = ChainFile(folder)
    let rows = try file.rows()
    for first in rows.indices {
      for second in rows.indices where second > first {
        var swapped = rows
        (swapped[first], swapped[second]) = (
          (rows[first].sequence, rows[second].entry, rows[second].hash),
          (rows[second].sequence, rows[first].entry, rows[first].hash)
        )
        try file.put(swapped)
        #expect(try problems().contains(.changed), "\(first + 1) and \(second + 1)")
      }
    }
  }

  @Test(arguments: 0..<6) func aChainThatWasCutShowsAgainstAHead(kept: Int) throws {
    let exporting = try ExportingLedger(folder.folder)
    try exporting.add(0..<5)
    let (file, head) = (ChainFile(folder), try exporting.ledger.auditHead())
    try file.put(Array(try file.rows().prefix(kept)))
    let found = try problems([head])
    #expect(found.contains(.truncated), "\(found)")
  }

  @Test func aLedgerThatWasPutBackShowsAgainstAHead() throws {
    let (kept, early) = ("\(folder.path)/kept", try head(after: 0..<3))
    let ledger = "\(folder.path)/private/ledger.sqlite"
    try FileManager.default.copyItem(atPath: ledger, toPath: kept)
    let late = try head(after: 3..<6)
    for suffix in ["", "-wal", "-shm"] where FileManager.default.fileExists(atPath: ledger + suffix)
    {
      try FileManager.default.removeItem(atPath: ledger + suffix)
    }
    try FileManager.default.copyItem(atPath: kept, toPath: ledger)
    #expect(try problems([early]).isEmpty, "the old head still holds")
    #expect(try problems([late]) == [.truncated])
    #expect(try problems([early, late]) == [.truncated])
    // It goes on from there, past where it was: other things, or the same at another time.
    _ = try head(after: 10..<20)
    #expect(try problems().isEmpty, "no chain tells this of itself")
    #expect(try problems([late]) == [.rolledBack])
  }

  /// All hashes made anew after a change: only a head that lies elsewhere tells.
  @Test func aChainThatWasForgedShowsAgainstAHead() throws {
    let head = try head(after: 0..<5)
    let file = ChainFile(folder)
    var previous = Data(repeating: 0, count: 32)
    try file.put(
      try file.rows().map { row in
        let entry = row.entry.replacing("\"records\":1", with: "\"records\":0")
        previous = Data(SHA256.hash(data: previous + Data(entry.utf8)))
        return (row.sequence, entry, previous)
      })
    #expect(try problems().isEmpty)
    #expect(try problems([head]) == [.rolledBack])
  }

  @Test func aHeadOfAnotherFolderOrWithoutAGoodSignatureIsRefused() throws {
    let mine = try head(after: 0..<2)
    let other = TemporaryFolder()
    let exporting = try ExportingLedger(other.folder)
    try exporting.add(0..<2)
    let theirs = try exporting.ledger.auditHead()
    #expect(try problems([theirs]).contains(.foreignKey))
    let parts = mine.description.split(separator: ":")
    let wrong = try #require(
      AuditHead(
        parsing:
          "\(parts[0]):\(parts[1]):\(theirs.description.split(separator: ":")[2]):\(parts[3])"))
    #expect(!wrong.isSigned)
    #expect(try problems([wrong]).contains(.badSignature))
  }

  @Test func headsAreReadBackFromWhateverFileHoldsThem() throws {
    let first = try head(after: 0..<2)
    let second = try head(after: 2..<4)
    #expect(AuditHead(parsing: first.description) == first)
    let text = "audit head \(first)\n{\"auditHead\":\"\(second)\",\"files\":[]}\n12:nothing:x:y\n"
    #expect(AuditHead.all(in: Array(text.utf8)) == [first, second])
    for end in 1..<first.description.count {
      #expect(AuditHead(parsing: first.description.prefix(end)) == nil)
    }
  }

  @Test func theKeyIsItsOwnersAloneAndItsLossStopsTheNextRun() throws {
    _ = try head(after: 0..<1)
    let key = "\(folder.path)/private/audit-key"
    let attributes = try FileManager.default.attributesOfItem(atPath: key)
    #expect(attributes[.posixPermissions] as? NSNumber == 0o600)
    let kept = try Data(contentsOf: URL(filePath: key))
    try FileManager.default.removeItem(atPath: key)
    #expect(throws: LedgerError.self) { try ExportingLedger(folder.folder) }
    #expect(!FileManager.default.fileExists(atPath: key), "no second key is made in silence")
    try kept.write(to: URL(filePath: key))
    _ = try head(after: 1..<2)
    #expect(try problems().isEmpty)
  }

  @Test func theTableItselfRefusesToBeChanged() throws {
    _ = try head(after: 0..<2)
    let database = try DatabaseQueue(path: ChainFile(folder).path)
    for sql in ["DELETE FROM audit", "UPDATE audit SET entry = '{}'"] {
      #expect(throws: DatabaseError.self) { try database.write { try $0.execute(sql: sql) } }
    }
  }

  /// Prints what verifying costs; `ANAGEN_AUDIT_ENTRIES=1000000` for the figure that is promised.
  @Test func whatVerifyingCostsIsPrinted() throws {
    _ = try head(after: 0..<1)
    let count =
      ProcessInfo.processInfo.environment["ANAGEN_AUDIT_ENTRIES"].flatMap { Int64($0) } ?? 20_000
    let last = try #require(try ChainFile(folder).rows().last)
    try DatabaseQueue(path: ChainFile(folder).path).write { db in
      var previous = last.hash
      let insert = try db.makeStatement(sql: "INSERT INTO audit VALUES (?, ?, ?)")
      for sequence in (last.sequence + 1)...count {
        let entry = last.entry.replacing("\"sequence\":2", with: "\"sequence\":\(sequence)")
        previous = Data(SHA256.hash(data: previous + Data(entry.utf8)))
        try insert.execute(arguments: [sequence, entry, previous])
      }
    }
    let start = ContinuousClock.now
    let check = try LedgerReading(folder: folder.folder).verifyAudit(against: [])
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    #expect(check.entries == count && check.problems.isEmpty)
    print("\(count) audit entries of \(last.entry.utf8.count) bytes verified in \(seconds) s")
  }

  /// The head after some more exports; the ledger is closed on return.
  private func head(after keys: Range<Int>) throws -> AuditHead {
    let exporting = try ExportingLedger(folder.folder)
    try exporting.add(keys)
    return try exporting.ledger.auditHead()
  }
}
