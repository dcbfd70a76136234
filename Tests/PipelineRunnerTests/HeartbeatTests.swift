import PipelineRunner
import StageKit
import Synchronization
import Testing

@Suite("whether a run moves", .timeLimit(.minutes(10)))
struct HeartbeatTests {
  /// Starts a run of 30 records whose stage `derive` does as `body` says, and looks at it.
  private func looking(
    _ body: @escaping @Sendable (Int) async throws -> Void,
    _ look: (PipelineRun) async throws -> Void
  ) async throws {
    let folder = TemporaryFolder()
    let board = TestBoard { key, _ in try await body(key) }
    let run = PipelineRun(
      plan: try TestRuns.chain(folder.path, board: board.register(), count: 30),
      options: TestRuns.options)
    async let report = run.run()
    while run.snapshot.phase == .opening { try await Task.sleep(for: .milliseconds(1)) }
    do {
      try await look(run)
    } catch {
      Issue.record(error)
    }
    run.interrupt()
    _ = try await report
  }

  @Test func `a call that is older than it may be is named, and others are not`() async throws {
    let isOpen = Mutex(false)
    try await looking { key in
      while key == 7, !isOpen.withLock({ $0 }) { try await Task.sleep(for: .milliseconds(1)) }
    } _: { run in
      var heartbeat = Heartbeat(callLimit: .milliseconds(200))
      #expect(await heartbeat.stuck(run, within: .seconds(5)) == [])
      var stuck: [String] = []
      while stuck.isEmpty {
        try await Task.sleep(for: .milliseconds(20))
        stuck = await heartbeat.stuck(run, within: .seconds(5))
      }
      #expect(stuck.count == 1)
      #expect(stuck.first?.hasPrefix("stage 'derive' has been in one call for ") == true)
      isOpen.withLock { $0 = true }
      while await !heartbeat.stuck(run, within: .seconds(5)).isEmpty {
        try await Task.sleep(for: .milliseconds(5))
      }
    }
  }

  @Test func `a stage whose service is away is in order`() async throws {
    try await looking { _ in
      throw StageError(.unavailable, "down", subject: "the registry", hint: "wait")
    } _: { run in
      // Until it was tried once, records wait and nothing is done: a busy machine takes its time.
      while !run.snapshot.stages.contains(where: { $0.state == .unavailable }) {
        try await Task.sleep(for: .milliseconds(1))
      }
      var heartbeat = Heartbeat(callLimit: .milliseconds(100))
      for _ in 0..<30 {
        try await Task.sleep(for: .milliseconds(10))
        #expect(await heartbeat.stuck(run, within: .seconds(5)) == [])
      }
    }
  }

  @Test func `a run that has nothing to do is in order, and one that has ended too`() async throws {
    try await looking { _ in
    } _: { run in
      var heartbeat = Heartbeat(callLimit: .milliseconds(100))
      for _ in 0..<30 {
        try await Task.sleep(for: .milliseconds(10))
        #expect(await heartbeat.stuck(run, within: .seconds(5)) == [])
      }
    }
  }
}
