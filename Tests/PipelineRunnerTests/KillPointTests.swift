import Foundation
import Ledger
import PipelineFiles
import PipelineRunner
import Testing

/// A run killed before and after every call of a stage (made, run, process, accept, finish,
/// project) goes on when it is run again: sums hold, every effect is there once.
///
/// The file calls between are killed at by the end-to-end tests of the same name.
struct KillPointTests {
  private static let text = """
    anagen: 1
    name: killed
    vars: {data: {type: path}}
    durability: none
    stages:
      numbers: {use: kill.numbers}
      derive: {use: kill.derive, from: numbers}
      store: {use: kill.store, from: derive}
      list: {use: kill.list, from: store, accepts: identified, with: {world: private/list}}
      page: {use: kill.page, from: store, accepts: identified, with: {world: private/page}}
    """

  private static func run(in folder: String) async throws -> RunReport {
    try await TestRuns.run(TestRuns.plan(text, folder: folder, catalogue: killedCatalogue))
  }

  /// 2 for each of 5 stages made, 2 for each of 4 records emitted, derived, stored and taken, 2 for
  /// finish and 2 for project.
  static let boundaries = 5 * 2 + 4 * 4 * 2 + 2 + 2

  @Test func noCallIsLeftOut() async throws {
    let folder = TemporaryFolder()
    await #expect(processExitsWith: .success) { [path = folder.path as String] in
      KillPoint.arm(.max)
      _ = try await KillPointTests.run(in: path)
      precondition(KillPoint.reached == KillPointTests.boundaries, "\(KillPoint.reached) calls")
    }
  }

  @Test(arguments: 1...boundaries)
  func killedAtAnyCallOfAStageItGoesOn(_ boundary: Int) async throws {
    let folder = TemporaryFolder()
    let path = folder.path
    await #expect(processExitsWith: .signal(SIGKILL)) {
      [path = path as String, boundary = boundary as Int] in
      KillPoint.arm(boundary)
      _ = try await KillPointTests.run(in: path)
    }
    let report = try await KillPointTests.run(in: path)
    #expect(report.ending == .completed && report.mismatches.isEmpty)
    #expect(report.edges.allSatisfy { $0.counts.pending == 0 && $0.counts.quarantined == 0 })
    #expect(
      try KilledSink.lines(in: "\(path)/private/list/list").sorted() == ["0", "1", "2", "3"])
    #expect(try KilledSink.lines(in: "\(path)/private/page/page") == ["0", "1", "2", "3"])
    #expect(FileManager.default.fileExists(atPath: "\(path)/private/list/list.finished"))
    // Nothing is left to do.
    let again = try await KillPointTests.run(in: path)
    #expect(again.edges.allSatisfy { $0.counts.opened == 0 })
  }
}
