import Foundation
import Ledger
import PipelineFiles
import PipelineRunner
import StageKit
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A stage that leaks until the process meets its memory limit takes the run down, and no other
/// record with it.
struct MemoryLimitTests {
  private static func plan(_ path: String, _ board: TestBoard) throws -> Plan {
    try TestRuns.chain(path, board: board.register(as: path), count: 10)
  }

  /// Leaks at the sixth record, with a quarter of a GiB more than the process has allowed to it.
  private static func leak(_ path: String) async throws {
    let pages = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8)
      .prefix { $0 != " " }
    let size = rlim_t((Int(pages) ?? 0) * sysconf(Int32(_SC_PAGESIZE)) + 256 << 20)
    var limit = rlimit(rlim_cur: size, rlim_max: size)
    precondition(setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0)
    let board = TestBoard { key, _ in
      var leaked: [[UInt8]] = []
      while key == 5 { leaked.append([UInt8](repeating: 1, count: 1 << 20)) }
    }
    _ = try await TestRuns.run(plan(path, board))
  }

  @Test(.timeLimit(.minutes(2))) func itsRecordIsSetAsideAndNoOtherIsLost() async throws {
    let folder = TemporaryFolder()
    // In company first, then alone twice.
    for _ in 0..<3 {
      await #expect(processExitsWith: .failure) { [path = folder.path as String] in
        try await MemoryLimitTests.leak(path)
      }
    }
    let report = try await TestRuns.run(MemoryLimitTests.plan(folder.path, TestBoard()))
    #expect(report.ending == .completed && report.mismatches.isEmpty)
    #expect(report.quarantined.map(\.failure.reason) == ["ends_the_program"])
    #expect(report.quarantined.map(\.identity) == ["stored-number:5"])
    let counts = try LedgerReading(folder: DataFolder(path: folder.path)).deliveryCounts()
    #expect(counts[EdgeKey(from: "store", to: "sink")]?.done == 9)
  }

  @Test(.timeLimit(.minutes(2))) func aStageThatWasMendedTakesItUpAgain() async throws {
    let folder = TemporaryFolder()
    await #expect(processExitsWith: .failure) { [path = folder.path as String] in
      try await MemoryLimitTests.leak(path)
    }
    let report = try await TestRuns.run(MemoryLimitTests.plan(folder.path, TestBoard()))
    #expect(report.mismatches.isEmpty && report.quarantined.isEmpty)
    let counts = try LedgerReading(folder: DataFolder(path: folder.path)).deliveryCounts()
    #expect(counts[EdgeKey(from: "store", to: "sink")]?.done == 10)
  }
}
