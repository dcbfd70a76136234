import Foundation
import Ledger
import PipelineRunner
import StageKit
import Synchronization
import Testing

/// What a person decides about deliveries that were set aside while the run goes on.
@Suite(.timeLimit(.minutes(5))) struct LiveDecisionTests {
  /// Where a key is refused, and where one waits until it is let go.
  private struct Gates {
    var refused: Set<Int> = []
    var held: Set<Int> = []
  }

  private let folder = TemporaryFolder()

  /// Runs four numbers, refuses some, and calls `body` with what was set aside while one is held.
  private func run(
    refusing refused: Set<Int>, holding held: Set<Int>,
    _ body: @escaping @Sendable ([Int64], DataFolder) async throws -> Void
  ) async throws -> (report: RunReport, taken: [Int: [Int]]) {
    let gates = Mutex(Gates(refused: refused, held: held))
    let board = TestBoard { key, _ in
      while gates.withLock({ $0.held.contains(key) }) {
        try await Task.sleep(for: .milliseconds(1))
      }
      if gates.withLock({ $0.refused.contains(key) }) {
        throw StageError(.record, "too_dark", subject: "the picture", hint: "repeat it")
      }
    }
    let name = board.register()
    let plan = try TestRuns.plan(
      """
      anagen: 1
      name: decisions
      vars: {data: {type: path}}
      stages:
        numbers: {use: test.numbers, with: {count: 4}}
        derive: {use: test.derive, from: numbers, with: {board: \(name)}}
        store: {use: test.store, from: derive}
        sink: {use: test.picky, from: store, accepts: identified, with: {board: \(name)}}
      """, folder: folder.path)
    let run = PipelineRun(plan: plan, options: TestRuns.options)
    async let report = run.run()
    let place = DataFolder(path: folder.path)
    while run.progress.edges.reduce(0, { $0 + $1.counts.quarantined }) < refused.count {
      try await Task.sleep(for: .milliseconds(1))
    }
    gates.withLock { $0.refused = [] }
    let numbers = try LedgerReading(folder: place).quarantined().map(\.delivery)
    do {
      try await body(numbers, place)
    } catch {
      Issue.record(error)
    }
    gates.withLock { $0.held = [] }
    return (try await report, board.state.withLock { $0.taken })
  }

  private static func release(_ numbers: [Int64], in folder: DataFolder) async throws {
    let outcome = try await LedgerDecision(
      .release, numbers, by: "maria", reason: "new profile"
    ).decide(in: folder)
    #expect(outcome?.opened.map(\.delivery) == numbers)
    #expect(outcome?.auditHead.isEmpty == false)
  }

  @Test func whatIsReleasedIsTakenByTheSameRun() async throws {
    let (report, taken) = try await run(refusing: [1], holding: [3]) { numbers, folder in
      try await Self.release(numbers, in: folder)
    }
    #expect(report.mismatches.isEmpty && report.quarantined.isEmpty)
    #expect(taken.values.allSatisfy { $0.count == 1 } && taken.keys.sorted() == [0, 1, 2, 3])
    let reading = try LedgerReading(folder: DataFolder(path: folder.path))
    #expect(try reading.verifyAudit(against: []).problems.isEmpty)
  }

  @Test func alsoWhenItsStageHasNothingMoreToDo() async throws {
    // The sink holds the last one: whoever comes before it has ended.
    let (report, taken) = try await run(refusing: [1], holding: [1003]) { numbers, folder in
      try await Task.sleep(for: .milliseconds(100))
      try await Self.release(numbers, in: folder)
    }
    #expect(report.mismatches.isEmpty && report.quarantined.isEmpty)
    #expect(taken.values.allSatisfy { $0.count == 1 } && taken.keys.sorted() == [0, 1, 2, 3])
  }

  @Test func whatIsGivenUpStaysAway() async throws {
    let (report, taken) = try await run(refusing: [1], holding: [3]) { numbers, folder in
      let outcome = try await LedgerDecision(.purge, numbers, by: "maria", reason: "a ruler")
        .decide(in: folder)
      #expect(outcome?.purged.map(\.delivery) == numbers)
    }
    #expect(report.mismatches.isEmpty && report.quarantined.isEmpty)
    #expect(taken.keys.sorted() == [0, 2, 3])
  }

  @Test func whatIsWithdrawnLeavesTheRunWhereverItIs() async throws {
    let (report, taken) = try await run(refusing: [1], holding: [3]) { numbers, folder in
      let reading = try LedgerReading(folder: folder)
      // One is set aside, one done, one in a stage's hands.
      let records = try [1, 2, 3].flatMap { try reading.roots(named: "stored-number:\($0)") }
      #expect(records.count == 3)
      let outcome = try await LedgerDecision(.withdraw, records, by: "maria", reason: "consent")
        .decide(in: folder)
      #expect(outcome?.deliveries == numbers)
      #expect(try reading.quarantined().isEmpty)
    }
    #expect(report.mismatches.isEmpty && report.quarantined.isEmpty)
    #expect(taken[1] == nil && taken[3] == nil && taken[0]?.count == 1)
    let reading = try LedgerReading(folder: DataFolder(path: folder.path))
    #expect(try reading.verifyAudit(against: []).problems.isEmpty)
    let root = try #require(try reading.roots(named: "stored-number:3").first)
    let withdrawal = try #require(try reading.journey(of: root)?.withdrawal)
    #expect(withdrawal.by == "maria" && withdrawal.reason == "consent")
  }

  @Test func whatCannotBeDecidedIsRefusedInWordsAndHarmsNothing() async throws {
    let (report, taken) = try await run(refusing: [1], holding: [3]) { numbers, folder in
      let error = await #expect(throws: ControlError.self) {
        _ = try await LedgerDecision(.release, numbers + [99], by: "maria", reason: nil)
          .decide(in: folder)
      }
      #expect(error?.code == .failed && error?.what == "nothing is set aside under 99")
    }
    #expect(report.mismatches.isEmpty && report.quarantined.count == 1)
    #expect(taken.keys.sorted() == [0, 2, 3])
  }

  @Test func withoutARunNobodyDecides() async throws {
    let decision = LedgerDecision(.release, [1], by: "maria", reason: nil)
    #expect(try await decision.decide(in: DataFolder(path: folder.path)) == nil)
  }
}
