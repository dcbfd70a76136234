import ClinicalRecords
import Ledger
import StageKit
import Testing

@Suite struct EffectCostTests {
  /// Prints what the log of effects and the audit chain add to a record that goes to one sink, in
  /// batches of 256 as a run makes them when its stages are quick; fails on no time.
  @Test func whatAnEffectAddsPerRecordIsPrinted() throws {
    _ = try microseconds(nil)  // the first one warms up
    let none = try microseconds(nil)
    let logged = try microseconds(false)
    let exported = try microseconds(true)
    print(
      "a record and its delivery: \(none) µs; with its effect logged: \(logged) µs; with the effect "
        + "in the audit chain: \(exported) µs")
  }

  private func microseconds(_ isExport: Bool?) throws -> Double {
    let (count, batch) = (20_480, 256)
    let folder = TemporaryFolder()
    _ = try DataFolderLock(folder.folder)
    let ledger = try RunLedger(
      folder: folder.folder, durability: .none, plan: Array(#"{"stages":[]}"#.utf8),
      program: "test", actor: "tester", now: { 1_700_000_000 })
    let destination = try isExport.map { try ledger.destination("post", isExport: $0) }
    try ledger.follow([
      StoredEdge(
        edge: EdgeKey(from: "notes", to: "post"), reuseKey: "k", keyParts: "{}",
        destination: destination)
    ])
    let start = ContinuousClock.now
    for first in stride(from: 0, to: count, by: batch) {
      let outcomes = try ledger.commit(
        (first..<first + batch).map { key in
          LedgerEntry(
            product: try LedgerEntry.Product(
              record: Note(key: key), stage: "notes", resultVersion: "1", parent: nil,
              delivery: nil))
        })
      _ = try ledger.commit(
        outcomes.flatMap(\.opened).map { opened in
          LedgerEntry(ends: [
            LedgerEntry.End(
              delivery: opened.delivery,
              effect: destination.map {
                Effect(
                  destination: $0, record: opened.record, delivery: opened.delivery, stage: "post")
              })
          ])
        })
    }
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    return (seconds / Double(count) * 1e7).rounded() / 10
  }
}
