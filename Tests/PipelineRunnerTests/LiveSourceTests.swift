import ClinicalRecords
import Foundation
import PipelineRunner
import StageKit
import Synchronization
import Testing

/// A camera: offers numbers as fast as it can, whether or not there is room.
struct LiveNumbers: Source {
  static let manifest = StageManifest(
    id: "test.live", summary: "Offers numbers unasked.", resultVersion: "1", workingSetBytes: 0,
    live: true)
  let settings: BoardSettings
  let board: TestBoard
  init(settings: BoardSettings, context: StageContext) {
    self.settings = settings
    board = TestBoard.named(settings.board)
  }
  func run(into output: SourceOutput<StoredNumber>) async throws {
    for key in 0..<settings.count {
      do {
        try await output.emit(StoredNumber(key: key, value: key))
      } catch let error as StageError where error.code.name == "intake_full" {
        board.state.withLock { $0.calls[key, default: 0] += 1 }
      }
    }
    try await board.onProcess(-1, 0)
  }
}

/// A camera with a button: waits until each picture is accepted, then is pressed again.
struct PressedNumbers: Source {
  static let manifest = StageManifest(
    id: "test.pressed", summary: "Waits for acceptance.", resultVersion: "1", workingSetBytes: 0,
    live: true)
  let settings: BoardSettings
  let board: TestBoard
  init(settings: BoardSettings, context: StageContext) {
    self.settings = settings
    board = TestBoard.named(settings.board)
  }
  func run(into output: SourceOutput<StoredNumber>) async throws {
    for key in 0..<settings.count {
      try await output.accept(StoredNumber(key: key, value: key))
    }
    try await board.onProcess(-1, 0)
  }
}

@Suite struct LiveSourceTests {
  private func run(_ whenFull: String, _ board: TestBoard) async throws -> RunReport {
    let folder = TemporaryFolder()
    let name = board.register()
    return try await TestRuns.run(
      try TestRuns.plan(
        """
        anagen: 1
        name: live
        vars: {data: {type: path}}
        durability: none
        stages:
          camera:
            use: test.live
            intake: {max_records: 4, when_full: \(whenFull)}
            with: {board: \(name), count: 5000}
          pair: {use: test.pair, from: camera}
          sink: {use: test.results, from: pair, accepts: identified, with: {board: \(name)}}
        """, folder: folder.path))
  }

  @Test(.timeLimit(.minutes(10)), arguments: ["drop_oldest", "drop_newest", "refuse"])
  func whatIsLostBeforeAcceptanceIsCountedAndTheRestIsNot(whenFull: String) async throws {
    let board = TestBoard()
    let report = try await run(whenFull, board)
    #expect(report.mismatches.isEmpty)
    let intake = try #require(report.intakes.first)
    #expect(intake.stage == "camera")
    #expect(intake.offered == 5000)
    #expect(intake.offered == report.accepted + intake.dropped + intake.refused)
    #expect(board.state.withLock { $0.taken.count } == report.accepted)
    let toldAloud = board.state.withLock { $0.calls.count }
    #expect(toldAloud == intake.refused)
    #expect(whenFull == "refuse" ? intake.dropped == 0 : intake.refused == 0)
  }

  @Test(.timeLimit(.minutes(10))) func aRegistryThatIsDownNeverStallsTheCamera() async throws {
    let folder = TemporaryFolder()
    let isDown = Mutex(true)
    let board = TestBoard { key, _ in
      // The camera's last picture was accepted while nothing could be filed; then it can.
      if key == -1 { return isDown.withLock { $0 = false } }
      if isDown.withLock({ $0 }) {
        throw StageError(.unavailable, "down", subject: "the registry", hint: "wait")
      }
    }
    let name = board.register()
    let plan = try TestRuns.plan(
      """
      anagen: 1
      name: down
      vars: {data: {type: path}}
      durability: none
      defaults: {queue: {max_records: 2, max_bytes: 4KiB}, retry: {initial: 1ms, max: 4ms}}
      stages:
        camera: {use: test.pressed, with: {board: \(name), count: 2000}}
        file: {use: test.derive, from: camera, with: {board: \(name)}}
        store: {use: test.store, from: file}
        sink: {use: test.results, from: store, accepts: identified, with: {board: \(name)}}
      """, folder: folder.path)
    let report = try await TestRuns.run(plan)
    #expect(report.mismatches.isEmpty)
    #expect(report.accepted == 2000)
    #expect(report.intakes.allSatisfy { $0.dropped == 0 && $0.refused == 0 })
    #expect(board.state.withLock { $0.taken.count } == 2000)
  }

  @Test(.timeLimit(.minutes(10))) func whatWasOfferedBeforeTheEndIsTakenInThoughTheSourceFails()
    async throws
  {
    let board = TestBoard { key, _ in
      if key == -1 { throw StageError(.fatal, "unplugged", subject: "the camera", hint: "plug it") }
    }
    let error = await #expect(throws: RunError.self) {
      try await run("drop_newest", board)
    }
    #expect(error?.reason == "unplugged")
  }
}
