import ClinicalRecords
import Foundation
import GRDB
import Ledger
import StageKit

/// A data folder of its own for one test, removed at the end.
final class TemporaryFolder: Sendable {
  let path = NSTemporaryDirectory() + "anagen-ledger-" + UUID().uuidString
  var folder: DataFolder { DataFolder(path: path) }

  deinit {
    // A leftover in the temporary folder hurts nobody; there is no one to tell in a deinit.
    _ = try? FileManager.default.removeItem(atPath: path)
  }
}

/// A small stored record, with a body if it has one.
struct Note: StoredRecord {
  static let schema = SchemaID("test.note", 1, 0)
  let key: Int
  var body: StoredContent?
  var identity: RecordIdentity { RecordIdentity("note:\(key)") }
  var privacy: PrivacyLabel { .pseudonymised }
  var byteCount: Int { 64 }
  var contents: [StoredContent] { body.map { [$0] } ?? [] }
}

/// A ledger whose one stage exports every note: each commit adds an entry to the chain.
struct ExportingLedger {
  let ledger: RunLedger

  init(
    _ folder: DataFolder, actor: String = "tester", durability: RunLedger.Durability = .none
  ) throws {
    _ = try DataFolderLock(folder)  // makes the folder
    ledger = try RunLedger(
      folder: folder, durability: durability, plan: Array(#"{"stages":[]}"#.utf8), program: "test",
      actor: actor, now: { 1_700_000_000.25 })
    let destination = try ledger.destination("post", isExport: true)
    try ledger.follow([
      StoredEdge(
        edge: EdgeKey(from: "notes", to: "post"), reuseKey: "k", keyParts: "{}",
        destination: destination)
    ])
  }

  func add(_ keys: some Sequence<Int>) throws {
    for key in keys {
      _ = try ledger.commit([
        LedgerEntry(
          product: try LedgerEntry.Product(
            record: Note(key: key), stage: "notes", resultVersion: "1", parent: nil, delivery: nil))
      ])
    }
  }
}

/// The chain's table as somebody who can write the file sees it.
struct ChainFile {
  let path: String

  init(_ folder: TemporaryFolder) { path = "\(folder.path)/private/ledger.sqlite" }

  /// The triggers stop accidents, not somebody who means it.
  func change(_ sql: String, _ arguments: StatementArguments = []) throws {
    try DatabaseQueue(path: path).write { db in
      try db.execute(
        sql: """
          DROP TRIGGER IF EXISTS audit_refuses_update; DROP TRIGGER IF EXISTS audit_refuses_delete;
          PRAGMA defer_foreign_keys = ON;
          """)
      try db.execute(sql: sql, arguments: arguments)
    }
  }

  func rows() throws -> [(sequence: Int64, entry: String, hash: Data)] {
    try DatabaseQueue(path: path).read { db in
      try Row.fetchAll(db, sql: "SELECT sequence, entry, hash FROM audit ORDER BY sequence").map {
        ($0["sequence"], $0["entry"], $0["hash"])
      }
    }
  }

  func put(_ rows: [(sequence: Int64, entry: String, hash: Data)]) throws {
    try change("DELETE FROM audit")
    for row in rows {
      try change(
        "INSERT INTO audit VALUES (?, ?, ?)", [row.sequence, row.entry, row.hash])
    }
  }
}
