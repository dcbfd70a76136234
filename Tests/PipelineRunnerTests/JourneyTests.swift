import ClinicalRecords
import Ledger
import PipelineRunner
import StageKit
import Testing

/// The ledger tells what became of a record, and why something was done again.
@Suite struct JourneyTests {
  private func journey(_ identity: String, in folder: TemporaryFolder) throws -> RecordJourney {
    let reading = try LedgerReading(folder: DataFolder(path: folder.path))
    let roots = try reading.roots(named: identity)
    let root = try #require(roots.first)
    return try #require(try reading.journey(of: root))
  }

  @Test func aRecordIsFollowedFromItsSourceToEverySink() async throws {
    let (folder, board) = (TemporaryFolder(), TestBoard())
    let name = board.register()
    _ = try await TestRuns.run(try TestRuns.chain(folder.path, board: name, count: 3))
    // Named by what came of it, the journey still begins where the record came in.
    let journey = try journey("number-result:2", in: folder)
    #expect(journey.schema == "test.stored-number/1.0")
    #expect(journey.origins.map(\.stage) == ["numbers"])
    let delivery = try #require(journey.deliveries.first)
    #expect(delivery.state == "done" && delivery.endedRun == 1 && delivery.again.isEmpty)
    #expect(delivery.steps.map(\.stage) == ["derive", "store"])
    let result = try #require(delivery.results.first)
    #expect(result.deliveries.map(\.edge.to).sorted() == ["page", "sink"])
    #expect(result.deliveries.allSatisfy { $0.state == "done" })
  }

  @Test func whatRunsAgainNamesThePartOfTheKeyThatDiffers() async throws {
    let (folder, board) = (TemporaryFolder(), TestBoard())
    let name = board.register()
    for offset in [0, 7, 7] {
      _ = try await TestRuns.run(
        try TestRuns.chain(folder.path, board: name, count: 3, offset: offset))
    }
    let deliveries = try journey("stored-number:1", in: folder).deliveries
    #expect(deliveries.map(\.again) == [[], ["test.derive: settings.offset: 0 -> 7"]])
    #expect(deliveries.map(\.reusedRun) == [nil, 3])
    #expect(deliveries.map(\.isPresent) == [false, true])
  }

  @Test func goingBackToAnEarlierSettingIsToldAsWell() async throws {
    let (folder, board) = (TemporaryFolder(), TestBoard())
    let name = board.register()
    for offset in [0, 7, 0] {
      _ = try await TestRuns.run(
        try TestRuns.chain(folder.path, board: name, count: 1, offset: offset))
    }
    let first = try #require(try journey("stored-number:0", in: folder).deliveries.first)
    #expect(first.reusedRun == 3)
    #expect(first.isPresent)
  }

  @Test func everyStageOnTheWayHasItsVersion() async throws {
    let (folder, board) = (TemporaryFolder(), TestBoard())
    let name = board.register()
    _ = try await TestRuns.run(try TestRuns.chain(folder.path, board: name, count: 1))
    let delivery = try #require(try journey("stored-number:0", in: folder).deliveries.first)
    // The derived record between them is kept nowhere.
    #expect(delivery.steps.map(\.stage) == ["derive", "store"])
    #expect(delivery.steps.map(\.version) == ["1", "1"])
  }

  @Test func aSourceRecordThatCameOtherwiseSaysWhatDiffersAndStandsFirst() async throws {
    let (folder, board) = (TemporaryFolder(), TestBoard())
    let name = board.register()
    for offset in [0, 5] {
      _ = try await TestRuns.run(
        try TestRuns.plan(
          """
          anagen: 1
          name: otherwise
          vars: {data: {type: path}}
          durability: none
          stages:
            numbers: {use: test.numbers, with: {count: 1, offset: \(offset)}}
            pair: {use: test.pair, from: numbers}
            sink: {use: test.results, from: pair, accepts: identified, with: {board: \(name)}}
          """, folder: folder.path))
    }
    let present = try journey("stored-number:0", in: folder)
    #expect(present.changes == ["value: 0 -> 5"] && present.supersededBy == nil)
    let reading = try LedgerReading(folder: DataFolder(path: folder.path))
    let roots = try reading.roots(named: "stored-number:0")
    let earlier = try #require(present.earlier)
    #expect(roots == [present.record, earlier])
    #expect(try reading.journey(of: roots[1])?.supersededBy == present.record)
  }

  @Test func whatPeopleDecidedStandsWithAuthorReasonAndTime() async throws {
    let folder = TemporaryFolder()
    let board = TestBoard { key, _ in
      if key == 1 { throw StageError(.record, "no_scale", subject: "the picture", hint: "add it") }
    }
    let name = board.register()
    let report = try await TestRuns.run(try TestRuns.chain(folder.path, board: name, count: 2))
    let number = try #require(report.quarantined.first?.delivery)
    let place = DataFolder(path: folder.path)
    let lock = try DataFolderLock(place)
    _ = try RunLedger(existingIn: place, actor: "jonas", now: { 4_000_000_000 })
      .purge([number], by: "jonas", reason: "a ruler")
    withExtendedLifetime(lock) {}
    let delivery = try #require(try journey("stored-number:1", in: folder).deliveries.first)
    #expect(delivery.state == "purged")
    let purge = try #require(delivery.history.last)
    #expect(purge.kind == .purged && purge.by == "jonas" && purge.reason == "a ruler")
    #expect(purge.at == 4_000_000_000)
  }

  @Test func failedCallsStandWithTheirReasonsAndTimes() async throws {
    let folder = TemporaryFolder()
    let board = TestBoard { key, attempt in
      if key == 0, attempt == 1 {
        throw StageError(.transient, "busy", subject: "the disk", hint: "wait")
      }
      if key == 1 { throw StageError(.record, "no_scale", subject: "the picture", hint: "add it") }
    }
    let name = board.register()
    _ = try await TestRuns.run(try TestRuns.chain(folder.path, board: name, count: 2))
    let tried = try #require(try journey("stored-number:0", in: folder).deliveries.first)
    #expect(tried.attempts == 2)
    #expect(tried.steps.first?.failures.map(\.reason) == ["busy"])
    let refused = try #require(try journey("stored-number:1", in: folder).deliveries.first)
    #expect(refused.state == "quarantined")
    #expect(refused.history.map(\.failure?.reason) == ["no_scale"])
    #expect(refused.results.isEmpty)
  }

  @Test func whatIsDoneAgainForAPartnerThatCameLaterSaysSo() async throws {
    let (folder, board) = (TemporaryFolder(), TestBoard())
    let name = board.register()
    for count in [50, 51] {
      _ = try await TestRuns.run(
        try TestRuns.plan(
          """
          anagen: 1
          name: partners
          vars: {data: {type: path}}
          durability: none
          stages:
            numbers: {use: test.numbers, with: {count: \(count)}}
            pair: {use: test.pair, from: numbers}
            sink: {use: test.results, from: pair, accepts: identified, with: {board: \(name)}}
          """, folder: folder.path))
    }
    // The 49th asked for the 50th when there was none.
    let last = try #require(try journey("stored-number:49", in: folder).deliveries.first)
    #expect(last.again == ["what it had looked up is answered otherwise now"])
  }
}
