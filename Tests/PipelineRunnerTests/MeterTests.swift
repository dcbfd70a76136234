import PipelineRunner
import StageKit
import Synchronization
import Testing

@Suite("what a run shows of its stages", .timeLimit(.minutes(10)))
struct MeterTests {
  private func stage(_ name: String, of run: PipelineRun) throws -> StageSnapshot {
    try #require(run.snapshot.stages.first { $0.identity.name == name })
  }

  private func until(_ isSo: () throws -> Bool) async throws {
    while try !isSo() { try await Task.sleep(for: .milliseconds(1)) }
  }

  @Test func `records are counted in and out, with retries, failures and what is set aside`()
    async throws
  {
    let folder = TemporaryFolder()
    let board = TestBoard { key, attempt in
      if key == 3 { throw StageError(.record, "no", subject: "it", hint: "none") }
      if key == 5, attempt < 3 {
        throw StageError(.transient, "busy", subject: "the disk", hint: "wait")
      }
    }
    let run = PipelineRun(
      plan: try TestRuns.chain(folder.path, board: board.register(), count: 20),
      options: TestRuns.options)
    #expect(try stage("derive", of: run).state == .opening)
    let report = try await run.run()
    #expect(report.mismatches.isEmpty)
    let derive = try stage("derive", of: run)
    #expect(derive.sent == 19)
    #expect(derive.retries == 2)
    #expect(derive.quarantined == 1)
    #expect(derive.failures.record == 1)
    #expect(derive.failures.transient == 2)
    #expect(derive.latency.count == 22)
    #expect(derive.state == .done)
    #expect(try stage("numbers", of: run).sent == 20)
    #expect(try stage("numbers", of: run).queue == nil)
    let sink = try stage("sink", of: run)
    #expect(sink.received == 19)
    #expect(sink.sent == 19)
    #expect(try stage("page", of: run).received == 19)
    #expect(run.snapshot.ledger.entries >= 20 + 20 + 19)
    #expect(run.snapshot.ledger.commit.count > 0)
    #expect(run.snapshot.accepted == 20)
  }

  @Test func `a stage shows when it works, waits for input, and is unavailable`() async throws {
    let folder = TemporaryFolder()
    let phase = Mutex(0)
    let board = TestBoard { _, _ in
      while phase.withLock({ $0 }) == 0 { try await Task.sleep(for: .milliseconds(1)) }
      if phase.withLock({ $0 }) == 1 {
        throw StageError(.unavailable, "down", subject: "the registry", hint: "wait")
      }
    }
    let run = PipelineRun(
      plan: try TestRuns.chain(folder.path, board: board.register(), count: 30),
      options: TestRuns.options)
    async let report = run.run()
    try await until { try stage("derive", of: run).state == .working }
    try await until { try stage("derive", of: run).queue?.waitingInLedger ?? 0 > 0 }
    let queue = try #require(try stage("derive", of: run).queue)
    #expect(queue.records == 8)
    #expect(queue.maxRecords == 8)
    #expect(queue.bytes > 0)
    #expect(try stage("store", of: run).state == .waitingForInput)
    phase.withLock { $0 = 1 }
    try await until { try stage("derive", of: run).state == .unavailable }
    phase.withLock { $0 = 2 }
    #expect(try await report.ending == .completed)
    #expect(try stage("derive", of: run).failures.unavailable > 0)
  }

  @Test func `a stage that finds no room behind it says so`() async throws {
    let folder = TemporaryFolder()
    let isOpen = Mutex(false)
    let board = TestBoard { _, _ in
      while !isOpen.withLock({ $0 }) { try await Task.sleep(for: .milliseconds(1)) }
    }
    let run = PipelineRun(
      plan: try TestRuns.plan(
        """
        anagen: 1
        name: room
        vars: {data: {type: path}}
        durability: none
        defaults: {queue: {max_records: 2, max_bytes: 64KiB}}
        stages:
          frames: {use: test.frames, with: {count: 40, bytes: 100}}
          first: {use: test.pass, from: frames}
          sink:
            {use: test.frame_sink, from: first, accepts: identified, with: {board: \(board.register())}}
        """, folder: folder.path), options: TestRuns.options)
    async let report = run.run()
    try await until { try stage("first", of: run).state == .waitingForRoom }
    try await until { try stage("frames", of: run).state == .waitingForRoom }
    #expect(try stage("sink", of: run).state == .working)
    isOpen.withLock { $0 = true }
    #expect(try await report.ending == .completed)
  }

  @Test func `top is answered over the control socket`() async throws {
    let folder = TemporaryFolder()
    let isOpen = Mutex(false)
    let board = TestBoard { _, _ in
      while !isOpen.withLock({ $0 }) { try await Task.sleep(for: .milliseconds(1)) }
    }
    let run = PipelineRun(
      plan: try TestRuns.chain(folder.path, board: board.register(), count: 10),
      options: TestRuns.options)
    async let report = run.run()
    try await until { run.snapshot.phase == .working }
    let seen: RunSnapshot = try await ControlClient(DataFolder(path: folder.path)).ask("top")
    #expect(seen.pipeline == "chain")
    #expect(seen.program == "test")
    #expect(seen.stages.map(\.identity.name) == run.snapshot.stages.map(\.identity.name))
    isOpen.withLock { $0 = true }
    _ = try await report
  }
}
