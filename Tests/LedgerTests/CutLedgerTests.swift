import ClinicalRecords
import Foundation
import GRDB
import Ledger
import StageKit
import Testing

/// A ledger whose files were cut by a power failure always opens, shows every commit whose sync had
/// returned, and nothing of any other.
///
/// The files are cut at every byte of their last 64 KiB, or any sectors of the last commit are lost.
/// `ANAGEN_FAULTS=all` cuts at every byte, otherwise at every 251st.
struct CutLedgerTests {
  static let step =
    ProcessInfo.processInfo.environment["ANAGEN_FAULTS"] == "all" ? 1 : 251
  static let reach = 64 << 10

  @Test(.timeLimit(.minutes(30))) func theLogCutAtAnyByteKeepsWhatWasSynced() throws {
    let ledger = try FilledLedger()
    let log = ledger.log
    #expect(log.count > CutLedgerTests.reach, "the cut reaches over several commits")
    for size in stride(
      from: log.count, through: log.count - CutLedgerTests.reach, by: -CutLedgerTests.step)
    {
      let cut = try CopiedLedger(of: ledger, log: log[..<size])
      #expect(try cut.waiting() == ledger.commits(within: size), "cut to \(size) bytes")
    }
  }

  @Test func anySectorsOfTheLastCommitMayBeLost() throws {
    let ledger = try FilledLedger()
    let start = ledger.sizes[ledger.sizes.count - 2]
    var random = SystemRandomNumberGenerator()
    for round in 0..<300 {
      var log = ledger.log
      var lost = 0
      for sector in stride(from: start, to: log.count, by: 512)
      where Bool.random(using: &random) {
        let end = min(log.count, sector + 512)
        // What a sector held before: nothing, or bytes of another time.
        let fill: UInt8 = round % 2 == 0 ? 0 : UInt8.random(in: 0...255, using: &random)
        if log[sector..<end].allSatisfy({ $0 == fill }) { continue }
        log.replaceSubrange(sector..<end, with: repeatElement(fill, count: end - sector))
        lost += 1
      }
      let cut = try CopiedLedger(of: ledger, log: log[...])
      #expect(try cut.waiting() == ledger.sizes.count - (lost > 0 ? 1 : 0), "\(lost) sectors lost")
    }
  }

  /// The log is whole until the database that it was copied into is synced.
  @Test(.timeLimit(.minutes(30))) func theDatabaseCutWhileTheLogIsCopiedIntoItKeepsAll() throws {
    let ledger = try FilledLedger()
    let whole = try ledger.closed()
    for size in stride(
      from: whole.count, through: max(0, whole.count - CutLedgerTests.reach),
      by: -CutLedgerTests.step)
    {
      let cut = try CopiedLedger(of: ledger, database: Array(whole[..<size]), log: ledger.log[...])
      #expect(try cut.waiting() == ledger.sizes.count, "cut to \(size) bytes")
    }
  }

  /// A kill while an empty ledger is made leaves a rollback journal, which only an opening that may
  /// write can play back.
  @Test func aLedgerWhoseMakingWasCutIsMadeAnew() throws {
    let place = try TemporaryLedgerFolder()
    let unfinished = try DatabaseQueue(path: "\(place.folder.privatePath)/unfinished")
    try unfinished.writeWithoutTransaction { db in
      try db.execute(sql: "PRAGMA cache_size = 1; BEGIN; CREATE TABLE page(bytes)")
      for _ in 0..<20 { try db.execute(sql: "INSERT INTO page VALUES (zeroblob(4000))") }
      for suffix in ["", "-journal"] {
        try place.write(place.bytes("unfinished\(suffix)")[...], "ledger.sqlite\(suffix)")
      }
      try db.execute(sql: "ROLLBACK")
    }
    #expect(try place.bytes("ledger.sqlite").count > 4096, "pages were written")
    #expect(try LedgerReading(folder: place.folder).deliveryCounts().isEmpty)
    let ledger = try RunLedger(
      folder: place.folder, durability: .full, plan: [], program: "test", actor: "tester",
      now: { 0 })
    #expect(try ledger.pendingCounts().isEmpty)
  }

  /// A power cut does not do this, since the database is synced before its log goes; a copy that
  /// ended early does.
  @Test(.timeLimit(.minutes(30))) func aDatabaseWithoutItsLogThatIsCutIsRefusedInWords() throws {
    let ledger = try FilledLedger()
    let whole = try ledger.closed()
    for size in stride(
      from: whole.count - 1, through: max(1, whole.count - CutLedgerTests.reach),
      by: -CutLedgerTests.step)
    {
      let cut = try CopiedLedger(of: ledger, database: Array(whole[..<size]), log: [])
      let error = #expect(throws: LedgerError.self, "cut to \(size) of \(whole.count) bytes") {
        try cut.waiting()
      }
      #expect(error?.code == .damaged, "\(size): \(error.map { "\($0)" } ?? "opened")")
      #expect(throws: LedgerError.self, "cut to \(size), read only") {
        _ = try LedgerReading(folder: cut.folder).lastRun()
      }
    }
  }
}

/// A ledger with some commits, copied as a kill would leave it after the last.
private final class FilledLedger {
  /// The database's and the log's bytes.
  let database: [UInt8]
  let log: [UInt8]
  /// How large the log was when each commit had returned.
  let sizes: [Int]
  /// The keys of the audit chain, by the names of their files.
  let keys: [String: [UInt8]]
  private let place: TemporaryLedgerFolder
  private var ledger: RunLedger?

  init() throws {
    place = try TemporaryLedgerFolder()
    let ledger = try RunLedger(
      folder: place.folder, durability: .full, plan: [], program: "test", actor: "tester",
      now: { 0 })
    try ledger.follow([CopiedLedger.edge])
    var sizes: [Int] = []
    for key in 0..<24 {
      let product = try LedgerEntry.Product(
        record: Page(key: key), stage: "notes", resultVersion: "1", parent: nil, delivery: nil)
      _ = try ledger.commit([LedgerEntry(product: product)])
      sizes.append(try place.bytes("ledger.sqlite-wal").count)
    }
    database = try place.bytes("ledger.sqlite")
    log = try place.bytes("ledger.sqlite-wal")
    keys = ["audit-key": try place.bytes("audit-key")]
    self.sizes = sizes
    self.ledger = ledger
  }

  /// How many commits lie within so many bytes of the log.
  func commits(within size: Int) -> Int { sizes.count { $0 <= size } }

  /// The database after the ledger was closed, which copies its log into it.
  func closed() throws -> [UInt8] {
    ledger = nil
    #expect(!place.exists("ledger.sqlite-wal"))
    return try place.bytes("ledger.sqlite")
  }
}

/// A data folder with these bytes as its ledger.
private struct CopiedLedger {
  static let edge = StoredEdge(
    edge: EdgeKey(from: "notes", to: "sink"), reuseKey: "key", keyParts: "{}")

  private let place: TemporaryLedgerFolder
  var folder: DataFolder { place.folder }

  init(of ledger: FilledLedger, database: [UInt8]? = nil, log: ArraySlice<UInt8>) throws {
    place = try TemporaryLedgerFolder()
    for (name, key) in ledger.keys { try place.write(key[...], name) }
    try place.write((database ?? ledger.database)[...], "ledger.sqlite")
    if !log.isEmpty { try place.write(log, "ledger.sqlite-wal") }
  }

  /// Opens it as a run does; how many deliveries wait, one for each commit.
  func waiting() throws -> Int {
    let ledger = try RunLedger(
      folder: folder, durability: .none, plan: [], program: "test", actor: "tester", now: { 0 })
    let counts = try ledger.pendingCounts()
    try ledger.follow([CopiedLedger.edge])
    let waiting = try ledger.pending(for: "sink", from: 0, limit: 100)
    #expect(waiting.count == counts.values.reduce(0, +))
    for (key, delivery) in waiting.enumerated() {
      let note = try ledger.record(delivery.record, types: [Page.schema: RecordType(Page.self)])
      #expect(note as? Page == Page(key: key))
    }
    return waiting.count
  }
}

/// A data folder that is removed with its last user; in memory where there is a place for that.
private final class TemporaryLedgerFolder {
  let folder: DataFolder

  init() throws {
    let memory = "/dev/shm"
    let root =
      FileManager.default.isWritableFile(atPath: memory)
      ? memory : FileManager.default.temporaryDirectory.path()
    folder = DataFolder(path: "\(root)/anagen-ledger-\(UUID().uuidString)")
    try FileManager.default.createDirectory(
      atPath: folder.privatePath, withIntermediateDirectories: true)
  }

  deinit {
    do {
      try FileManager.default.removeItem(atPath: folder.path)
    } catch {
      Issue.record("\(folder.path) could not be removed: \(error)")
    }
  }

  func bytes(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(filePath: "\(folder.privatePath)/\(name)")))
  }

  func write(_ bytes: ArraySlice<UInt8>, _ name: String) throws {
    try Data(bytes).write(to: URL(filePath: "\(folder.privatePath)/\(name)"))
  }

  func exists(_ name: String) -> Bool {
    FileManager.default.fileExists(atPath: "\(folder.privatePath)/\(name)")
  }
}

/// A record whose payload fills a good part of a page.
private struct Page: StoredRecord, Equatable {
  static let schema = SchemaID("test.note", 1, 0)
  let key: Int
  let text: String
  var identity: RecordIdentity { RecordIdentity("note:\(key)") }
  var privacy: PrivacyLabel { .identified }
  var byteCount: Int { text.utf8.count }

  init(key: Int) {
    self.key = key
    text = String(repeating: "\(key) ", count: 700)
  }
}
