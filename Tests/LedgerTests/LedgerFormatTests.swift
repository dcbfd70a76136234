import Foundation
import GRDB
import Ledger
import StageKit
import Testing

/// A ledger of an earlier format is brought to the present one with all that it holds.
@Suite struct LedgerFormatTests {
  /// A data folder whose ledger was made by the statements of a fixture; removed at the end.
  private final class OldFolder {
    let folder = DataFolder(path: NSTemporaryDirectory() + "anagen-format-" + UUID().uuidString)

    init(_ fixture: String) throws {
      let statements = try String(
        contentsOf: URL(filePath: #filePath).deletingLastPathComponent()
          .deletingLastPathComponent().appending(path: "Fixtures/Ledger/\(fixture)"),
        encoding: .utf8)
      try FileManager.default.createDirectory(
        atPath: folder.privatePath, withIntermediateDirectories: true)
      try DatabaseQueue(path: "\(folder.privatePath)/ledger.sqlite").write { db in
        try db.execute(sql: statements)
      }
    }

    deinit {
      // A leftover in the temporary folder hurts nobody; there is no one to tell in a deinit.
      _ = try? FileManager.default.removeItem(atPath: folder.path)
    }
  }

  private static let sinkEdge = EdgeKey(from: "store", to: "sink")
  private static let deriveEdge = EdgeKey(from: "numbers", to: "derive")

  @Test func aLedgerOfFormatOneKeepsEverythingItHeld() throws {
    let old = try OldFolder("format-1.sql")
    let reading = try LedgerReading(folder: old.folder)
    let counts = try reading.deliveryCounts()
    #expect(counts[LedgerFormatTests.sinkEdge]?.pending == 1)
    let derive = try #require(counts[LedgerFormatTests.deriveEdge])
    #expect((derive.done, derive.quarantined, derive.pending) == (1, 1, 1))
    #expect(try reading.quarantined().map(\.failure.reason) == ["no_scale"])
    #expect(try reading.lastRun()?.entry.outcome == "interrupted")
    let journey = try #require(try reading.journey(of: 1))
    #expect(journey.deliveries.first?.results.map(\.identity) == ["result:0"])
  }

  @Test func aRunGoesOnWithWhatWaitedInAnOlderLedger() throws {
    let old = try OldFolder("format-1.sql")
    let ledger = try RunLedger(
      folder: old.folder, durability: .full, plan: Array("{}".utf8), program: "test",
      actor: "tester", now: { 3 })
    try ledger.follow([
      StoredEdge(edge: LedgerFormatTests.deriveEdge, reuseKey: "k1", keyParts: "{}"),
      StoredEdge(edge: LedgerFormatTests.sinkEdge, reuseKey: "k2", keyParts: "{}"),
    ])
    #expect(try ledger.supersedeStale().isEmpty)
    #expect(try ledger.pending(for: "sink", from: 0, limit: 10).map(\.delivery) == [2])
    #expect(try ledger.pending(for: "derive", from: 0, limit: 10).map(\.delivery) == [4])
    _ = try ledger.commit([LedgerEntry(ends: [LedgerEntry.End(delivery: 2)])])
    #expect(try ledger.pending(for: "sink", from: 0, limit: 10).isEmpty)
  }

  @Test func aLedgerOfANewerFormatIsRefusedAndLeftAlone() throws {
    let old = try OldFolder("format-1.sql")
    let path = "\(old.folder.privatePath)/ledger.sqlite"
    try DatabaseQueue(path: path).write { try $0.execute(sql: "PRAGMA user_version = 1000") }
    let error = #expect(throws: LedgerError.self) { try LedgerReading(folder: old.folder) }
    #expect(error?.code == .newer)
    #expect(error?.hint.contains("version") == true)
  }
}
