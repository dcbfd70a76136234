import Foundation
import GRDB
import Ledger
import StageKit
import Testing

/// The head of the audit chain that a folder keeps itself: a ledger that was cut or put back between
/// two runs is found when it is opened, and stays found.
@Suite struct KeptAuditHeadTests {
  private let folder = TemporaryFolder()
  private var file: String { "\(folder.path)/private/audit-head" }
  private var ledgerFile: String { "\(folder.path)/private/ledger.sqlite" }

  /// Opens the ledger as a run does, adds some exports, ends the run, closes it.
  @discardableResult
  private func run(
    adding keys: Range<Int>, isKilled: Bool = false, durability: RunLedger.Durability = .full
  ) throws -> AuditProblem? {
    let exporting = try ExportingLedger(folder.folder, durability: durability)
    try exporting.add(keys)
    if !isKilled { try exporting.ledger.endRun("completed") }
    return exporting.ledger.auditProblem
  }

  private func kept() throws -> AuditHead {
    try #require(AuditHead.all(in: [UInt8](try Data(contentsOf: URL(filePath: file)))).first)
  }

  private func problems() throws -> [AuditProblem.Code] {
    try LedgerReading(folder: folder.folder).verifyAudit(against: []).problems.map(\.code)
  }

  @Test func eachRunKeepsItsHeadAndTheNextFindsIt() throws {
    #expect(try run(adding: 0..<3) == nil)
    #expect(try kept().sequence == 4 && kept().isSigned)
    #expect(try run(adding: 3..<5) == nil)
    #expect(try kept().sequence == 6)
    let check = try LedgerReading(folder: folder.folder).verifyAudit(against: [])
    #expect(check.problems.isEmpty && check.kept == 6 && check.heads == 0)
  }

  @Test(arguments: 0..<4) func aCutEndIsFoundAndStaysFound(left: Int) throws {
    try run(adding: 0..<3)
    let head = try kept()
    let rows = try ChainFile(folder).rows()
    try ChainFile(folder).change("DELETE FROM audit WHERE sequence > ?", [left])
    #expect(try LedgerReading(folder: folder.folder).auditProblem()?.code == .truncated)
    #expect(try run(adding: 10..<11)?.code == .truncated)
    #expect(try kept() == head, "the finding stays")
    // Past where it was cut: another entry stands there now.
    #expect(try run(adding: 11..<16) != nil)
    #expect(try run(adding: 16..<17)?.code == .rolledBack)
    #expect(try kept() == head && problems().contains(.rolledBack))
    // Put back from the backup: nothing is wrong any more.
    try ChainFile(folder).put(rows)
    #expect(try run(adding: 20..<21) == nil)
    #expect(try kept().sequence == 5)
  }

  @Test func theChainItselfSaysThatItWasCutOnceForEachHead() throws {
    try run(adding: 0..<3)
    try ChainFile(folder).change("DELETE FROM audit WHERE sequence > 2")
    for key in 10..<13 { try run(adding: key..<key + 1) }
    let broken = try ChainFile(folder).rows().filter { $0.entry.contains("audit.broken") }
    #expect(broken.map(\.sequence) == [3])
    #expect(broken.first?.entry.contains("\"entry\":4,\"hash\":\"\(try kept().hash)\"") == true)
    // Who lives on with it moves the head away; the entry stays.
    try FileManager.default.removeItem(atPath: file)
    #expect(try run(adding: 13..<14) == nil)
    #expect(try problems().isEmpty && kept().sequence == 7)
  }

  @Test func anOlderLedgerThatWasPutBackIsFound() throws {
    try run(adding: 0..<2)
    let old = "\(folder.path)/old"
    try FileManager.default.copyItem(atPath: ledgerFile, toPath: old)
    try run(adding: 2..<4)
    try FileManager.default.removeItem(atPath: ledgerFile)
    try FileManager.default.copyItem(atPath: old, toPath: ledgerFile)
    #expect(try run(adding: 0..<0)?.code == .truncated)
  }

  @Test func aLedgerThatWasRemovedIsFound() throws {
    try run(adding: 0..<2)
    for name in ["ledger.sqlite", "ledger.sqlite-wal", "ledger.sqlite-shm"] {
      let path = "\(folder.path)/private/\(name)"
      if FileManager.default.fileExists(atPath: path) {
        try FileManager.default.removeItem(atPath: path)
      }
    }
    #expect(try run(adding: 0..<0)?.code == .truncated)
  }

  @Test func aKillBeforeTheHeadIsKeptIsNoFinding() throws {
    try run(adding: 0..<2, isKilled: true)
    #expect(!FileManager.default.fileExists(atPath: file))
    try run(adding: 2..<3)
    let head = try kept()
    try run(adding: 3..<9, isKilled: true)
    #expect(try kept() == head, "an older head is an entry of the chain")
    #expect(try run(adding: 9..<10) == nil)
    #expect(try problems().isEmpty)
  }

  @Test func aFolderThatWasMovedOrCopiedIsNoFinding() throws {
    try run(adding: 0..<2)
    let other = TemporaryFolder()
    try FileManager.default.copyItem(atPath: folder.path, toPath: other.path)
    let copied = try ExportingLedger(other.folder, durability: .full)
    #expect(copied.ledger.auditProblem == nil)
  }

  /// Foundation leaks a page when it reads an empty file.
  private func contents() throws -> String {
    let size = try FileManager.default.attributesOfItem(atPath: file)[.size] as? Int
    return size == 0 ? "" : try String(contentsOfFile: file, encoding: .utf8)
  }

  @Test func aHeadThatWasChangedIsAFindingAndNoError() throws {
    try run(adding: 0..<2)
    let text = try String(contentsOfFile: file, encoding: .utf8)
    for changed in [
      "", "nothing\n", String(text.dropLast(9)), "1" + text, text.replacing("3:", with: "2:"),
    ] {
      try changed.write(toFile: file, atomically: false, encoding: .utf8)
      #expect(try run(adding: 0..<0)?.code == .badSignature, "'\(changed.prefix(8))'")
      #expect(try contents() == changed)
      #expect(try problems().contains(.badSignature))
    }
    let other = TemporaryFolder()
    try ExportingLedger(other.folder, durability: .full).ledger.endRun("completed")
    try FileManager.default.removeItem(atPath: file)
    try FileManager.default.copyItem(atPath: "\(other.path)/private/audit-head", toPath: file)
    #expect(try run(adding: 0..<0)?.code == .foreignKey)
  }

  /// A power cut may take the entry of a commit that was not synced, and leave the head.
  @Test func aLedgerThatIsNotSyncedKeepsNoHead() throws {
    try run(adding: 0..<2, durability: .none)
    #expect(!FileManager.default.fileExists(atPath: file))
  }
}
