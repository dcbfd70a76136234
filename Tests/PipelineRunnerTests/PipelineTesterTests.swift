import ClinicalRecords
import Crypto
import Foundation
import Ledger
import Logging
import PipelineFiles
import PipelineRunner
import StageKit
import Synchronization
import Testing

/// The tests of a pipeline file, run over the test stages.
@Suite struct PipelineTesterTests {
  private static let fed = "feed: {stage: derive, record: three.json}"

  /// Runs the tests of a chain of the test stages.
  private func results(
    _ tests: String, board: TestBoard = TestBoard(), files: [String: String] = [:]
  ) async throws -> (plan: Plan, results: [TestResult], scratch: TemporaryFolder) {
    let folder = TemporaryFolder()
    try FileManager.default.createDirectory(
      atPath: folder.path, withIntermediateDirectories: true)
    let standard = ["three.json": #"{"key": 3, "value": 30}"#]
    for (name, text) in standard.merging(files, uniquingKeysWith: { $1 }) {
      try Data(text.utf8).write(to: URL(filePath: "\(folder.path)/\(name)"))
    }
    let name = board.register()
    let text = """
      anagen: 1
      name: chain
      vars: {count: {type: integer, default: 4}}
      defaults: {retry: {attempts: 2, initial: 1ms, max: 2ms}}
      stages:
        numbers: {use: test.numbers, with: {board: \(name), count: "${var:count}"}}
        derive: {use: test.derive, from: numbers, with: {board: \(name), offset: 5}}
        store: {use: test.store, from: derive}
        sink: {use: test.results, from: store, accepts: identified, with: {board: \(name)}}
        page: {use: test.projection, from: store, accepts: identified, with: {board: \(name)}}
      tests:
      \(tests)
      """
    let surroundings = PlanSurroundings(
      workingDirectory: folder.path, environment: [:], memoryBytes: 64 << 30,
      files: DiskFiles(sha256: { ContentDigest(bytes: SHA256.hash(data: $0)) }))
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    let tester = PipelineTester(
      text: Array(text.utf8), fileName: "pipeline.yaml", variables: [:],
      reader: PipelineReader(catalogue: testCatalogue, surroundings: surroundings),
      scratch: "\(folder.path)/scratch", logger: logger)
    let reading = try tester.reading()
    let plan = try #require(reading.plan, "\(Diagnostic.text(reading.diagnostics))")
    var results: [TestResult] = []
    for (number, test) in plan.tests.enumerated() {
      results.append(try await tester.run(test, number: number))
    }
    return (plan, results, folder)
  }

  @Test func aFedRecordGoesThroughTheRealStages() async throws {
    let board = TestBoard()
    let (_, results, _) = try await results(
      """
        - name: three goes through
          \(Self.fed)
          expect:
            - {stage: derive, outcome: done, records: 1}
            - {stage: store, records: 1, fields: {value: 35, key: [3, 3]}}
            - {stage: sink, records: 1}
            - {stage: sink, outcome: quarantined, records: 0}
            - {stage: page, records: 1}
      """, board: board)
    #expect(results.map(\.isPassed) == [true], "\(results)")
    #expect(board.state.withLock { $0.taken } == [3: [35]])
  }

  @Test func whatIsNotAsExpectedIsSaidWithItsPlace() async throws {
    let (_, results, _) = try await results(
      """
        - name: three goes astray
          \(Self.fed)
          expect:
            - {stage: sink, records: 2}
            - {stage: derive, outcome: quarantined, reason: no_such}
            - {stage: store, fields: {value: 36, absent.deep: 1}}
      """)
    let failures = try #require(results.first).failures
    #expect(failures.map(\.place.line) == [15, 16, 17, 17])
    #expect(
      failures.map { "\($0.expected) | \($0.got)" } == [
        "sink: 2 done | 1 done", "derive: at least 1 quarantined for no_such | 1 done",
        "store: 'value' is 36 | 35", "store: 'absent.deep' is 1 | no such field",
      ])
  }

  @Test func aRefusalCountsAtTheStageThatRefused() async throws {
    let board = TestBoard { key, _ in
      if key == 3 {
        throw StageError(.record, "burned_in_text", subject: "the header", hint: "crop it")
      }
    }
    let (plan, results, _) = try await results(
      """
        - name: three is held
          \(Self.fed)
          expect:
            - {stage: derive, outcome: quarantined, reason: burned_in_text, records: 1}
            - {stage: derive, outcome: done, records: 0}
            - {stage: sink, records: 0}
        - name: four of them from the source
          expect: [{stage: numbers, records: 4}, {stage: sink, records: 3}]
      """, board: board)
    #expect(results.map(\.isPassed) == [true, true], "\(results)")
    let routes = TestedRoutes(of: plan, in: results)
    #expect(routes.edges.isEmpty)
    #expect(
      routes.outcomes.map { "\($0.outcome.rawValue) at \($0.stage)" } == [
        "quarantined at store", "quarantined at sink",
      ])
    let held = TestedRoutes(of: plan, in: Array(results.prefix(1)))
    #expect(
      held.edges.map(\.description) == [
        "numbers -> derive", "derive -> store", "store -> sink", "store -> page",
      ])
  }

  @Test func aTestGivesVariablesAndWritesToItsOwnFolder() async throws {
    let (plan, results, folder) = try await results(
      """
        - {name: two, vars: {count: 2}, expect: [{stage: sink, records: 2}]}
        - {name: four, expect: [{stage: sink, records: 4}]}
      """)
    #expect(results.map(\.isPassed) == [true, true], "\(results)")
    let made = try FileManager.default.contentsOfDirectory(atPath: "\(folder.path)/scratch")
    #expect(made.sorted() == ["0", "1", "empty"])
    #expect(!FileManager.default.fileExists(atPath: plan.folder.path))
  }

  @Test func fixturesThatAreNoRecordSayWhy() async throws {
    let (_, results, _) = try await results(
      """
        - {name: words, feed: {stage: derive, record: words.json}, expect: [{stage: sink, records: 1}]}
        - {name: keys, feed: {stage: derive, record: keys.json}, expect: [{stage: sink, records: 1}]}
        - {name: kind, feed: {stage: derive, record: kind.json}, expect: [{stage: sink, records: 1}]}
      """,
      files: [
        "words.json": "words", "keys.json": #"{"key": 3}"#,
        "kind.json": #"{"schema": "test.number-result/1.0", "key": 3, "value": 1}"#,
      ])
    #expect(results.allSatisfy { !$0.isPassed && $0.failures.isEmpty })
    let errors = results.map { $0.error ?? "" }
    #expect(errors[0].hasPrefix("the record is no JSON object"))
    #expect(errors[1].contains("no test.stored-number/1.0: 'value' is missing"))
    #expect(
      errors[2].contains("is test.number-result/1.0, and the stage takes test.stored-number/1.0"))
  }

  @Test func aRunThatCannotGoOnIsAnError() async throws {
    let board = TestBoard { _, _ in
      throw StageError(.fatal, "no_model", subject: "the model is gone", hint: "install it")
    }
    let (_, results, _) = try await results(
      "  - {name: x, \(Self.fed), expect: [{stage: sink, records: 1}]}", board: board)
    #expect(results.first?.error == "stage 'derive': the model is gone; install it")
  }

  @Test(.timeLimit(.minutes(1))) func aStageThatHangsIsStoppedAtTheLimit() async throws {
    let board = TestBoard { _, _ in
      throw StageError(.unavailable, "down", subject: "the registry", hint: "wait")
    }
    let (_, results, _) = try await results(
      """
        - name: hangs
          \(Self.fed)
          limits: {time: 200ms}
          expect: [{stage: sink, records: 1}]
      """, board: board)
    #expect(results.first?.error?.contains("longer than its limit") == true)
  }
}
