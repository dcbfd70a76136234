import ClinicalRecords
import Ledger
import StageKit
import Testing

/// What a record that ends the program is set aside with.
@Suite struct DeathTests {
  @Test(arguments: [
    (true, "out_of_memory", "give the run more memory"),
    (false, "ends_the_program", "without the record, which identifies a subject"),
  ])
  func theRemedyIsForWhatThePersonCanChange(
    ranOutOfMemory: Bool, reason: String, remedy: String
  ) throws {
    let folder = TemporaryFolder()
    _ = try DataFolderLock(folder.folder)
    let first = try ledger(folder)
    let product = try LedgerEntry.Product(
      record: Tally(key: 1), stage: "camera", resultVersion: "1", parent: nil, delivery: nil)
    let outcome = try #require(try first.commit([LedgerEntry(product: product)]).first)
    let delivery = try #require(outcome.opened.first?.delivery)
    var dead = first.run
    for _ in 0..<2 {
      let next = try ledger(folder)
      try next.noteDeath(
        ofRun: dead, inHand: [delivery], wasAlone: true, ranOutOfMemory: ranOutOfMemory)
      dead = next.run
    }
    let entry = try #require(try LedgerReading(folder: folder.folder).quarantined().first)
    #expect(entry.failure.reason == reason && entry.run == dead)
    #expect(entry.failure.hint.contains(remedy), "\(entry.failure.hint)")
  }

  private struct Tally: StoredRecord {
    static let schema = SchemaID("test.tally", 1, 0)
    let key: Int
    var identity: RecordIdentity { RecordIdentity("tally:\(key)") }
    var privacy: PrivacyLabel { .identified }
    var byteCount: Int { 64 }
  }

  private func ledger(_ folder: TemporaryFolder) throws -> RunLedger {
    let ledger = try RunLedger(
      folder: folder.folder, durability: .none,
      plan: Array(#"{"stages":[{"name":"file","from":["camera"]}]}"#.utf8), program: "test",
      actor: "tester", now: { 1_700_000_000 })
    try ledger.follow([
      StoredEdge(edge: EdgeKey(from: "camera", to: "file"), reuseKey: "k", keyParts: "{}")
    ])
    return ledger
  }
}
