import Foundation
import Ledger
import PipelineRunner
import StageKit
import Synchronization
import Testing

/// What happens between a failure that may pass and the end of its delivery.
@Suite struct RetryTests {
  private static let busy = StageError(.transient, "busy", subject: "the disk", hint: "wait")

  private func pipeline(_ board: String, count: Int, attempts: Int = 3, limits: String = "")
    -> String
  {
    """
    anagen: 1
    name: retries
    vars: {data: {type: path}}
    durability: none
    defaults: {retry: {attempts: \(attempts), initial: 10ms, max: 4s}}
    stages:
      numbers: {use: test.numbers, with: {count: \(count)}}
      derive: {use: test.derive, from: numbers, with: {board: \(board)}\(limits)}
      store: {use: test.store, from: derive}
      sink: {use: test.results, from: store, accepts: identified, with: {board: \(board)}}
    """
  }

  @Test(.timeLimit(.minutes(10))) func aRecordThatWaitsForItsRetryLetsOthersPass() async throws {
    let folder = TemporaryFolder()
    let order = Mutex<[Int]>([])
    let board = TestBoard { key, attempt in
      if key == 0, attempt < 3 { throw RetryTests.busy }
      order.withLock { $0.append(key) }
    }
    let plan = try TestRuns.plan(pipeline(board.register(), count: 5), folder: folder.path)
    let report = try await TestRuns.run(plan)
    #expect(report.mismatches.isEmpty)
    #expect(board.state.withLock { $0.taken.count } == 5)
    #expect(order.withLock { $0.last } == 0, "at concurrency 1 the others went before it")
    #expect(board.state.withLock { $0.calls[0] } == 3)
  }

  @Test(.timeLimit(.minutes(10))) func aStageOfWhichEveryCallFailsComesToItsEnd() async throws {
    let folder = TemporaryFolder()
    let board = TestBoard { _, _ in throw RetryTests.busy }
    let plan = try TestRuns.plan(pipeline(board.register(), count: 200), folder: folder.path)
    let run = PipelineRun(plan: plan, options: TestRuns.simulated())
    let report = try await run.run()
    #expect(report.mismatches.isEmpty)
    #expect(report.quarantined.count == 200)
    #expect(report.quarantined.allSatisfy { $0.attempts == 3 && $0.failure.reason == "busy" })
  }

  @Test(.timeLimit(.minutes(10)), arguments: [(5, 0), (6, 1)])
  func anAttemptThatSaysNothingAgainstItsRecordIsNotCounted(
    failures: Int, setAside: Int
  ) async throws {
    let folder = TemporaryFolder()
    let board = TestBoard { key, attempt in
      guard key == 0, attempt <= failures else { return }
      var killed = RetryTests.busy
      killed.blamesRecord = false
      throw killed
    }
    // Of three attempts each, six: a stage whose process ends itself comes to an end too.
    let plan = try TestRuns.plan(pipeline(board.register(), count: 3), folder: folder.path)
    let report = try await PipelineRun(plan: plan, options: TestRuns.simulated()).run()
    #expect(report.mismatches.isEmpty)
    #expect(report.quarantined.map(\.attempts) == Array(repeating: 6, count: setAside))
    #expect(board.state.withLock { $0.calls[0] } == 6)
    #expect(board.state.withLock { $0.taken.count } == 3 - setAside)
  }

  @Test(.timeLimit(.minutes(10)))
  func aSinkThatIsRefusedForAnHourLosesNothingAndBurnsNoAttempt() async throws {
    let folder = TemporaryFolder()
    let passed = Mutex(Duration.zero)
    let board = TestBoard { _, attempt in
      #expect(attempt == 1)
      if passed.withLock({ $0 }) < .seconds(3600) {
        throw StageError(.unavailable, "down", subject: "the registry", hint: "wait")
      }
    }
    let plan = try TestRuns.plan(pipeline(board.register(), count: 30), folder: folder.path)
    let options = TestRuns.simulated { slice in passed.withLock { $0 += slice } }
    let report = try await PipelineRun(plan: plan, options: options).run()
    #expect(report.mismatches.isEmpty)
    #expect(report.quarantined.isEmpty)
    #expect(board.state.withLock { $0.taken.count } == 30)
    // 10 ms doubling to 4 s: some 900 calls in the hour, not one for each record and moment.
    #expect(board.state.withLock { $0.calls.values.reduce(0, +) } < 1200)
  }

  @Test(.timeLimit(.minutes(10))) func aRunThatDrainsDoesNotWaitForWhatIsNotThere() async throws {
    let folder = TemporaryFolder()
    let board = TestBoard { _, _ in
      throw StageError(.unavailable, "down", subject: "the registry", hint: "wait")
    }
    let name = board.register()
    let plan = try TestRuns.plan(pipeline(name, count: 20), folder: folder.path)
    let run = PipelineRun(plan: plan, options: TestRuns.options)
    async let result = run.run()
    while board.state.withLock({ $0.calls.isEmpty }) { try await Task.sleep(for: .milliseconds(1)) }
    run.drain()
    let report = try await result
    #expect(report.ending == .drained)
    #expect(report.mismatches.isEmpty)
    #expect(try report.sum("numbers", "derive").counts.pending == report.accepted)
  }

  @Test(.timeLimit(.minutes(10))) func aCallThatTakesTooLongIsCancelledAndTriedAgain() async throws
  {
    let folder = TemporaryFolder()
    let board = TestBoard { key, attempt in
      if key == 1, attempt == 1 { try await Task.sleep(for: .seconds(600)) }
    }
    let plan = try TestRuns.plan(
      pipeline(board.register(), count: 3, limits: ", limits: {time: 50ms}"), folder: folder.path)
    let report = try await TestRuns.run(plan)
    #expect(report.mismatches.isEmpty)
    #expect(board.state.withLock { $0.taken.count } == 3)
    #expect(board.state.withLock { $0.calls[1] } == 2)
  }

  @Test(.timeLimit(.minutes(10))) func aCallThatAlwaysTakesTooLongIsSetAsideWithItsReason()
    async throws
  {
    let folder = TemporaryFolder()
    let board = TestBoard { key, _ in if key == 1 { try await Task.sleep(for: .seconds(600)) } }
    let plan = try TestRuns.plan(
      pipeline(board.register(), count: 3, limits: ", limits: {time: 20ms}"), folder: folder.path)
    let report = try await TestRuns.run(plan)
    #expect(report.quarantined.map(\.failure.reason) == ["time_limit"])
    #expect(report.quarantined.map(\.attempts) == [3])
    #expect(board.state.withLock { $0.taken.count } == 2)
  }

  @Test(.timeLimit(.minutes(10))) func aCallThatIgnoresItsCancellationEndsTheRunAloud() async throws
  {
    let folder = TemporaryFolder()
    let release = Mutex<CheckedContinuation<Void, Never>?>(nil)
    let board = TestBoard { _, _ in
      await withCheckedContinuation { continuation in release.withLock { $0 = continuation } }
    }
    let plan = try TestRuns.plan(
      pipeline(board.register(), count: 1, limits: ", limits: {time: 10ms}"), folder: folder.path)
    let error = await #expect(throws: RunError.self) {
      try await PipelineRun(plan: plan, options: TestRuns.simulated()).run()
    }
    #expect(error?.reason == "time_limit_ignored")
    #expect(error?.stage == "derive")
    release.withLock { $0 }?.resume()
  }
}
