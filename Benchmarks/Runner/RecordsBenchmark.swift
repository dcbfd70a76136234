import Foundation
import GRDB
import Ledger
import PipelineRunner
import Synchronization

/// Small stored records from a source through the ledger to a sink.
struct RecordsBenchmark {
  private let count: Int
  private let rounds: Int
  private let scratch: Scratch

  init(_ options: Options) throws {
    count = options.number("count", 200_000)
    rounds = options.number("rounds", 3)
    scratch = try options.scratch()
  }

  func run() async throws {
    var rows = Cost()
    var costs: [String: Cost] = [:]
    var (again, ticks) = (Cost(), Cost())
    for _ in 0..<rounds {
      try await rows.add { try BareSQLite.insert(count, at: "\(scratch.path)/rows.sqlite") }
      scratch.remove("rows.sqlite")
      for durability in ["none", "full"] {
        let run = try BenchmarkPipeline.numbers(
          count, to: "\(scratch.path)/data", durability: durability)
        let report = try await costs[durability, default: Cost()].add { try await run.run() }
        guard report.mismatches.isEmpty, report.edges.allSatisfy({ $0.counts.done == count }) else {
          throw CopyJob.Failure(what: "the pipeline did not bring every record to its end")
        }
        if durability == "none" {
          let run = try BenchmarkPipeline.numbers(
            count, to: "\(scratch.path)/data", durability: durability)
          let report = try await again.add { try await run.run() }
          guard report.edges.allSatisfy({ $0.counts.opened == 0 }) else {
            throw CopyJob.Failure(what: "a record whose result stands was handled again")
          }
        }
        scratch.remove("data")
      }
      let run = try BenchmarkPipeline.ticks(count, to: "\(scratch.path)/data")
      let report = try await ticks.add { try await run.run() }
      guard report.mismatches.isEmpty, report.edges.allSatisfy({ $0.counts.done == count }) else {
        throw CopyJob.Failure(what: "a derived record did not come to its end")
      }
      scratch.remove("data")
    }
    say("\(count) small stored records from a source to a sink; medians of \(rounds) rounds")
    let bare = Double(count) / rows.median
    say("bare SQLite, one row each, unsynced: \((bare / 1000).text(0)) k records/s")
    for (durability, cost) in costs.sorted(by: { $0.key > $1.key }) {
      let rate = Double(count) / cost.median
      say(
        "pipeline, durability: \(durability): \((rate / 1000).text(1)) k records/s "
          + "(to reach at none: 100), \((rate / bare).text(2)) x bare SQLite, "
          + "\((cost.processor / Double(rounds * count) * 1e6).text(1)) processor µs a record")
    }
    let rate = Double(count) / again.median
    say("given again, when all results stand: \((rate / 1000).text(1)) k records/s")
    say(
      "derived records, which no ledger holds: \((Double(count) / ticks.median / 1000).text(1)) "
        + "k records/s, \((ticks.processor / Double(rounds * count) * 1e6).text(1)) processor µs a record"
    )
  }
}

/// A million deliveries that wait in the ledger, and how soon a new run hands out the first.
struct RecoveryBenchmark {
  private let count: Int
  private let scratch: Scratch

  init(_ options: Options) throws {
    count = options.number("count", 1_000_000)
    scratch = try options.scratch()
  }

  func run() async throws {
    let data = "\(scratch.path)/data"
    var made = Cost()
    try await made.add { try await fill(data) }
    say("made a ledger with \(count) pending deliveries in \(made.total.text(0)) s")
    BenchmarkNumberSink.state.withLock { $0 = BenchmarkNumberSink.State(isHolding: true) }
    let start = ContinuousClock.now
    let before = residentMegabytes()
    let run = try BenchmarkPipeline.numbers(count, to: data, durability: "full")
    try await withThrowingTaskGroup(of: RunReport?.self) { group in
      group.addTask { try await run.run() }
      group.addTask {
        while BenchmarkNumberSink.state.withLock({ $0.first == nil }) {
          try await Task.sleep(for: .milliseconds(1))
        }
        return nil
      }
      for try await ended in group {
        if ended != nil { continue }
        let after = residentMegabytes()
        guard let first = BenchmarkNumberSink.state.withLock({ $0.first }) else { continue }
        say(
          "a run over it hands out the first record after \((first - start).seconds.text(2)) s "
            + "(limit 10 s), \((after - before).text(0)) MiB more in memory")
        run.interrupt()
        BenchmarkNumberSink.state.withLock { $0.isHolding = false }
      }
    }
  }

  /// A few records wait by a run that was stopped; the ledger is then given as many like them as
  /// asked for, which a source would not hand over while so many wait.
  private func fill(_ data: String) async throws {
    BenchmarkNumberSink.state.withLock { $0 = BenchmarkNumberSink.State(isHolding: true) }
    let run = try BenchmarkPipeline.numbers(16, to: data, durability: "full")
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { _ = try await run.run() }
      group.addTask {
        while run.progress.edges.reduce(0, { $0 + $1.counts.opened }) < 16 {
          try await Task.sleep(for: .milliseconds(20))
        }
        run.interrupt()
        BenchmarkNumberSink.state.withLock { $0.isHolding = false }
      }
      try await group.waitForAll()
    }
    let ledger = try DatabaseQueue(path: "\(data)/private/ledger.sqlite")
    let pending = try await ledger.write { [count] db in
      try db.execute(
        sql: """
          WITH RECURSIVE number(key) AS (
            SELECT 16 UNION ALL SELECT key + 1 FROM number WHERE key < ?)
          INSERT INTO record(schema, identity, digest, label, payload)
          SELECT schema, 'number:' || key, lower(hex(randomblob(32))), label,
            CAST('{"key":' || key || ',"value":' || key || '}' AS BLOB)
          FROM number, (SELECT schema, label FROM record LIMIT 1)
          """, arguments: [count])
      for statement in [
        """
        INSERT INTO provenance(record_id, delivery_id, run_id, stage, result_version)
        SELECT record.id, 0, 1, stage, result_version
        FROM record, (SELECT stage, result_version FROM provenance LIMIT 1)
        WHERE record.id NOT IN (SELECT record_id FROM provenance)
        """,
        """
        INSERT INTO delivery(record_id, route_id, state, opened_run)
        SELECT record.id, route.id, 0, 1 FROM record, route
        WHERE record.id NOT IN (SELECT record_id FROM delivery)
        """,
      ] { try db.execute(sql: statement) }
      return try Int.fetchOne(db, sql: "SELECT count(*) FROM delivery WHERE state = 0") ?? 0
    }
    guard pending >= count * 99 / 100 else {
      throw CopyJob.Failure(what: "only \(pending) of \(count) deliveries wait")
    }
  }

  private func residentMegabytes() -> Double {
    guard let text = FileManager.default.contents(atPath: "/proc/self/statm"),
      let pages = String(decoding: text, as: UTF8.self).split(separator: " ").dropFirst().first
        .flatMap({ Double($0) })
    else { return .nan }
    return pages * Double(sysconf(Int32(_SC_PAGESIZE))) / 1_048_576
  }
}
