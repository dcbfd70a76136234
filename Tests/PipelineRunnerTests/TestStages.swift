import ClinicalRecords
import Foundation
import StageKit
import Synchronization

/// A small stored record: a number of a series.
struct StoredNumber: StoredRecord, Equatable {
  static let schema = SchemaID("test.stored-number", 1, 0)
  let key: Int
  let value: Int
  var identity: RecordIdentity { RecordIdentity("stored-number:\(key)") }
  var privacy: PrivacyLabel { .identified }
  var byteCount: Int { 64 }
}

/// A derived record that claims as many bytes as it is told.
struct DerivedNumber: Record {
  static let schema = SchemaID("test.derived-number", 1, 0)
  let key: Int
  let value: Int
  let byteCount: Int
  var identity: RecordIdentity { RecordIdentity("derived-number:\(key)") }
  var privacy: PrivacyLabel { .identified }
}

/// A stored result.
struct NumberResult: StoredRecord, Equatable {
  static let schema = SchemaID("test.number-result", 1, 0)
  let key: Int
  let value: Int
  var identity: RecordIdentity { RecordIdentity("number-result:\(key)") }
  var privacy: PrivacyLabel { .identified }
  var byteCount: Int { 64 }
}

/// What the stages of one test share; found by a name in their settings, since a stage is made
/// from its settings alone.
final class TestBoard: Sendable {
  struct State {
    var taken: [Int: [Int]] = [:]
    var calls: [Int: Int] = [:]
    var projected: [[Int]] = []
    var upstream: [UpstreamAccount] = []
    var projectedSetAside: [[SetAside]] = []
    var highWater = 0
    var inHand = 0
  }
  let state = Mutex(State())
  let onProcess: @Sendable (Int, Int) async throws -> Void

  init(onProcess: @escaping @Sendable (Int, Int) async throws -> Void = { _, _ in }) {
    self.onProcess = onProcess
  }

  private static let boards = Mutex<[String: TestBoard]>([:])

  static func named(_ name: String) -> TestBoard {
    boards.withLock { boards in
      guard let board = boards[name] else { preconditionFailure("no board '\(name)'") }
      return board
    }
  }

  /// Registers the board under a name, to be used in the pipeline file: a fresh one, or the one
  /// that an earlier process gave its own board, since the name is part of the reuse key.
  func register(as name: String = "board-\(UUID().uuidString)") -> String {
    TestBoard.boards.withLock { $0[name] = self }
    return name
  }
}

struct BoardSettings: StageSettings {
  var board = ""
  var count = 10
  var bytes = 1000
  var offset = 0
  init() {}
  static let declarations = [
    SettingDeclaration("board", .text, "The test's board."),
    SettingDeclaration("count", .integer(0...10_000_000), "How many records."),
    SettingDeclaration("bytes", .integer(0...1_000_000_000), "What a derived record takes."),
    SettingDeclaration("offset", .integer(-1_000_000...1_000_000), "Added to each value."),
  ]
}

struct NumberSource: Source {
  static let manifest = StageManifest(
    id: "test.numbers", summary: "Counts.", resultVersion: "1", workingSetBytes: 0)
  let settings: BoardSettings
  init(settings: BoardSettings, context: StageContext) { self.settings = settings }
  func run(into output: SourceOutput<StoredNumber>) async throws {
    for key in 0..<settings.count {
      try await output.emit(StoredNumber(key: key, value: key + settings.offset))
    }
  }
}

struct FrameSource: Source {
  static let manifest = StageManifest(
    id: "test.frames", summary: "Makes derived records.", resultVersion: "1", workingSetBytes: 0)
  let settings: BoardSettings
  init(settings: BoardSettings, context: StageContext) { self.settings = settings }
  func run(into output: SourceOutput<DerivedNumber>) async throws {
    for key in 0..<settings.count {
      try await output.emit(DerivedNumber(key: key, value: key, byteCount: settings.bytes))
    }
  }
}

struct NumberDeriver: Transform {
  static let manifest = StageManifest(
    id: "test.derive", summary: "Makes a derived record.", resultVersion: "1", workingSetBytes: 0)
  let settings: BoardSettings
  let board: TestBoard
  init(settings: BoardSettings, context: StageContext) {
    self.settings = settings
    board = TestBoard.named(settings.board)
  }
  func outputByteCount(for input: StoredNumber) -> Int { settings.bytes }
  func process(_ input: StoredNumber, in delivery: DeliveryContext) async throws -> DerivedNumber {
    board.state.withLock { $0.calls[input.key, default: 0] += 1 }
    try await board.onProcess(input.key, delivery.attempt)
    return DerivedNumber(
      key: input.key, value: input.value + settings.offset, byteCount: settings.bytes)
  }
}

struct NumberStorer: Transform {
  static let manifest = StageManifest(
    id: "test.store", summary: "Makes a stored result.", resultVersion: "1", workingSetBytes: 0)
  init(settings: NoSettings, context: StageContext) {}
  func outputByteCount(for input: DerivedNumber) -> Int { 64 }
  func process(_ input: DerivedNumber, in delivery: DeliveryContext) async throws -> NumberResult {
    NumberResult(key: input.key, value: input.value)
  }
}

/// Makes a result beside the line that may refuse: a number's key and a thousand.
struct NumberNoter: Transform {
  /// Beyond every number that a test counts to.
  static let offset = 1_000_000
  static let manifest = StageManifest(
    id: "test.note", summary: "Notes that a number came.", resultVersion: "1", workingSetBytes: 0)
  init(settings: NoSettings, context: StageContext) {}
  func outputByteCount(for input: StoredNumber) -> Int { 64 }
  func process(_ input: StoredNumber, in delivery: DeliveryContext) async throws -> NumberResult {
    NumberResult(key: input.key + NumberNoter.offset, value: input.value)
  }
}

/// Looks up the next number: -1 when it is not there.
struct NumberPairer: Transform {
  static let manifest = StageManifest(
    id: "test.pair", summary: "Looks its successor up.", resultVersion: "1", workingSetBytes: 0)
  init(settings: NoSettings, context: StageContext) {}
  func outputByteCount(for input: StoredNumber) -> Int { 64 }
  func process(_ input: StoredNumber, in delivery: DeliveryContext) async throws -> NumberResult {
    let next = try await delivery.lookup(
      StoredNumber.self, RecordIdentity("stored-number:\(input.key + 1)"))
    return NumberResult(key: input.key, value: next?.value ?? -1)
  }
}

struct FramePasser: Transform {
  static let manifest = StageManifest(
    id: "test.pass", summary: "Hands a derived record on.", resultVersion: "1",
    workingSetBytes: 0)
  init(settings: NoSettings, context: StageContext) {}
  func outputByteCount(for input: DerivedNumber) -> Int { input.byteCount }
  func process(_ input: DerivedNumber, in delivery: DeliveryContext) async throws -> DerivedNumber {
    input
  }
}

struct ResultSink: Sink {
  static let manifest = StageManifest(
    id: "test.results", summary: "Takes results.", resultVersion: "1", workingSetBytes: 0,
    effect: .idempotent)
  let board: TestBoard
  init(settings: BoardSettings, context: StageContext) {
    board = TestBoard.named(settings.board)
  }
  var destination: String { "results" }
  func accept(_ input: NumberResult, in delivery: DeliveryContext) async throws {
    board.state.withLock { $0.taken[input.key, default: []].append(input.value) }
  }
  func finish(_ upstream: UpstreamAccount) async throws {
    board.state.withLock { $0.upstream.append(upstream) }
  }
}

struct FrameSink: Sink {
  static let manifest = StageManifest(
    id: "test.frame_sink", summary: "Takes derived records.", resultVersion: "1",
    workingSetBytes: 0, effect: .idempotent)
  let board: TestBoard
  init(settings: BoardSettings, context: StageContext) {
    board = TestBoard.named(settings.board)
  }
  var destination: String { "frames" }
  func accept(_ input: DerivedNumber, in delivery: DeliveryContext) async throws {
    try await board.onProcess(input.key, delivery.attempt)
    board.state.withLock { $0.taken[input.key, default: []].append(input.value) }
  }
}

struct ResultProjection: Projection {
  static let manifest = StageManifest(
    id: "test.projection", summary: "Writes all results.", resultVersion: "1", workingSetBytes: 0,
    effect: .projection)
  let board: TestBoard
  init(settings: BoardSettings, context: StageContext) {
    board = TestBoard.named(settings.board)
  }
  func project(_ records: ProjectedRecords<NumberResult>) async throws {
    var values: [Int] = []
    try await records.forEach { record, delivery in
      let parent = try await delivery.ancestor(StoredNumber.self)
      precondition(
        parent?.key == record.key % NumberNoter.offset, "a result's ancestor is its number")
      values.append(record.value)
    }
    let written = values
    board.state.withLock {
      $0.projected.append(written)
      $0.projectedSetAside.append(records.setAside)
    }
  }
}

let testCatalogue =
  [
    StageEntry(NumberSource.self), StageEntry(FrameSource.self), StageEntry(NumberDeriver.self),
    StageEntry(NumberStorer.self), StageEntry(NumberNoter.self), StageEntry(NumberPairer.self),
    StageEntry(FramePasser.self), StageEntry(ResultSink.self),
    StageEntry(FrameSink.self), StageEntry(ResultProjection.self), StageEntry(FramePainter.self),
    StageEntry(FrameCopier.self), StageEntry(FrameChecker.self),
    StageEntry(LiveNumbers.self), StageEntry(PressedNumbers.self),
  ] + effectCatalogue
