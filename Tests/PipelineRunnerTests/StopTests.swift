import Ledger
import PipelineRunner
import Synchronization
import Testing

@Suite struct StopTests {
  @Test(.timeLimit(.minutes(10)), arguments: [1, 2])
  func interruptedAgainAndAgainItLosesAndDoublesNothing(concurrency: Int) async throws {
    let folder = TemporaryFolder()
    let board = TestBoard { _, _ in try await Task.sleep(for: .milliseconds(1)) }
    let name = board.register()
    var interrupted = 0
    while true {
      let run = PipelineRun(
        plan: try TestRuns.chain(
          folder.path, board: name, count: 300, concurrency: concurrency,
          queue: "{max_records: 3, max_bytes: 4KiB}"), options: TestRuns.options)
      async let result = run.run()
      try await Task.sleep(for: .milliseconds(5 + 13 * (interrupted % 7)))
      if interrupted < 25 { run.interrupt() }
      let report = try await result
      #expect(report.mismatches.isEmpty, "round \(interrupted): \(report.edges)")
      if report.ending == .completed { break }
      interrupted += 1
    }
    #expect(interrupted > 3)
    #expect(board.state.withLock { $0.taken.count } == 300)
    #expect(board.state.withLock { $0.taken.values.map(\.count).max() } == 1)
    #expect(board.state.withLock { $0.projected.last?.count } == 300)
  }

  @Test(.timeLimit(.minutes(10))) func drainingHandlesAllThatWasAccepted() async throws {
    let folder = TemporaryFolder()
    let board = TestBoard { _, _ in try await Task.sleep(for: .milliseconds(1)) }
    let name = board.register()
    let run = PipelineRun(
      plan: try TestRuns.chain(folder.path, board: name, count: 1_000_000),
      options: TestRuns.options)
    async let result = run.run()
    while run.progress.accepted < 50 { try await Task.sleep(for: .milliseconds(1)) }
    run.drain()
    let report = try await result
    #expect(report.ending == .drained)
    #expect(report.mismatches.isEmpty)
    #expect(report.accepted < 1_000_000)
    #expect(board.state.withLock { $0.taken.count } == report.accepted)
  }

  @Test func aRunStoppedBeforeItBeganLeavesTheFolderUsable() async throws {
    let (folder, board) = (TemporaryFolder(), TestBoard())
    let name = board.register()
    let plan = try TestRuns.chain(folder.path, board: name, count: 10)
    let run = PipelineRun(plan: plan, options: TestRuns.options)
    run.interrupt()
    #expect(try await run.run().ending == .interrupted)
    #expect(try await TestRuns.run(plan).ending == .completed)
    #expect(board.state.withLock { $0.taken.count } == 10)
  }
}
