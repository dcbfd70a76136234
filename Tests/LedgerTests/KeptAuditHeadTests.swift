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
    let backup = try LedgerCopy(of: folder)
    try ChainFile(folder).change("DELETE FROM audit WHERE sequence > ?", [left])
    #expect(try LedgerReading(folder: folder.folder).auditProblem()?.code == .truncated)
    #expect(try run(adding: 10..<11)?.code == .truncated)
    #expect(try kept() == head, "the finding stays")
    // Past where it was cut: another entry stands there now.
    #expect(try run(adding: 11..<16) != nil)
    #expect(try run(adding: 16..<17)?.code == .rolledBack)
    #expect(try kept() == head && problems().contains(.rolledBack))
    // Put back from the backup: nothing is wrong any more.
    try backup.putBack()
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
    let account = try LedgerReading(folder: folder.folder).verifyAudit(against: [])
    #expect(account.notedBroken == [3], "who asks is told for good")
  }

  @Test func anOlderLedgerThatWasPutBackIsFound() throws {
    try run(adding: 0..<2)
    let old = try LedgerCopy(of: folder)
    try run(adding: 2..<4)
    try old.putBack()
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
    #expect(try kept().sequence == 1, "the head of the first entry")
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

  /// Not only the last entry is looked at: a change in the middle is told by whatever opens the
  /// ledger, and for as long as it is there.
  @Test func aChangedEntryInTheMiddleIsFoundByTheNextRunAndByAnExport() throws {
    try run(adding: 0..<4)
    let backup = try LedgerCopy(of: folder)
    try ChainFile(folder).change(
      "UPDATE audit SET entry = replace(entry, '\"records\":1', '\"records\":7') WHERE sequence = 3"
    )
    #expect(try LedgerReading(folder: folder.folder).auditProblem()?.code == .changed)
    for key in 10..<12 {
      let found = try run(adding: key..<key + 1)
      #expect(found?.code == .changed && found?.sequence == 3)
    }
    let broken = try ChainFile(folder).rows().filter { $0.entry.contains("audit.broken") }
    #expect(broken.map(\.sequence) == [6], "told in the chain once")
    try backup.putBack()
    let exporting = try ExportingLedger(folder.folder, durability: .full)
    #expect(try exporting.ledger.verifyAudit() == nil)
    try ChainFile(folder).change("UPDATE audit SET hash = zeroblob(32) WHERE sequence = 2")
    #expect(try exporting.ledger.verifyAudit()?.code == .changed)
    #expect(exporting.ledger.auditProblem?.sequence == 2)
  }

  /// Who puts `private/` back and forgets the manifest beside it, which has a later head.
  @Test func aLedgerThatWasPutBackWithItsHeadShowsAgainstTheManifest() throws {
    try run(adding: 0..<2)
    let (old, head) = (try LedgerCopy(of: folder), try Data(contentsOf: URL(filePath: file)))
    try run(adding: 2..<4)
    let late = try kept()
    try "{\"auditHead\": \"\(late)\", \"files\": []}".write(
      toFile: "\(folder.path)/manifest.json", atomically: true, encoding: .utf8)
    #expect(try LedgerReading(folder: folder.folder).verifyAudit(against: []).released == 5)
    try old.putBack()
    try head.write(to: URL(filePath: file))
    #expect(try problems() == [.truncated])
    #expect(try run(adding: 7..<8)?.code == .truncated)
    // The next export writes a manifest with another head; the finding stays all the same.
    try FileManager.default.removeItem(atPath: "\(folder.path)/manifest.json")
    #expect(try kept() == late)
    #expect(try run(adding: 8..<9)?.code == .rolledBack)
  }

  @Test func aManifestOfAnotherFolderSaysNothingOfThisChain() throws {
    try run(adding: 0..<2)
    let other = TemporaryFolder()
    let theirs = try ExportingLedger(other.folder).ledger.auditHead()
    try "\(theirs)".write(
      toFile: "\(folder.path)/manifest.json", atomically: true, encoding: .utf8)
    #expect(try run(adding: 2..<3) == nil)
    #expect(try problems().isEmpty)
  }
}

/// A ledger's file as it was, to be put back.
private struct LedgerCopy {
  private let path: String
  private let bytes: Data

  /// - Precondition: no ledger is open there, so its log is taken over.
  init(of folder: TemporaryFolder) throws {
    path = "\(folder.path)/private/ledger.sqlite"
    bytes = try Data(contentsOf: URL(filePath: path))
  }

  func putBack() throws {
    for suffix in ["-wal", "-shm"] where FileManager.default.fileExists(atPath: path + suffix) {
      try FileManager.default.removeItem(atPath: path + suffix)
    }
    try bytes.write(to: URL(filePath: path))
  }
}
