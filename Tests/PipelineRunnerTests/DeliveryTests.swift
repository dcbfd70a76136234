import Ledger
import PipelineRunner
import Synchronization
import Testing

@Suite struct DeliveryTests {
  @Test(arguments: [1, 3]) func everyRecordReachesEverySink(concurrency: Int) async throws {
    let (folder, board) = (TemporaryFolder(), TestBoard())
    let name = board.register()
    let report = try await TestRuns.run(
      try TestRuns.chain(folder.path, board: name, count: 500, concurrency: concurrency))
    #expect(report.mismatches.isEmpty)
    #expect(report.ending == .completed)
    #expect(report.accepted == 500)
    for sum in report.edges {
      #expect(sum.counts.opened == 500 && sum.counts.done == 500, "\(sum.edge)")
    }
    #expect(board.state.withLock { $0.taken.count } == 500)
    #expect(board.state.withLock { $0.projected.map(\.count) } == [500])
  }

  @Test func theSameRunAgainRedoesNothing() async throws {
    let (folder, board) = (TemporaryFolder(), TestBoard())
    let name = board.register()
    let plan = try TestRuns.chain(folder.path, board: name, count: 100)
    _ = try await TestRuns.run(plan)
    let second = try await TestRuns.run(plan)
    #expect(board.state.withLock { $0.calls.values.max() } == 1)
    #expect(board.state.withLock { $0.taken.values.map(\.count).max() } == 1)
    #expect(try second.sum("numbers", "derive").reused == 100)
    #expect(try second.sum("store", "sink").reused == 100)
    #expect(second.edges.allSatisfy { $0.counts.opened == 0 })
    #expect(board.state.withLock { $0.projected.map(\.count) } == [100, 100])
  }

  @Test func anotherSettingRedoesWhatFollowsFromItAndSupersedes() async throws {
    let (folder, board) = (TemporaryFolder(), TestBoard())
    let name = board.register()
    _ = try await TestRuns.run(try TestRuns.chain(folder.path, board: name, count: 50))
    let second = try await TestRuns.run(
      try TestRuns.chain(folder.path, board: name, count: 50, offset: 7))
    #expect(second.mismatches.isEmpty)
    #expect(board.state.withLock { $0.calls.values.allSatisfy { $0 == 2 } })
    #expect(board.state.withLock { $0.taken[3] } == [3, 10])
    #expect(board.state.withLock { $0.projected.last?.sorted() } == Array(7..<57))
  }

  @Test func goingBackToAnEarlierSettingFindsItsResults() async throws {
    let (folder, board) = (TemporaryFolder(), TestBoard())
    let name = board.register()
    for offset in [0, 7, 0] {
      _ = try await TestRuns.run(
        try TestRuns.chain(folder.path, board: name, count: 20, offset: offset))
    }
    #expect(board.state.withLock { $0.calls.values.allSatisfy { $0 == 2 } })
    #expect(board.state.withLock { $0.projected.last?.sorted() } == Array(0..<20))
  }

  /// Results are kept under the name of the stage that gave them, also of one that works on records
  /// which the ledger does not keep.
  @Test func aStageThatIsRenamedHandsItsResultsOn() async throws {
    let (folder, board) = (TemporaryFolder(), TestBoard())
    let name = board.register()
    func run(_ store: String) async throws -> RunReport {
      let text = """
        anagen: 1
        name: renamed
        vars: {data: {type: path}}
        durability: none
        stages:
          numbers: {use: test.numbers, with: {board: \(name), count: 5}}
          derive: {use: test.derive, from: numbers, with: {board: \(name)}}
          \(store): {use: test.store, from: derive}
          sink: {use: test.results, from: \(store), accepts: identified, with: {board: \(name)}}
          page: {use: test.projection, from: \(store), accepts: identified, with: {board: \(name)}}
        """
      return try await TestRuns.run(try TestRuns.plan(text, folder: folder.path))
    }
    _ = try await run("store")
    for store in ["keep", "keep", "store"] {
      let report = try await run(store)
      #expect(report.mismatches.isEmpty)
      #expect(board.state.withLock { $0.projected.last?.sorted() } == Array(0..<5), "as \(store)")
    }
    #expect(board.state.withLock { $0.taken.keys.sorted() } == Array(0..<5))
  }

  @Test func aSlowSinkNeverStallsItsSource() async throws {
    let (folder, board) = (TemporaryFolder(), TestBoard())
    let name = board.register()
    let report = try await TestRuns.run(
      try TestRuns.chain(
        folder.path, board: name, count: 3000, queue: "{max_records: 2, max_bytes: 4KiB}"))
    #expect(report.mismatches.isEmpty)
    #expect(board.state.withLock { $0.taken.values.map(\.count).max() } == 1)
    #expect(board.state.withLock { $0.taken.count } == 3000)
  }

  @Test func aPartnerThatComesLaterIsFoundAllTheSame() async throws {
    let (folder, board) = (TemporaryFolder(), TestBoard())
    let name = board.register()
    let report = try await runPartners(200, folder, board: name)
    #expect(report.mismatches.isEmpty)
    // Each number looks up its successor: all but the last find it, however early they asked.
    let taken = board.state.withLock { $0.taken.mapValues(\.last) }
    #expect((0..<199).allSatisfy { taken[$0] == $0 + 1 })
    #expect(taken[199] == -1)
    let again = try await runPartners(200, folder, board: name)
    #expect(again.edges.allSatisfy { $0.counts.opened == 0 })
  }

  /// A delivery that was handled again has two results in the ledger, and only the later stands.
  @Test func whatALookUpGaveBeforeItsPartnerCameDoesNotReturn() async throws {
    let (folder, board) = (TemporaryFolder(), TestBoard())
    let name = board.register()
    _ = try await runPartners(1, folder, board: name)
    _ = try await runPartners(2, folder, board: name)
    #expect(board.state.withLock { $0.taken[0] } == [-1, 1])
    let again = try await runPartners(2, folder, board: name)
    #expect(again.edges.allSatisfy { $0.counts.opened == 0 })
    #expect(board.state.withLock { $0.taken } == [0: [-1, 1], 1: [-1]])
  }

  /// Runs numbers of which each looks its successor up.
  private func runPartners(
    _ count: Int, _ folder: TemporaryFolder, board: String
  ) async throws -> RunReport {
    let text = """
      anagen: 1
      name: partners
      vars: {data: {type: path}}
      durability: none
      stages:
        numbers: {use: test.numbers, with: {count: \(count)}}
        pair: {use: test.pair, from: numbers}
        sink: {use: test.results, from: pair, accepts: identified, with: {board: \(board)}}
      """
    return try await TestRuns.run(try TestRuns.plan(text, folder: folder.path))
  }
}
