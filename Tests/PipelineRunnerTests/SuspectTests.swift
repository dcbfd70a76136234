import Foundation
import Ledger
import PipelineRunner
import StageKit
import Synchronization
import Testing

/// A record that ends the program is found, and nothing else suffers for it.
@Suite struct SuspectTests {
  private static let killer = 3

  /// Runs ten numbers, of which one ends the program, as long as `kills`.
  private static func run(_ path: String, kills: Bool) async throws -> RunReport {
    let board = TestBoard { key, _ in
      if kills, key == SuspectTests.killer { abort() }
      try await Task.sleep(for: .milliseconds(2))
    }
    return try await TestRuns.run(
      try TestRuns.chain(path, board: board.register(as: path), count: 10, concurrency: 2))
  }

  @Test(.timeLimit(.minutes(10))) func theOneThatKillsAloneTwiceIsSetAside() async throws {
    let folder = TemporaryFolder()
    // In company first, then alone twice.
    for _ in 0..<3 {
      await #expect(processExitsWith: .signal(SIGABRT)) { [path = folder.path as String] in
        _ = try await SuspectTests.run(path, kills: true)
      }
    }
    let report = try await SuspectTests.run(folder.path, kills: true)
    #expect(report.mismatches.isEmpty)
    #expect(report.quarantined.map(\.failure.reason) == ["ends_the_program"])
    #expect(report.quarantined.map(\.identity) == ["stored-number:\(SuspectTests.killer)"])
    let counts = try LedgerReading(folder: DataFolder(path: folder.path)).deliveryCounts()
    #expect(counts[EdgeKey(from: "store", to: "sink")]?.done == 9)
  }

  @Test(.timeLimit(.minutes(10))) func aSuspectThatIsInnocentPasses() async throws {
    let folder = TemporaryFolder()
    await #expect(processExitsWith: .signal(SIGABRT)) { [path = folder.path as String] in
      _ = try await SuspectTests.run(path, kills: true)
    }
    let report = try await SuspectTests.run(folder.path, kills: false)
    #expect(report.quarantined.isEmpty)
    #expect(report.mismatches.isEmpty)
    #expect(
      try LedgerReading(folder: DataFolder(path: folder.path)).runs().first?.outcome == "crashed")
  }

  @Test(.timeLimit(.minutes(10))) func beingKilledFromOutsideCountsAgainstNobody() async throws {
    let folder = TemporaryFolder()
    for _ in 0..<4 {
      await #expect(processExitsWith: .signal(SIGKILL)) { [path = folder.path as String] in
        let board = TestBoard { key, _ in
          if key == SuspectTests.killer { kill(getpid(), SIGKILL) }
        }
        _ = try await TestRuns.run(
          try TestRuns.chain(path, board: board.register(as: path), count: 10, concurrency: 2))
      }
    }
    let report = try await SuspectTests.run(folder.path, kills: false)
    #expect(report.quarantined.isEmpty)
    #expect(report.mismatches.isEmpty)
  }
}
