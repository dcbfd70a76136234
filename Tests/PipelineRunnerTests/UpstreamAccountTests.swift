import ClinicalRecords
import Foundation
import PipelineFiles
import PipelineRunner
import StageKit
import Synchronization
import Testing

/// What a sink and a projection are told of what was set aside before them.
@Suite struct UpstreamAccountTests {
  /// numbers -> derive (refuses) -> store -> {sink, page}, and numbers -> note -> {sink, page}.
  private func plan(
    _ folder: String, board: String, count: Int, offset: Int = 0
  ) throws -> Plan {
    try TestRuns.plan(
      """
      anagen: 1
      name: beside
      vars: {data: {type: path}}
      durability: none
      stages:
        numbers: {use: test.numbers, with: {board: \(board), count: \(count)}}
        note: {use: test.note, from: numbers}
        derive: {use: test.derive, from: numbers, with: {board: \(board), offset: \(offset)}}
        store: {use: test.store, from: derive}
        sink: {use: test.results, from: [note, store], accepts: identified, with: {board: \(board)}}
        page:
          use: test.projection
          from: [note, store]
          accepts: identified
          with: {board: \(board)}
      """, folder: folder)
  }

  private func identity(_ key: Int) -> RecordIdentity { RecordIdentity("number-result:\(key)") }

  private func refusing(_ keys: Set<Int>, reason: String = "too_dark") -> TestBoard {
    TestBoard { key, _ in
      if keys.contains(key) {
        throw StageError(.record, reason, subject: "the number", hint: "none")
      }
    }
  }

  @Test func whatWasRefusedIsToldBesideTheRecordThatSharesItsSource() async throws {
    let folder = TemporaryFolder()
    let board = refusing([2])
    let name = board.register()
    _ = try await TestRuns.run(try plan(folder.path, board: name, count: 4))
    let expected = [
      SetAside(identity: identity(1_000_002), stage: "derive", isHeld: false, reason: "too_dark")
    ]
    let (upstream, projected) = board.state.withLock { ($0.upstream, $0.projectedSetAside) }
    #expect(upstream.map(\.setAside) == [expected])
    #expect(projected == [expected])
    #expect(
      upstream.first?.standing
        == Set([0, 1, 3, 1_000_000, 1_000_001, 1_000_002, 1_000_003].map { identity($0) }))
  }

  @Test func anotherRunTellsTheSameAndOneWithOtherSettingsWhatHoldsThen() async throws {
    let folder = TemporaryFolder()
    let board = refusing([2])
    let name = board.register()
    for _ in 0..<2 { _ = try await TestRuns.run(try plan(folder.path, board: name, count: 3)) }
    let strict = refusing([0], reason: "too_bright")
    let second = strict.register()
    _ = try await TestRuns.run(try plan(folder.path, board: second, count: 3, offset: 5))
    #expect(
      board.state.withLock { $0.upstream.map { $0.setAside.map(\.reason) } }
        == [["too_dark"], ["too_dark"]])
    let (last, projected) = strict.state.withLock { ($0.upstream.last, $0.projected.last) }
    // 2 passes now; 0, which an earlier run had passed, does not: its old result stands no more.
    #expect(
      last?.setAside.map(\.identity) == [identity(0), identity(1_000_000)]
        && last?.setAside.allSatisfy { $0.reason == "too_bright" } == true)
    #expect(last?.standing == Set([1, 2, 1_000_000, 1_000_001, 1_000_002].map { identity($0) }))
    #expect(projected?.sorted() == [0, 1, 2, 6, 7])
  }

  @Test func manyRecordsAreToldInAMoment() async throws {
    let folder = TemporaryFolder()
    let count = 3000
    let board = refusing(Set(stride(from: 0, to: count, by: 3)))
    let name = board.register()
    _ = try await TestRuns.run(try plan(folder.path, board: name, count: count))
    let told = board.state.withLock { $0.upstream.first?.setAside }
    #expect(told?.count == count / 3)
    #expect(Set(told?.map(\.identity) ?? []).count == count / 3)
  }
}
