import ClinicalRecords
import Crypto
import Foundation
import GRDB
import Ledger
import StageKit
import Testing

/// What giving a delivery up removes, and what it never does.
@Suite struct PurgeTests {
  private let folder = TemporaryFolder()
  private let ledger: RunLedger

  init() throws {
    _ = try DataFolderLock(folder.folder)
    ledger = try RunLedger(
      folder: folder.folder, durability: .none,
      plan: Array(
        #"{"stages":[{"name":"file","from":["camera","crop"]},{"name":"crop","from":["camera"]}]}"#
          .utf8), program: "test", actor: "tester", now: { 1_700_000_000 })
    try ledger.follow([
      StoredEdge(edge: EdgeKey(from: "crop", to: "file"), reuseKey: "k", keyParts: "{}"),
      StoredEdge(edge: EdgeKey(from: "camera", to: "crop"), reuseKey: "k", keyParts: "{}"),
    ])
  }

  @Test func aCroppedPictureThatNothingElseRefersToGoesWithItsContent() throws {
    let picture = try taken(1, [1, 2, 3])
    let crop = try cropped(picture, 2, [4, 5, 6])
    let path = ledger.contents.path(of: crop.digest)
    #expect(FileManager.default.fileExists(atPath: path))
    let purged = try ledger.purge([crop.delivery], by: "maria", reason: "blurred")
    #expect(purged.first?.isRecordWithdrawn == true && purged.first?.contents == [crop.digest])
    #expect(!FileManager.default.fileExists(atPath: path))
    #expect(try ledger.current(RecordIdentity("note:2")) == nil)
    #expect(FileManager.default.fileExists(atPath: ledger.contents.path(of: picture.digest)))
  }

  @Test func aContentThatAnotherRecordNamesStays() throws {
    let picture = try taken(1, [1, 2, 3])
    let same = try cropped(picture, 2, [1, 2, 3])
    let purged = try ledger.purge([same.delivery], by: "maria", reason: "blurred")
    #expect(purged.first?.isRecordWithdrawn == true && purged.first?.contents == [])
    #expect(FileManager.default.fileExists(atPath: ledger.contents.path(of: picture.digest)))
  }

  @Test func theOriginalNeverGoes() throws {
    let picture = try taken(1, [1, 2, 3])
    _ = try ledger.commit([LedgerEntry(ends: [setAside(picture.delivery)])])
    let purged = try ledger.purge([picture.delivery], by: "maria", reason: "a ruler")
    #expect(purged.first?.isRecordWithdrawn == false)
    #expect(FileManager.default.fileExists(atPath: ledger.contents.path(of: picture.digest)))
    #expect(try ledger.current(RecordIdentity("note:1")) == picture.record)
  }

  @Test func whatIsMadeAgainAfterwardsIsWholeAgain() throws {
    let picture = try taken(1, [1, 2, 3])
    let crop = try cropped(picture, 2, [4, 5, 6])
    _ = try ledger.purge([crop.delivery], by: "maria", reason: "blurred")
    let again = try ledger.commit([
      LedgerEntry(product: try product(2, [4, 5, 6], from: picture))
    ])
    #expect(again.first?.reference == crop.record)
    #expect(try ledger.current(RecordIdentity("note:2")) == crop.record)
    #expect(FileManager.default.fileExists(atPath: ledger.contents.path(of: crop.digest)))
    #expect(again.first?.stillQuarantined.count == 1, "and what was given up stays so")
  }

  // MARK: -

  private struct Stored {
    let record: LedgerReference
    let delivery: Int64
    let digest: ContentDigest
  }

  private func body(_ bytes: [UInt8]) -> StoredContent {
    StoredContent(
      bytes: bytes, sha256: ContentDigest(bytes: SHA256.hash(data: bytes)), mediaType: "image/png")
  }

  private func taken(_ key: Int, _ bytes: [UInt8]) throws -> Stored {
    try stored(
      LedgerEntry.Product(
        record: Note(key: key, body: body(bytes)), stage: "camera", resultVersion: "1",
        parent: nil, delivery: nil), bytes)
  }

  private func product(
    _ key: Int, _ bytes: [UInt8], from picture: Stored
  ) throws -> LedgerEntry.Product {
    try LedgerEntry.Product(
      record: Note(key: key, body: body(bytes)), stage: "crop", resultVersion: "1",
      parent: picture.record, delivery: picture.delivery)
  }

  /// A crop that was set aside on its way on.
  private func cropped(_ picture: Stored, _ key: Int, _ bytes: [UInt8]) throws -> Stored {
    let crop = try stored(product(key, bytes, from: picture), bytes)
    _ = try ledger.commit([LedgerEntry(ends: [setAside(crop.delivery)])])
    return crop
  }

  private func stored(_ product: LedgerEntry.Product, _ bytes: [UInt8]) throws -> Stored {
    let outcome = try #require(try ledger.commit([LedgerEntry(product: product)]).first)
    return Stored(
      record: try #require(outcome.reference),
      delivery: try #require(outcome.opened.first?.delivery),
      digest: body(bytes).sha256)
  }

  private func setAside(_ delivery: Int64) -> LedgerEntry.End {
    LedgerEntry.End(
      delivery: delivery,
      failure: DeliveryFailure(
        stage: "file", failureClass: "record", reason: "no", message: "it", hint: "none"))
  }
}
