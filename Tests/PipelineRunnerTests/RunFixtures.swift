import ClinicalRecords
import Crypto
import Foundation
import Ledger
import Logging
import PipelineFiles
import PipelineRunner
import StageKit
import Testing

/// A data folder of its own for one test, removed at the end.
final class TemporaryFolder: Sendable {
  let path = NSTemporaryDirectory() + "anagen-run-" + UUID().uuidString

  deinit {
    // A leftover in the temporary folder hurts nobody; there is no one to tell in a deinit.
    _ = try? FileManager.default.removeItem(atPath: path)
  }
}

/// Reads pipelines of the test stages and runs them.
enum TestRuns {
  static func plan(
    _ text: String, folder: String, catalogue: [StageEntry] = testCatalogue
  ) throws -> Plan {
    let surroundings = PlanSurroundings(
      workingDirectory: "/", environment: [:], memoryBytes: 64 << 30,
      files: DiskFiles(sha256: { ContentDigest(bytes: SHA256.hash(data: $0)) }))
    let reading = PipelineReader(catalogue: catalogue, surroundings: surroundings).read(
      text: Array(text.utf8), fileName: "/test.yaml", variables: ["data": folder])
    return try #require(reading.plan, "\(Diagnostic.text(reading.diagnostics))")
  }

  /// numbers -> derive (derived) -> store -> {sink, page}.
  static func chain(
    _ folder: String, board: String, count: Int, offset: Int = 0, concurrency: Int = 1,
    queue: String = "{max_records: 8, max_bytes: 64KiB}", durability: String = "none"
  ) throws -> Plan {
    try plan(
      """
      anagen: 1
      name: chain
      vars: {data: {type: path}}
      durability: \(durability)
      defaults:
        queue: \(queue)
        retry: {attempts: 3, initial: 1ms, max: 4ms}
      stages:
        numbers: {use: test.numbers, with: {board: \(board), count: \(count)}}
        derive:
          use: test.derive
          from: numbers
          concurrency: \(concurrency)
          with: {board: \(board), offset: \(offset)}
        store: {use: test.store, from: derive, concurrency: \(concurrency)}
        sink: {use: test.results, from: store, accepts: identified, with: {board: \(board)}}
        page: {use: test.projection, from: store, accepts: identified, with: {board: \(board)}}
      """, folder: folder)
  }

  static var options: PipelineRun.Options {
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    return PipelineRun.Options(program: "test", actor: "tester", logger: logger)
  }

  /// Options under which waits take no time; `passed` is told of each.
  static func simulated(
    _ passed: @escaping @Sendable (Duration) -> Void = { _ in }
  ) -> PipelineRun.Options {
    var options = options
    options.sleep = { duration in
      try Task.checkCancellation()
      passed(duration)
      await Task.yield()
    }
    return options
  }

  static func run(_ plan: Plan) async throws -> RunReport {
    try await PipelineRun(plan: plan, options: options).run()
  }
}

extension RunReport {
  func sum(_ from: String, _ to: String) throws -> EdgeSum {
    try #require(edges.first { $0.edge.from == from && $0.edge.to == to })
  }
}
