import Foundation
import GRDB
import Ledger
import PipelineRunner
import StageKit
import Synchronization
import Testing

/// Each effect happens once, wherever the program dies (DESIGN §5.5).
@Suite(.serialized) struct EffectTests {
  /// numbers -> derive (derived) -> store -> {table, files, mail}.
  private static func text(_ board: String, offset: Int = 0, forgets: Bool = false) -> String {
    """
    anagen: 1
    name: effects
    vars: {data: {type: path}}
    durability: none
    defaults: {retry: {attempts: 3, initial: 1ms, max: 2ms}}
    stages:
      numbers: {use: test.numbers, with: {board: \(board), count: 3, offset: \(offset)}}
      derive: {use: test.derive, from: numbers, with: {board: \(board)}}
      store: {use: test.store, from: derive}
      table: {use: test.table, from: store, accepts: identified, with: {path: private/table.sqlite}}
      files: {use: test.file, from: store, accepts: identified, with: {path: private/files}}
      mail:
        use: test.mail
        from: store
        accepts: identified
        with: {path: private/mail, forgets: \(forgets)}
    """
  }

  private static func run(
    _ folder: String, offset: Int = 0, forgets: Bool = false
  ) async throws -> RunReport {
    let plan = try TestRuns.plan(
      text(TestBoard().register(as: "effects"), offset: offset, forgets: forgets), folder: folder)
    var options = TestRuns.options
    options.now = {
      EffectStep.pass()
      return Date().timeIntervalSince1970
    }
    return try await PipelineRun(plan: plan, options: options).run()
  }

  /// What the three destinations hold.
  private struct Found: Equatable {
    var table: [Int]
    var files: [String]
    /// Key, value and version of each line.
    var mail: [String]
    var confirmed: Int
    var unknown: Int

    init(in folder: String) throws {
      table = try DatabaseQueue(path: "\(folder)/private/table.sqlite").read { db in
        try Int.fetchAll(db, sql: "SELECT value * 10 + times FROM taken ORDER BY key")
      }
      let names = try FileManager.default.contentsOfDirectory(atPath: "\(folder)/private/files")
      files = try names.filter { !$0.hasPrefix(".") }.sorted().map {
        try "\($0)=" + String(contentsOfFile: "\(folder)/private/files/\($0)", encoding: .utf8)
      }
      mail = try MailSink.lines("\(folder)/private/mail").dropFirst().map {
        String($0.drop { $0 != " " }.dropFirst())
      }.sorted()
      (confirmed, unknown) = try DatabaseQueue(path: "\(folder)/private/ledger.sqlite").read { db in
        (
          try Int.fetchOne(db, sql: "SELECT count(*) FROM effect WHERE state = 2") ?? 0,
          try Int.fetchOne(db, sql: "SELECT count(*) FROM effect WHERE state = 1") ?? 0
        )
      }
    }

    /// Each of three records once, in each of three sinks.
    static func isOnce(_ found: Found) -> Bool {
      found.table == [1, 11, 21] && found.files == ["0=0", "1=1", "2=2"]
        && found.mail == ["0 0 1", "1 1 1", "2 2 1"] && found.confirmed == 9 && found.unknown == 0
    }
  }

  /// How many steps a run comes to: some 30, since batches differ from run to run.
  private static func steps() async throws -> Int {
    let folder = TemporaryFolder()
    EffectStep.arm(nil)
    _ = try await run(folder.path)
    #expect(try Found.isOnce(Found(in: folder.path)))
    return EffectStep.passed
  }

  @Test(.timeLimit(.minutes(5)))
  func killedAtAnyStepEachEffectHappensOnce() async throws {
    let steps = try await EffectTests.steps()
    #expect(steps > 20)
    for step in 0..<steps {
      let folder = TemporaryFolder()
      await #expect(processExitsWith: .signal(SIGKILL)) {
        [path = folder.path as String, step = step as Int] in
        EffectStep.arm(step)
        _ = try await EffectTests.run(path)
        kill(getpid(), SIGKILL)
      }
      EffectStep.arm(nil)
      let report = try await EffectTests.run(folder.path)
      #expect(report.mismatches.isEmpty)
      let found = try Found(in: folder.path)
      #expect(Found.isOnce(found), "killed at step \(step): \(found)")
    }
  }

  /// The proof that the test above can fail: the same kills, and a destination that forgets.
  @Test(.timeLimit(.minutes(5)))
  func aDestinationThatForgetsIsFoundOut() async throws {
    var doubled = 0
    for step in 0..<(try await EffectTests.steps()) where doubled == 0 {
      let folder = TemporaryFolder()
      await #expect(processExitsWith: .signal(SIGKILL)) {
        [path = folder.path as String, step = step as Int] in
        EffectStep.arm(step)
        _ = try await EffectTests.run(path, forgets: true)
        kill(getpid(), SIGKILL)
      }
      EffectStep.arm(nil)
      _ = try await EffectTests.run(folder.path, forgets: true)
      if try Found(in: folder.path).mail.count > 3 { doubled += 1 }
    }
    #expect(doubled > 0)
  }

  @Test func anAnswerThatIsLostIsAskedForBeforeAnythingIsSentAgain() async throws {
    let folder = TemporaryFolder()
    MailSink.afterSending.withLock { hook in
      hook = { key in
        if key == 1 {
          throw StageError(.transient, "no_answer", subject: "the mailbox", hint: "wait")
        }
      }
    }
    defer { MailSink.afterSending.withLock { $0 = nil } }
    let report = try await EffectTests.run(folder.path)
    #expect(report.quarantined.isEmpty)
    #expect(try Found.isOnce(Found(in: folder.path)))
  }

  @Test func aCorrectionIsTheNextVersionAndGoingBackIsOneMore() async throws {
    let folder = TemporaryFolder()
    for offset in [0, 7, 7, 0] { _ = try await EffectTests.run(folder.path, offset: offset) }
    let found = try Found(in: folder.path)
    #expect(
      found.mail
        == ["0 0 1", "0 0 3", "0 7 2", "1 1 1", "1 1 3", "1 8 2", "2 2 1", "2 2 3", "2 9 2"])
    #expect(found.files == ["0=0", "1=1", "2=2"])
    #expect(found.table == [3, 13, 23])
  }

  @Test func aDestinationThatBeginsAnewIsSentEverythingAgain() async throws {
    let folder = TemporaryFolder()
    _ = try await EffectTests.run(folder.path)
    try FileManager.default.removeItem(atPath: "\(folder.path)/private/mail")
    let report = try await EffectTests.run(folder.path)
    #expect(try report.sum("store", "mail").counts.done == 3)
    #expect(try report.sum("store", "table").counts.opened == 0)
    #expect(try Found(in: folder.path).mail == ["0 0 1", "1 1 1", "2 2 1"])
  }

  @Test func whatLeavesIsInTheAuditChainAndWhatStaysIsNot() async throws {
    let (folder, board) = (TemporaryFolder(), TestBoard().register())
    let plan = try TestRuns.chain(folder.path, board: board, count: 20)
    let report = try await TestRuns.run(plan)
    let entries = try actions(in: folder.path)
    // A sink without a path may send anywhere, and so may a projection without one.
    #expect(entries.first == "audit.begin")
    #expect(entries.contains("export.intended") && entries.contains("export.confirmed"))
    #expect(entries.last == "export.written")
    #expect(report.auditHead.sequence == Int64(entries.count) && report.auditHead.isSigned)
    let again = try await TestRuns.run(plan)
    #expect(again.auditHead == report.auditHead, "a run that sends nothing leaves the chain alone")

    let inside = TemporaryFolder()
    _ = try await EffectTests.run(inside.path)
    #expect(try actions(in: inside.path) == ["audit.begin"])
  }

  private func actions(in folder: String) throws -> [String] {
    struct Entry: Decodable { let action: String }
    var actions: [String] = []
    try LedgerReading(folder: DataFolder(path: folder)).forEachAuditEntry {
      actions.append(try JSONDecoder().decode(Entry.self, from: Data($0.utf8)).action)
    }
    return actions
  }
}
