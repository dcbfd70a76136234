import ClinicalRecords
import Ledger
import PipelineRunner
import StageKit
import Synchronization
import Testing

@Suite struct FailureTests {
  @Test func aRefusedRecordIsSetAsideWithItsReasonAndTheRestGoesOn() async throws {
    let folder = TemporaryFolder()
    let board = TestBoard { key, _ in
      if key % 10 == 3 {
        throw StageError(.record, "burned_in_text", subject: "the header", hint: "crop it")
      }
    }
    let name = board.register()
    let report = try await TestRuns.run(
      try TestRuns.chain(folder.path, board: name, count: 100, concurrency: 2))
    #expect(report.mismatches.isEmpty)
    #expect(try report.sum("numbers", "derive").counts.quarantined == 10)
    #expect(report.quarantined.count == 10)
    let first = try #require(report.quarantined.first)
    #expect(first.failure.reason == "burned_in_text")
    #expect(first.failure.stage == "derive")
    #expect(first.failure.hint == "crop it")
    #expect(board.state.withLock { $0.taken.count } == 90)
  }

  @Test func whatIsSetAsideStaysSoOnTheNextRun() async throws {
    let folder = TemporaryFolder()
    let board = TestBoard { key, _ in
      if key == 3 { throw StageError(.record, "no", subject: "it", hint: "none") }
    }
    let name = board.register()
    let plan = try TestRuns.chain(folder.path, board: name, count: 5)
    _ = try await TestRuns.run(plan)
    let second = try await TestRuns.run(plan)
    #expect(try second.sum("numbers", "derive").stillQuarantined == 1)
    #expect(second.quarantined.count == 1)
    #expect(board.state.withLock { $0.calls[3] } == 1)
  }

  @Test(arguments: [(failures: 2, done: true), (failures: 3, done: false)])
  func aTransientFailureIsRetriedUntilItsAttemptsAreUsedUp(
    failures: Int, done: Bool
  ) async throws {
    let folder = TemporaryFolder()
    let board = TestBoard { key, attempt in
      if key == 1, attempt <= failures {
        throw StageError(.transient, "busy", subject: "the disk", hint: "wait")
      }
    }
    let name = board.register()
    let report = try await TestRuns.run(try TestRuns.chain(folder.path, board: name, count: 3))
    #expect(report.mismatches.isEmpty)
    #expect(try report.sum("numbers", "derive").counts.done == (done ? 3 : 2))
    #expect(report.quarantined.map(\.attempts) == (done ? [] : [3]))
  }

  @Test func aStageThatIsUnavailableWaitsWithoutBurningAttempts() async throws {
    let folder = TemporaryFolder()
    let calls = Mutex(0)
    let board = TestBoard { key, attempt in
      let call = calls.withLock {
        $0 += 1
        return $0
      }
      #expect(attempt == 1)
      if call < 8 { throw StageError(.unavailable, "down", subject: "the registry", hint: "wait") }
    }
    let name = board.register()
    let report = try await TestRuns.run(try TestRuns.chain(folder.path, board: name, count: 1))
    #expect(try report.sum("numbers", "derive").counts.done == 1)
  }

  @Test func anErrorThatIsNotAStagesOwnTellsOnlyItsType() async throws {
    struct Leaky: Error, CustomStringConvertible {
      var description: String { "planted text" }
    }
    let folder = TemporaryFolder()
    let board = TestBoard { _, _ in throw Leaky() }
    let name = board.register()
    let report = try await TestRuns.run(try TestRuns.chain(folder.path, board: name, count: 1))
    let failure = try #require(report.quarantined.first).failure
    #expect(failure.reason == "unexpected_error")
    #expect(!failure.message.contains("planted"))
    #expect(failure.message.contains("Leaky"))
  }

  @Test(.timeLimit(.minutes(10))) func aFatalErrorEndsTheRunAndLosesNothing() async throws {
    let folder = TemporaryFolder()
    let isBroken = Mutex(true)
    let board = TestBoard { key, _ in
      if key == 40, isBroken.withLock({ $0 }) {
        throw StageError(.fatal, "no_model", subject: "the model is gone", hint: "install it")
      }
    }
    let name = board.register()
    let plan = try TestRuns.chain(folder.path, board: name, count: 80, concurrency: 2)
    let error = await #expect(throws: RunError.self) { try await TestRuns.run(plan) }
    #expect(error?.stage == "derive")
    #expect(error?.reason == "no_model")
    isBroken.withLock { $0 = false }
    let report = try await TestRuns.run(plan)
    #expect(report.mismatches.isEmpty)
    #expect(board.state.withLock { $0.taken.count } == 80)
  }

  @Test(.timeLimit(.minutes(10)))
  func aStoredFileThatCannotBeReadNowEndsTheRunAndIsNoVerdictOnItsRecord() async throws {
    let folder = TemporaryFolder()
    let isUnreadable = Mutex(true)
    let board = TestBoard { key, _ in
      if key == 40, isUnreadable.withLock({ $0 }) {
        throw RecordError(.contentUnreadable, subject: "a picture", hint: "look at the disk")
      }
    }
    let name = board.register()
    let plan = try TestRuns.chain(folder.path, board: name, count: 80, concurrency: 2)
    let error = await #expect(throws: LedgerError.self) { try await TestRuns.run(plan) }
    #expect(error?.code == .io)
    isUnreadable.withLock { $0 = false }
    let report = try await TestRuns.run(plan)
    #expect(report.quarantined.isEmpty)
    #expect(board.state.withLock { $0.taken.count } == 80)
  }
}
