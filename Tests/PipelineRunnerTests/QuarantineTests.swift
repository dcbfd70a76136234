import Foundation
import Ledger
import PipelineFiles
import PipelineRunner
import StageKit
import Synchronization
import Testing

/// What a person decides about deliveries that were set aside, between two runs.
@Suite struct QuarantineTests {
  private let folder = TemporaryFolder()
  private let broken: BrokenKeys
  private let board: TestBoard
  private let name: String

  init() {
    let broken = BrokenKeys()
    self.broken = broken
    board = TestBoard { key, _ in
      if broken.contains(key) {
        throw StageError(.record, "too_dark", subject: "the picture", hint: "repeat it")
      }
    }
    name = board.register()
  }

  @Test func whatIsReleasedIsTakenByTheNextRun() async throws {
    broken.set([2])
    let first = try await run()
    let number = try #require(first.quarantined.first?.delivery)
    #expect(first.quarantined.count == 1)
    let opened = try decide { try $0.release([number], by: "maria", reason: "new profile") }
    #expect(opened.map(\.delivery) == [number])
    #expect(try reading.quarantined().isEmpty)
    broken.set([])
    let second = try await run()
    #expect(second.mismatches.isEmpty && second.quarantined.isEmpty)
    #expect(try second.sum("numbers", "derive").counts.done == 1)
    #expect(board.state.withLock { $0.taken[2] } == [2])
  }

  @Test func whatFailsAgainIsListedOnceWithAllThatHappened() async throws {
    broken.set([2])
    let number = try #require(try await run().quarantined.first?.delivery)
    _ = try decide { try $0.release([number], by: "maria", reason: "another try") }
    let second = try await run()
    #expect(second.quarantined.map(\.delivery) == [number])
    let history = try reading.quarantineHistory(of: number)
    #expect(
      history.map(\.kind).sorted { $0.rawValue < $1.rawValue } == [.released, .setAside, .setAside])
    let release = try #require(history.first { $0.kind == .released })
    #expect(release.by == "maria" && release.reason == "another try" && release.stage == nil)
    let ends = history.filter { $0.kind == .setAside }
    #expect(ends.map(\.run) == [1, 2] && ends.map(\.attempts) == [1, 1])
    #expect(ends.allSatisfy { $0.failure?.reason == "too_dark" && $0.failure?.stage == "derive" })
  }

  @Test func fromAnEarlierStageTheWayIsGoneAgain() async throws {
    broken.set([1002])
    let number = try #require(try await run().quarantined.first?.delivery)
    let calls = board.state.withLock { $0.calls[2] ?? 0 }
    let opened = try decide { try $0.release([number], from: "derive", by: "maria", reason: nil) }
    #expect(opened.map(\.edge) == [EdgeKey(from: "numbers", to: "derive")])
    broken.set([])
    let second = try await run()
    #expect(second.mismatches.isEmpty && second.quarantined.isEmpty)
    #expect(board.state.withLock { $0.calls[2] } == calls + 1, "it is derived anew")
    #expect(board.state.withLock { $0.taken[2] } == [2], "and taken once")
    #expect(try reading.quarantineHistory(of: number).last?.stage == "derive")
  }

  @Test func aStageWhereNothingStoredEntersIsNoPlaceToReEnter() async throws {
    broken.set([1002])
    let number = try #require(try await run().quarantined.first?.delivery)
    for stage in ["store", "numbers", "nowhere"] {
      let error = try refusal { _ = try $0.release([number], from: stage, by: "m", reason: nil) }
      #expect(error.hint.contains("at sink, derive"), "\(error)")
    }
    #expect(try reading.quarantined().map(\.delivery) == [number], "nothing was changed")
  }

  @Test func numbersThatCannotBeReleasedAreRefusedInWords() async throws {
    broken.set([2, 3])
    let numbers = try await run().quarantined.map(\.delivery)
    #expect(numbers.count == 2)
    let unknown = try refusal { _ = try $0.release([numbers[0], 999], by: "m", reason: nil) }
    #expect(unknown.subject == "nothing is set aside under 999")
    #expect(try reading.quarantined().count == 2, "all of them or none")
    _ = try decide { try $0.release([numbers[0], numbers[0]], by: "m", reason: nil) }
    let again = try refusal { _ = try $0.release([numbers[0]], by: "m", reason: nil) }
    #expect(again.subject.contains("waits already"))
    let done = try refusal { _ = try $0.purge([1], by: "m", reason: "none") }
    #expect(done.subject == "delivery 1 is done")
  }

  @Test func aRecordWhoseStageIsGoneSaysWhatToDo() async throws {
    broken.set([2])
    let number = try #require(try await run().quarantined.first?.delivery)
    _ = try await TestRuns.run(
      try TestRuns.plan(
        """
        anagen: 1
        name: decisions
        vars: {data: {type: path}}
        durability: none
        stages:
          numbers: {use: test.numbers, with: {count: 4}}
          pair: {use: test.pair, from: numbers}
          sink: {use: test.picky, from: pair, accepts: identified, with: {board: \(name)}}
        """, folder: folder.path))
    let error = try refusal { _ = try $0.release([number], by: "m", reason: nil) }
    #expect(error.subject.contains("'derive'") && error.subject.contains("numbers -> derive"))
    #expect(error.hint.contains("purge"))
  }

  @Test func whatIsGivenUpIsNeverTriedOrListedAgain() async throws {
    broken.set([2])
    let number = try #require(try await run().quarantined.first?.delivery)
    let purged = try decide { try $0.purge([number], by: "maria", reason: "a ruler") }
    #expect(purged.map(\.isRecordWithdrawn) == [false], "what a source handed over stays")
    broken.set([])
    let second = try await run()
    #expect(second.mismatches.isEmpty && second.quarantined.isEmpty)
    #expect(try second.sum("numbers", "derive").stillQuarantined == 1)
    #expect(board.state.withLock { $0.taken[2] } == nil)
    #expect(try reading.deliveryCounts().values.reduce(0) { $0 + $1.purged } == 1)
    let error = try refusal { _ = try $0.release([number], by: "m", reason: nil) }
    #expect(error.subject.contains("given up"))
  }

  /// A setting of the stage gives its deliveries another key, one before it other records.
  @Test(arguments: ["derive", "sink"]) func whatIsGivenUpStaysSoUnderOtherSettings(
    of stage: String
  ) async throws {
    broken.set([1002])
    let number = try #require(try await run().quarantined.first?.delivery)
    _ = try decide { try $0.purge([number], by: "maria", reason: "a ruler") }
    broken.set([])
    let changed = try await run(
      derive: stage == "derive" ? ", offset: 5" : "", sink: stage == "sink" ? ", bytes: 7" : "")
    #expect(changed.mismatches.isEmpty && changed.quarantined.isEmpty)
    #expect(try changed.sum("store", "sink").counts.purged == 1)
    #expect(board.state.withLock { $0.taken[2] } == nil, "it is not taken")
    #expect(try changed.sum("store", "sink").counts.done == 3, "the others are")
    let again = try await run()
    #expect(again.mismatches.isEmpty && board.state.withLock { $0.taken[2] } == nil)
  }

  @Test func everyDecisionIsInTheAuditChain() async throws {
    broken.set([2, 3])
    let numbers = try await run().quarantined.map(\.delivery)
    let head = try decide { ledger in
      _ = try ledger.release([numbers[0]], by: "maria", reason: "new profile")
      _ = try ledger.purge([numbers[1]], by: "jonas", reason: "a ruler")
      return try ledger.auditHead()
    }
    var entries: [String] = []
    try reading.forEachAuditEntry { entries.append($0) }
    #expect(head.sequence == Int64(entries.count))
    #expect(
      entries.suffix(2).map { $0.contains("\"by\":\"maria\"") } == [true, false]
        && entries[entries.count - 2].contains("\"action\":\"quarantine.release\"")
        && entries[entries.count - 1].contains("\"why\":\"a ruler\"")
        && entries[entries.count - 1].contains("\"deliveries\":[\(numbers[1])]"))
    #expect(try reading.verifyAudit(against: [head]).problems.isEmpty)
  }

  // MARK: -

  /// numbers -> derive (derived) -> store -> sink: a way of two deliveries.
  private func run(derive: String = "", sink: String = "") async throws -> RunReport {
    try await TestRuns.run(
      try TestRuns.plan(
        """
        anagen: 1
        name: decisions
        vars: {data: {type: path}}
        durability: none
        stages:
          numbers: {use: test.numbers, with: {count: 4}}
          derive: {use: test.derive, from: numbers, with: {board: \(name)\(derive)}}
          store: {use: test.store, from: derive}
          sink: {use: test.picky, from: store, accepts: identified, with: {board: \(name)\(sink)}}
        """, folder: folder.path))
  }

  private func decide<Value>(_ body: (RunLedger) throws -> Value) throws -> Value {
    let lock = try DataFolderLock(DataFolder(path: folder.path))
    defer { withExtendedLifetime(lock) {} }
    return try body(
      try RunLedger(
        existingIn: DataFolder(path: folder.path), actor: "tester", now: { 1_800_000_000 }))
  }

  private var reading: LedgerReading {
    get throws { try LedgerReading(folder: DataFolder(path: folder.path)) }
  }

  private func refusal(_ body: (RunLedger) throws -> Void) throws -> LedgerError {
    let refused = try #require(
      #expect(throws: LedgerError.self) { try decide(body) })
    #expect(refused.code == .notSetAside)
    return refused
  }
}

/// Keys that stages refuse for now.
final class BrokenKeys: Sendable {
  private let keys = Mutex<Set<Int>>([])
  func set(_ keys: Set<Int>) { self.keys.withLock { $0 = keys } }
  func contains(_ key: Int) -> Bool { keys.withLock { $0.contains(key) } }
}
