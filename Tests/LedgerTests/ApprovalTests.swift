import ClinicalRecords
import Crypto
import Ledger
import StageKit
import Testing

/// What a person's approval lets pass, and what it does not.
@Suite struct ApprovalTests {
  private let folder = TemporaryFolder()
  private let ledger: RunLedger
  private let edge = EdgeKey(from: "camera", to: "file")

  init() throws {
    _ = try DataFolderLock(folder.folder)
    ledger = try RunLedger(
      folder: folder.folder, durability: .none,
      plan: Array(#"{"stages":[{"name":"file","from":["camera"]}]}"#.utf8), program: "test",
      actor: "tester", now: { 1_700_000_000 })
    try ledger.follow([StoredEdge(edge: edge, reuseKey: "k", keyParts: "{}")])
  }

  private func finding(x: Int = 40, version: String = "2") -> PictureFinding {
    PictureFinding(
      gate: "burned_in_text", version: version,
      content: ContentDigest(bytes: SHA256.hash(data: [1, 2, 3])), subject: "S-001",
      regions: [PictureFinding.Region(x: x, y: 30, width: 200, height: 14, confidence: 0.97)])
  }

  private func held(_ number: Int, for finding: PictureFinding?) throws -> Int64 {
    let product = try LedgerEntry.Product(
      record: Note(key: number), stage: "camera", resultVersion: "1",
      parent: nil, delivery: nil)
    let outcome = try #require(try ledger.commit([LedgerEntry(product: product)]).first)
    let delivery = try #require(outcome.opened.first?.delivery)
    let failure = DeliveryFailure(
      stage: "file", failureClass: "record", reason: "burned_in_text", message: "it", hint: "look",
      finding: finding)
    _ = try ledger.commit([
      LedgerEntry(ends: [LedgerEntry.End(delivery: delivery, failure: failure)])
    ])
    return delivery
  }

  @Test func exactlyWhatAPersonSawPasses() throws {
    let delivery = try held(1, for: finding())
    #expect(try ledger.approval(of: finding()) == nil)
    let reading = try LedgerReading(folder: folder.folder)
    #expect(try reading.quarantined().first?.failure.finding == finding())
    let opened = try ledger.approve([delivery, delivery], by: "maria", reason: "a scale bar")
    #expect(opened.map(\.delivery) == [delivery] && opened.map(\.edge) == [edge])
    #expect(try ledger.approval(of: finding()) == ledger.auditHead().sequence)
    #expect(try ledger.approval(of: finding(x: 41)) == nil)
    #expect(try ledger.approval(of: finding(version: "3")) == nil)
    let last = try #require(try reading.quarantineHistory(of: delivery).last)
    #expect(last.kind == .approved && last.by == "maria" && last.reason == "a scale bar")
    #expect(try reading.quarantined().isEmpty)
  }

  @Test func whatIsHeldForNothingSeenIsNotApproved() throws {
    let seen = try held(1, for: finding())
    let unseen = try held(2, for: nil)
    let error = #expect(throws: LedgerError.self) {
      try ledger.approve([seen, unseen], by: "maria", reason: "all of them")
    }
    #expect(error?.code == .notSetAside)
    #expect(try ledger.approval(of: finding()) == nil)
    #expect(try LedgerReading(folder: folder.folder).quarantined().count == 2)
  }
}
