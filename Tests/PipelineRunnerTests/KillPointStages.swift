import ClinicalRecords
import Foundation
import StageKit
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Counts the calls of stages, before and after each, and kills this process at one of them.
enum KillPoint {
  private static let state = Mutex((reached: 0, deadly: Int.max))

  /// From now on counts; the process dies when `boundary` is reached.
  static func arm(_ boundary: Int) { state.withLock { $0 = (0, boundary) } }

  /// How many were reached since ``arm(_:)``.
  static var reached: Int { state.withLock { $0.reached } }

  static func reach() {
    let isDeadly = state.withLock { state in
      state.reached += 1
      return state.reached == state.deadly
    }
    if isDeadly {
      kill(getpid(), SIGKILL)
      while true { pause() }
    }
  }
}

struct KilledSettings: StageSettings {
  var world = ""
  init() {}
  static let declarations = [
    SettingDeclaration("world", .outputPath, "The folder that sinks act on.")
  ]
}

struct KilledSource: Source {
  static let manifest = StageManifest(
    id: "kill.numbers", summary: "Counts to four.", resultVersion: "1", workingSetBytes: 0)
  init(settings: NoSettings, context: StageContext) {
    KillPoint.reach()
    KillPoint.reach()
  }
  func run(into output: SourceOutput<StoredNumber>) async throws {
    for key in 0..<4 {
      KillPoint.reach()
      try await output.emit(StoredNumber(key: key, value: key))
      KillPoint.reach()
    }
  }
}

struct KilledDeriver: Transform {
  static let manifest = StageManifest(
    id: "kill.derive", summary: "Makes a derived record.", resultVersion: "1", workingSetBytes: 0)
  init(settings: NoSettings, context: StageContext) {
    KillPoint.reach()
    KillPoint.reach()
  }
  func outputByteCount(for input: StoredNumber) -> Int { 64 }
  func process(_ input: StoredNumber, in delivery: DeliveryContext) async throws -> DerivedNumber {
    KillPoint.reach()
    defer { KillPoint.reach() }
    return DerivedNumber(key: input.key, value: input.value, byteCount: 64)
  }
}

struct KilledStorer: Transform {
  static let manifest = StageManifest(
    id: "kill.store", summary: "Makes a stored result.", resultVersion: "1", workingSetBytes: 0)
  init(settings: NoSettings, context: StageContext) {
    KillPoint.reach()
    KillPoint.reach()
  }
  func outputByteCount(for input: DerivedNumber) -> Int { 64 }
  func process(_ input: DerivedNumber, in delivery: DeliveryContext) async throws -> NumberResult {
    KillPoint.reach()
    defer { KillPoint.reach() }
    return NumberResult(key: input.key, value: input.value)
  }
}

/// Adds a line to a list, which is written whole with its new line or not at all: the line is key
/// and effect in one, as a transaction has them.
struct KilledSink: Sink {
  static let manifest = StageManifest(
    id: "kill.list", summary: "Adds to a list.", resultVersion: "1", workingSetBytes: 0,
    effect: .transactional)
  private let path: String
  var destination: String { "list" }
  init(settings: KilledSettings, context: StageContext) {
    KillPoint.reach()
    path = "\(context.folder.resolve(settings.world))/list"
    KillPoint.reach()
  }
  func accept(_ input: NumberResult, in delivery: DeliveryContext) async throws {
    KillPoint.reach()
    let lines = try KilledSink.lines(in: path)
    if !lines.contains("\(input.key)") {
      try OutputFile.write(
        Array((lines + ["\(input.key)"]).joined(separator: "\n").utf8), to: path)
    }
    KillPoint.reach()
  }
  func finish(_ upstream: UpstreamAccount) async throws {
    KillPoint.reach()
    try OutputFile.write([], to: "\(path).finished")
    KillPoint.reach()
  }
  static func lines(in path: String) throws -> [String] {
    guard FileManager.default.fileExists(atPath: path) else { return [] }
    return try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map(String.init)
  }
}

struct KilledProjection: Projection {
  static let manifest = StageManifest(
    id: "kill.page", summary: "Writes all results.", resultVersion: "1", workingSetBytes: 0,
    effect: .projection)
  private let path: String
  init(settings: KilledSettings, context: StageContext) {
    KillPoint.reach()
    path = "\(context.folder.resolve(settings.world))/page"
    KillPoint.reach()
  }
  func project(_ records: ProjectedRecords<NumberResult>) async throws {
    KillPoint.reach()
    var keys: [String] = []
    try await records.forEach { record, _ in keys.append("\(record.key)") }
    try OutputFile.write(Array(keys.joined(separator: "\n").utf8), to: path)
    KillPoint.reach()
  }
}

let killedCatalogue = [
  StageEntry(KilledSource.self), StageEntry(KilledDeriver.self), StageEntry(KilledStorer.self),
  StageEntry(KilledSink.self), StageEntry(KilledProjection.self),
]
