import Foundation
import Ledger
import PipelineFiles
import PipelineRunner
import StageKit
import Synchronization
import Testing

/// The table of a run, the list of what is set aside and `status` count alike, whatever people
/// decided and whatever came later.
@Suite struct CountsTests {
  private let folder = TemporaryFolder()
  private let broken = BrokenKeys()
  private let edge = EdgeKey(from: "numbers", to: "derive")

  @Test func whatIsSetAsideIsCountedAlikeThroughAllThatMayHappenToIt() async throws {
    let board = TestBoard { [broken] key, _ in
      if broken.contains(key) {
        throw StageError(.record, "too_dark", subject: "the picture", hint: "repeat it")
      }
    }
    let name = board.register()
    broken.set([1, 2, 3])
    try expect(try await run(name), run: [4, 1, 3, 0, 0], folder: [4, 1, 3, 0, 0])

    var numbers = try reading.quarantined().map(\.delivery)
    try decide { _ = try $0.purge([numbers[0]], by: "maria", reason: "a ruler") }
    try expect(folder: [4, 1, 2, 1, 0])

    try decide { _ = try $0.release([numbers[1]], by: "maria", reason: nil) }
    try expect(folder: [4, 1, 1, 1, 0], waiting: 1)

    broken.set([3])
    try expect(try await run(name), run: [1, 1, 0, 0, 0], folder: [4, 2, 1, 1, 0])

    // Another setting: the same record comes to the same stage under another key. What was given
    // up is given up under this one too.
    broken.set([])
    try expect(try await run(name, offset: 7), run: [4, 3, 0, 1, 0], folder: [8, 5, 0, 2, 1])
    numbers = [numbers[2]]
    let error = #expect(throws: LedgerError.self) {
      try decide { _ = try $0.release(numbers, by: "maria", reason: nil) }
    }
    #expect(error?.subject.contains("was handled since with other settings") == true)

    // Back to the setting under which it was refused: it is set aside as before.
    try expect(try await run(name), run: [0, 0, 0, 0, 0], folder: [8, 5, 1, 2, 0])

    // A newer version of every record: nobody gave these up.
    try expect(try await run(name, start: 100), run: [4, 4, 0, 0, 0], folder: [12, 9, 0, 2, 1])
  }

  @Test func whatIsDecidedWhileTheRunWorksShowsInItsTable() async throws {
    let isHeld = Mutex(true)
    let board = TestBoard { [broken] key, _ in
      while key == 3, isHeld.withLock({ $0 }) { try await Task.sleep(for: .milliseconds(1)) }
      if broken.contains(key) {
        throw StageError(.record, "too_dark", subject: "the picture", hint: "repeat it")
      }
    }
    broken.set([1, 2])
    let work = PipelineRun(plan: try plan(board.register()), options: TestRuns.options)
    async let report = work.run()
    let setAside = { work.progress.edges.reduce(0) { $0 + $1.counts.quarantined } }
    while setAside() < 2 { try await Task.sleep(for: .milliseconds(1)) }
    broken.set([])
    let numbers = try reading.quarantined().map(\.delivery)
    let place = DataFolder(path: folder.path)
    _ = try await LedgerDecision(.purge, [numbers[0]], by: "maria", reason: "a ruler")
      .decide(in: place)
    #expect(setAside() == 1)
    _ = try await LedgerDecision(.release, [numbers[1]], by: "maria", reason: nil)
      .decide(in: place)
    #expect(setAside() == 0)
    isHeld.withLock { $0 = false }
    try expect(try await report, run: [4, 3, 0, 1, 0], folder: [4, 3, 0, 1, 0])
  }

  @Test func anEdgeThatKeepsNothingIsCountedByWhatPassedIt() async throws {
    let board = TestBoard { [broken] key, _ in
      if broken.contains(key) {
        throw StageError(.record, "too_dark", subject: "the picture", hint: "repeat it")
      }
    }
    broken.set([1])
    let report = try await run(board.register())
    let derived = EdgeKey(from: "derive", to: "store")
    let status = try reading.edgeCounts()
    #expect(status.map(\.edge) == report.edges.map(\.edge))
    let counts = try #require(status.first { $0.edge == derived }).counts
    #expect(counts == (try report.sum("derive", "store")).counts)
    #expect(counts.opened == 3 && counts.done == 3)
  }

  // MARK: -

  private func expect(
    _ report: RunReport? = nil, run: [Int]? = nil, folder sums: [Int], waiting: Int = 0,
    _ location: SourceLocation = #_sourceLocation
  ) throws {
    let status = try #require(try reading.edgeCounts().first { $0.edge == edge }).counts
    let table = try report?.sum(edge.from, edge.to).counts
    for (counts, sums) in [(table, run), (status, sums)] {
      guard let counts, let sums else { continue }
      let found = [
        counts.opened, counts.done, counts.quarantined, counts.purged, counts.superseded,
      ]
      #expect(found == sums, sourceLocation: location)
      #expect(counts.balances, sourceLocation: location)
    }
    #expect(status.pending == waiting, sourceLocation: location)
    let listed = try reading.quarantined()
    #expect(listed.count == status.quarantined, sourceLocation: location)
    if let report {
      #expect(report.mismatches.isEmpty, sourceLocation: location)
      #expect(report.quarantined.map(\.delivery) == listed.map(\.delivery))
    }
  }

  private func plan(_ board: String, offset: Int = 0, start: Int = 0) throws -> Plan {
    try TestRuns.plan(
      """
      anagen: 1
      name: counts
      vars: {data: {type: path}}
      durability: none
      stages:
        numbers: {use: test.numbers, with: {count: 4, offset: \(start)}}
        derive: {use: test.derive, from: numbers, with: {board: \(board), offset: \(offset)}}
        store: {use: test.store, from: derive}
        sink: {use: test.picky, from: store, accepts: identified, with: {board: \(board)}}
      """, folder: folder.path)
  }

  private func run(_ board: String, offset: Int = 0, start: Int = 0) async throws -> RunReport {
    try await TestRuns.run(try plan(board, offset: offset, start: start))
  }

  private var reading: LedgerReading {
    get throws { try LedgerReading(folder: DataFolder(path: folder.path)) }
  }

  private func decide(_ body: (RunLedger) throws -> Void) throws {
    let place = DataFolder(path: folder.path)
    let lock = try DataFolderLock(place)
    defer { withExtendedLifetime(lock) {} }
    try body(try RunLedger(existingIn: place, actor: "tester", now: { 1_800_000_000 }))
  }
}
