import ClinicalRecords
import Crypto
import Foundation
import Logging
import PipelineFiles
import PipelineRunner
import StageKit
import Synchronization

/// A file's bytes as a record.
struct BenchmarkFile: StoredRecord {
  static let schema = SchemaID("benchmark.file", 1, 0)
  let name: String
  let body: StoredContent
  var identity: RecordIdentity { RecordIdentity("file:\(name)") }
  var privacy: PrivacyLabel { .identified }
  var byteCount: Int { body.byteCount + 256 }
  var contents: [StoredContent] { [body] }
}

/// A small record: 40 bytes of payload.
struct BenchmarkNumber: StoredRecord {
  static let schema = SchemaID("benchmark.number", 1, 0)
  let key: Int
  let value: Int
  var identity: RecordIdentity { RecordIdentity("number:\(key)") }
  var privacy: PrivacyLabel { .identified }
  var byteCount: Int { 64 }
}

struct FolderSettings: StageSettings {
  var folder = ""
  static let declarations = [
    SettingDeclaration("folder", .inputFolder, "The folder of files.", required: true)
  ]
}

struct CountSettings: StageSettings {
  var count = 0
  static let declarations = [
    SettingDeclaration("count", .integer(0...100_000_000), "How many records.")
  ]
}

/// Reads and hashes the files of a folder; the ledger's content store is what copies them.
struct BenchmarkFolder: Source {
  static let manifest = StageManifest(
    id: "benchmark.folder", summary: "Reads files.", resultVersion: "1", workingSetBytes: 1 << 20)
  let folder: String
  let context: StageContext
  init(settings: FolderSettings, context: StageContext) {
    folder = settings.folder
    self.context = context
  }
  func run(into output: SourceOutput<BenchmarkFile>) async throws {
    for name in try FileManager.default.contentsOfDirectory(atPath: folder).sorted() {
      let bytes = try CopyJob.read("\(folder)/\(name)")
      try await output.emit(
        BenchmarkFile(
          name: name, body: context.content(bytes, mediaType: "application/octet-stream")))
    }
  }
}

struct BenchmarkFileSink: Sink {
  static let manifest = StageManifest(
    id: "benchmark.file_sink", summary: "Takes files.", resultVersion: "1", workingSetBytes: 0,
    effect: .idempotent)
  var destination: String { "files" }
  init(settings: NoSettings, context: StageContext) {}
  func accept(_ input: BenchmarkFile, in delivery: DeliveryContext) async throws {}
}

struct BenchmarkCounter: Source {
  static let manifest = StageManifest(
    id: "benchmark.count", summary: "Counts.", resultVersion: "1", workingSetBytes: 0)
  let count: Int
  init(settings: CountSettings, context: StageContext) { count = settings.count }
  func run(into output: SourceOutput<BenchmarkNumber>) async throws {
    for key in 0..<count { try await output.emit(BenchmarkNumber(key: key, value: key)) }
  }
}

struct BenchmarkNumberSink: Sink {
  /// When the first record came, and whether records are held back.
  struct State {
    var first: ContinuousClock.Instant?
    var isHolding = false
  }
  static let state = Mutex(State())
  static let manifest = StageManifest(
    id: "benchmark.number_sink", summary: "Takes numbers.", resultVersion: "1",
    workingSetBytes: 0, effect: .idempotent)
  var destination: String { "numbers" }
  init(settings: NoSettings, context: StageContext) {}
  func accept(_ input: BenchmarkNumber, in delivery: DeliveryContext) async throws {
    let isHolding = Self.state.withLock { state in
      if state.first == nil { state.first = ContinuousClock.now }
      return state.isHolding
    }
    guard isHolding else { return }
    while Self.state.withLock({ $0.isHolding }) { try await Task.sleep(for: .milliseconds(5)) }
  }
}

/// A small record that no ledger holds.
struct BenchmarkTick: Record {
  static let schema = SchemaID("benchmark.tick", 1, 0)
  let value: Int
  var identity: RecordIdentity { RecordIdentity("tick:\(value)") }
  var privacy: PrivacyLabel { .identified }
  var byteCount: Int { 64 }
}

struct BenchmarkClock: Source {
  static let manifest = StageManifest(
    id: "benchmark.clock", summary: "Ticks.", resultVersion: "1", workingSetBytes: 0)
  let count: Int
  init(settings: CountSettings, context: StageContext) { count = settings.count }
  func run(into output: SourceOutput<BenchmarkTick>) async throws {
    for value in 0..<count { try await output.emit(BenchmarkTick(value: value)) }
  }
}

struct BenchmarkTickSink: Sink {
  static let manifest = StageManifest(
    id: "benchmark.tick_sink", summary: "Takes ticks.", resultVersion: "1", workingSetBytes: 0,
    effect: .idempotent)
  var destination: String { "ticks" }
  init(settings: NoSettings, context: StageContext) {}
  func accept(_ input: BenchmarkTick, in delivery: DeliveryContext) async throws {}
}

enum BenchmarkPipeline {
  private static let catalogue = [
    StageEntry(BenchmarkFolder.self), StageEntry(BenchmarkFileSink.self),
    StageEntry(BenchmarkCounter.self), StageEntry(BenchmarkNumberSink.self),
    StageEntry(BenchmarkClock.self), StageEntry(BenchmarkTickSink.self),
  ]

  static func copy(_ folder: String, to data: String, durability: String) throws -> PipelineRun {
    try run(
      """
      anagen: 1
      name: copy
      vars: {data: {type: path}}
      durability: \(durability)
      stages:
        files: {use: benchmark.folder, with: {folder: "\(folder)"}}
        sink: {use: benchmark.file_sink, from: files, accepts: identified}
      """, data: data)
  }

  static func numbers(_ count: Int, to data: String, durability: String) throws -> PipelineRun {
    try run(
      """
      anagen: 1
      name: numbers
      vars: {data: {type: path}}
      durability: \(durability)
      defaults: {queue: {max_records: 1024, max_bytes: 1MiB}}
      stages:
        numbers: {use: benchmark.count, with: {count: \(count)}}
        sink: {use: benchmark.number_sink, from: numbers, accepts: identified}
      """, data: data)
  }

  static func ticks(_ count: Int, to data: String) throws -> PipelineRun {
    try run(
      """
      anagen: 1
      name: ticks
      vars: {data: {type: path}}
      durability: none
      defaults: {queue: {max_records: 1024, max_bytes: 1MiB}}
      stages:
        ticks: {use: benchmark.clock, with: {count: \(count)}}
        sink: {use: benchmark.tick_sink, from: ticks, accepts: identified}
      """, data: data)
  }

  private static func run(_ text: String, data: String) throws -> PipelineRun {
    let surroundings = PlanSurroundings(
      workingDirectory: "/", environment: [:], memoryBytes: 64 << 30,
      files: DiskFiles(sha256: { ContentDigest(bytes: SHA256.hash(data: $0)) }))
    let reading = PipelineReader(catalogue: catalogue, surroundings: surroundings).read(
      text: Array(text.utf8), fileName: "/benchmark.yaml", variables: ["data": data])
    guard let plan = reading.plan else {
      preconditionFailure(Diagnostic.text(reading.diagnostics))
    }
    var logger = Logger(label: "benchmark")
    logger.logLevel = .critical
    return PipelineRun(
      plan: plan,
      options: PipelineRun.Options(program: "benchmark", actor: "benchmark", logger: logger))
  }
}
