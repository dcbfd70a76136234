import ClinicalRecords
import Ledger
import StageKit
import Testing

/// What a destination holds last is not known once a version of it was given up while it waited.
@Suite struct EffectDoubtTests {
  /// A record of one identity in several versions.
  private struct Figure: StoredRecord {
    static let schema = SchemaID("test.figure", 1, 0)
    let value: Int
    var identity: RecordIdentity { RecordIdentity("figure:1") }
    var privacy: PrivacyLabel { .pseudonymised }
    var byteCount: Int { 64 }
    var contents: [StoredContent] { [] }
  }

  private let folder = TemporaryFolder()

  private func ledger(isAsked: Bool) throws -> (RunLedger, EffectDestination) {
    _ = try DataFolderLock(folder.folder)  // makes the folder
    let ledger = try RunLedger(
      folder: folder.folder, durability: .none, plan: Array(#"{"stages":[]}"#.utf8),
      program: "test", actor: "tester", now: { 1_700_000_000 })
    let destination = try ledger.destination("post", isExport: false, isAsked: isAsked)
    try ledger.follow([
      StoredEdge(
        edge: EdgeKey(from: "figures", to: "post"), reuseKey: "k", keyParts: "{}",
        destination: destination)
    ])
    return (ledger, destination)
  }

  private func give(_ value: Int, to ledger: RunLedger) throws -> LedgerOutcome {
    let product = try LedgerEntry.Product(
      record: Figure(value: value), stage: "figures", resultVersion: "1", parent: nil,
      delivery: nil)
    return try #require(try ledger.commit([LedgerEntry(product: product)]).first)
  }

  @discardableResult
  private func take(
    _ opened: LedgerOutcome.Opened, _ destination: EffectDestination, _ ledger: RunLedger
  ) throws -> LedgerOutcome {
    let effect = Effect(
      destination: destination, record: opened.record, delivery: opened.delivery, stage: "post")
    let end = LedgerEntry.End(delivery: opened.delivery, effect: effect)
    return try #require(try ledger.commit([LedgerEntry(ends: [end])]).first)
  }

  @Test func `an earlier version is sent again after one that was given up as it waited`() throws {
    let (ledger, destination) = try ledger(isAsked: false)
    try take(try #require(try give(1, to: ledger).opened.first), destination, ledger)
    // The second may have landed before the program died; nobody told.
    #expect(try give(2, to: ledger).opened.count == 1)
    let back = try give(1, to: ledger)
    try take(try #require(back.opened.first), destination, ledger)
    let settled = try give(1, to: ledger)
    #expect(settled.opened.isEmpty && settled.reused.count == 1)
  }

  @Test func `and after one that was taken only when it had been given up`() throws {
    let (ledger, destination) = try ledger(isAsked: false)
    try take(try #require(try give(1, to: ledger).opened.first), destination, ledger)
    let second = try #require(try give(2, to: ledger).opened.first)
    let back = try #require(try give(1, to: ledger).opened.first)
    try take(second, destination, ledger)
    try take(back, destination, ledger)
    let settled = try give(1, to: ledger)
    #expect(settled.opened.isEmpty && settled.reused.count == 1)
  }

  @Test func `and after one that was taken when the earlier had been taken again`() throws {
    let (ledger, destination) = try ledger(isAsked: false)
    try take(try #require(try give(1, to: ledger).opened.first), destination, ledger)
    let second = try #require(try give(2, to: ledger).opened.first)
    try take(try #require(try give(1, to: ledger).opened.first), destination, ledger)
    let again = try take(second, destination, ledger)
    try take(try #require(again.opened.first), destination, ledger)
    let settled = try give(1, to: ledger)
    #expect(settled.opened.isEmpty && settled.reused.count == 1)
  }

  @Test func `a destination that is asked keeps what it has`() throws {
    let (ledger, destination) = try ledger(isAsked: true)
    try take(try #require(try give(1, to: ledger).opened.first), destination, ledger)
    #expect(try give(2, to: ledger).opened.count == 1)
    #expect(try give(1, to: ledger).opened.isEmpty)
  }
}
