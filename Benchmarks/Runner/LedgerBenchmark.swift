import ClinicalRecords
import Foundation
import GRDB
import Ledger
import StageKit

/// One row a record through SQLite's own interface: what the ledger is held against.
final class BareSQLite {
  static let batch = 256
  private let database: DatabaseQueue

  /// - Parameter isSynced: whether each transaction is synced, as `durability: full` asks.
  init(at path: String, isSynced: Bool) throws {
    database = try DatabaseQueue(path: path)
    try database.writeWithoutTransaction { db in
      try db.execute(sql: "PRAGMA journal_mode = WAL")
      try db.execute(sql: "PRAGMA synchronous = \(isSynced ? "FULL" : "OFF")")
      try db.execute(
        sql: """
          CREATE TABLE record(id INTEGER PRIMARY KEY, identity TEXT NOT NULL UNIQUE,
            payload BLOB NOT NULL) STRICT
          """)
    }
  }

  /// Inserts records in one transaction.
  func insert(_ records: [(identity: String, payload: Data)]) throws {
    try database.write { db in
      let statement = try db.cachedStatement(
        sql: "INSERT INTO record(identity, payload) VALUES (?, ?)")
      for record in records {
        try statement.execute(arguments: [record.identity, record.payload])
      }
    }
  }

  /// Encodes and inserts numbers, unsynced.
  static func insert(_ count: Int, at path: String) throws {
    let bare = try BareSQLite(at: path, isSynced: false)
    let encoder = CanonicalJSONEncoder()
    for first in stride(from: 0, to: count, by: batch) {
      try bare.insert(
        (first..<min(count, first + batch)).map { key in
          let number = BenchmarkNumber(key: key, value: key)
          return (number.identity.text, Data(try encoder.encode(number)))
        })
    }
  }
}

/// The ledger alone: batches of 256 records, each with a delivery opened and one ended, against the
/// same batches in bare SQLite.
struct LedgerBenchmark {
  private let batches: Int
  private let rounds: Int
  private let scratch: Scratch

  init(_ options: Options) throws {
    batches = options.number("batches", 100)
    rounds = options.number("rounds", 5)
    scratch = try options.scratch()
  }

  func run() throws {
    say(
      "the ledger alone: \(rounds) rounds of \(batches) batches of \(BareSQLite.batch) records; "
        + "medians of the rounds")
    for isSynced in [true, false] {
      var (bare, opening, ending): ([Double], [Double], [Double]) = ([], [], [])
      for _ in 0..<rounds {
        let (bareTime, openTime, endTime) = try round(isSynced: isSynced)
        bare.append(bareTime)
        opening.append(openTime)
        ending.append(endTime)
      }
      let records = Double(batches * BareSQLite.batch)
      let peer = records / median(bare)
      say("durability: \(isSynced ? "full" : "none")")
      say("  bare SQLite, one row a record: \((peer / 1000).text(1)) k records/s")
      for (name, times) in [
        ("ledger, a record and its delivery", opening),
        ("ledger, and one delivery ended with each", ending),
      ] {
        let rate = records / median(times)
        say("  \(name): \((rate / 1000).text(1)) k records/s, \((rate / peer).text(2)) x bare")
      }
    }
  }

  /// Takes turns batch by batch, so that all share whatever the disk does.
  private func round(isSynced: Bool) throws -> (Double, Double, Double) {
    let folder = scratch
    defer { for name in ["bare", "opening", "ending"] { folder.remove(name) } }
    for name in ["bare", "opening", "ending"] {
      try FileManager.default.createDirectory(
        atPath: "\(folder.path)/\(name)/private", withIntermediateDirectories: true)
    }
    let bare = try BareSQLite(at: "\(folder.path)/bare/rows.sqlite", isSynced: isSynced)
    let opening = try ledger("opening", isSynced)
    let ending = try ledger("ending", isSynced)
    let encoder = CanonicalJSONEncoder()
    var (bareTime, openTime, endTime) = (0.0, 0.0, 0.0)
    var open: [Int64] = []
    for batch in 0..<batches {
      let numbers = (0..<BareSQLite.batch).map {
        BenchmarkNumber(key: batch * BareSQLite.batch + $0, value: $0)
      }
      let rows = try numbers.map { ($0.identity.text, Data(try encoder.encode($0))) }
      let products = try numbers.map {
        try LedgerEntry.Product(
          record: $0, stage: "source", resultVersion: "1", parent: nil, delivery: nil)
      }
      bareTime += try time { try bare.insert(rows) }
      openTime += try time {
        _ = try opening.commit(products.map { LedgerEntry(product: $0) })
      }
      let entries = products.enumerated().map { index, product in
        LedgerEntry(
          product: product,
          ends: open.isEmpty ? [] : [LedgerEntry.End(delivery: open[index])])
      }
      endTime += try time {
        open = try ending.commit(entries).flatMap { $0.opened.map(\.delivery) }
      }
    }
    return (bareTime, openTime, endTime)
  }

  private func ledger(_ name: String, _ isSynced: Bool) throws -> RunLedger {
    let ledger = try RunLedger(
      folder: DataFolder(path: "\(scratch.path)/\(name)"), durability: isSynced ? .full : .none,
      plan: Array("{}".utf8), program: "benchmark", actor: "benchmark",
      now: { Date().timeIntervalSince1970 })
    try ledger.follow([
      StoredEdge(edge: EdgeKey(from: "source", to: "sink"), reuseKey: "key", keyParts: "{}")
    ])
    return ledger
  }

  private func time(_ body: () throws -> Void) rethrows -> Double {
    let start = ContinuousClock.now
    try body()
    return (ContinuousClock.now - start).seconds
  }

  private func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
}
