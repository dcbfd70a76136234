import Foundation
import PipelineFiles
import PipelineRunner
import Testing

@Suite struct CeilingTests {
  // In a process of its own, so that the peak is this run's; `ANAGEN_FRAMES` changes its length.
  @Test func tenThousandFramesOfFourMegabytesStayUnderThePrintedCeiling() async throws {
    await #expect(processExitsWith: .success) {
      let frames = ProcessInfo.processInfo.environment["ANAGEN_FRAMES"].flatMap(Int.init) ?? 10_000
      let folder = TemporaryFolder()
      let plan = try TestRuns.plan(
        """
        anagen: 1
        name: frames
        vars: {data: {type: path}}
        durability: none
        memory: 2GiB
        defaults: {queue: {max_records: 64, max_bytes: 64MiB}}
        stages:
          paint: {use: test.paint, with: {count: \(frames)}}
          first: {use: test.copy, from: paint}
          second: {use: test.copy, from: first}
          third: {use: test.copy, from: second}
          check: {use: test.check, from: third, accepts: identified}
        """, folder: folder.path)
      let report = try await TestRuns.run(plan)
      let peak = try peakResidentBytes()
      let ceiling = plan.memory.ceilingBytes
      FileHandle.standardError.write(
        Data(
          """
          \(frames) frames of 4 MiB: peak resident \(peak >> 20) MiB, ceiling \(ceiling >> 20) MiB, \
          \(Int(Double(frames) / report.seconds)) frames/s

          """.utf8))
      precondition(report.mismatches.isEmpty && report.accepted == frames)
      precondition(peak <= ceiling)
    }
  }

  /// Prints what a record costs beside its stages; fails on no time.
  @Test func whatTheRunnerAddsPerRecordIsPrinted() async throws {
    let board = TestBoard()
    let name = board.register()
    let derived = TemporaryFolder()
    let count = 50_000
    let report = try await TestRuns.run(
      try TestRuns.plan(
        """
        anagen: 1
        name: overhead
        vars: {data: {type: path}}
        durability: none
        defaults: {queue: {max_records: 64, max_bytes: 1MiB}}
        stages:
          frames: {use: test.frames, with: {count: \(count), bytes: 100}}
          first: {use: test.pass, from: frames}
          second: {use: test.pass, from: first}
          sink: {use: test.frame_sink, from: second, accepts: identified, with: {board: \(name)}}
        """, folder: derived.path))
    #expect(report.mismatches.isEmpty)
    print("derived records, 3 edges: \(microseconds(report, count)) µs a record")
    for durability in ["none", "full"] {
      let folder = TemporaryFolder()
      let count = 10_000
      let report = try await TestRuns.run(
        try TestRuns.chain(
          folder.path, board: name, count: count, queue: "{max_records: 64, max_bytes: 1MiB}",
          durability: durability))
      #expect(report.mismatches.isEmpty)
      print(
        "stored records, 4 edges, 3 of them in the ledger, durability \(durability): "
          + "\(microseconds(report, count)) µs a record")
    }
  }

  private func microseconds(_ report: RunReport, _ count: Int) -> Double {
    (report.seconds / Double(count) * 1e7).rounded() / 10
  }
}

/// The most memory that this process has had resident, in bytes.
func peakResidentBytes() throws -> Int {
  let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
  let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") })
  let number = try #require(line.split(separator: " ").compactMap { Int($0) }.first)
  return number << 10
}
