import ClinicalRecords
import Crypto
import Foundation
import GRDB
import StageKit
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Where the process of a test kills itself: at the `n`th step that it comes to.
///
/// Steps stand before and after each effect, and inside each of the ledger's transactions, which
/// ask the run's clock for the time: so there is one between every two things that are durable.
enum EffectStep {
  private static let state = Mutex<(passed: Int, fatal: Int?)>((0, nil))

  /// From now on the process dies at this step, counted from 0; only counts when `nil`.
  static func arm(_ step: Int?) { state.withLock { $0 = (0, step) } }

  static var passed: Int { state.withLock { $0.passed } }

  static func pass() {
    let dies = state.withLock { state in
      defer { state.passed += 1 }
      return state.passed == state.fatal
    }
    if dies { kill(getpid(), SIGKILL) }
  }
}

struct OutputSettings: StageSettings {
  var path = ""
  var forgets = false
  init() {}
  static let declarations = [
    SettingDeclaration("path", .outputPath, "Where it writes."),
    SettingDeclaration("forgets", .boolean, "Whether it has forgotten everything when asked."),
  ]
}

/// Transactional: key and effect are one transaction of its database.
struct TableSink: Sink {
  static let manifest = StageManifest(
    id: "test.table", summary: "Counts in a table.", resultVersion: "1", workingSetBytes: 0,
    effect: .transactional)
  private let database: DatabaseQueue
  let destination: String

  init(settings: OutputSettings, context: StageContext) throws {
    let path = context.folder.resolve(settings.path)
    let database = try DatabaseQueue(path: path)
    self.database = database
    destination = try database.write { db in
      try db.execute(
        sql: """
          CREATE TABLE IF NOT EXISTS own(id TEXT);
          INSERT INTO own SELECT hex(randomblob(8)) WHERE NOT EXISTS (SELECT 1 FROM own);
          CREATE TABLE IF NOT EXISTS taken(key INTEGER PRIMARY KEY, value INTEGER, times INTEGER);
          """)
      return try String.fetchOne(db, sql: "SELECT id FROM own") ?? ""
    }
  }

  func accept(_ input: NumberResult, in delivery: DeliveryContext) async throws {
    EffectStep.pass()
    try await database.write { db in
      try db.execute(
        sql: """
          INSERT INTO taken VALUES (?, ?, 1) ON CONFLICT (key)
          DO UPDATE SET value = excluded.value, times = times + 1 WHERE value <> excluded.value
          """, arguments: [input.key, input.value])
    }
    EffectStep.pass()
  }
}

/// Idempotent: the same record again writes the same file.
struct FileSink: Sink {
  static let manifest = StageManifest(
    id: "test.file", summary: "Writes a file each.", resultVersion: "1", workingSetBytes: 0,
    effect: .idempotent)
  private let folder: String
  var destination: String { "files" }
  init(settings: OutputSettings, context: StageContext) {
    folder = context.folder.resolve(settings.path)
  }
  func accept(_ input: NumberResult, in delivery: DeliveryContext) async throws {
    EffectStep.pass()
    try OutputFile.write(Array("\(input.value)".utf8), to: "\(folder)/\(input.key)")
    EffectStep.pass()
  }
}

/// Queryable: a file that only grows, so that a second sending is a second line.
struct MailSink: QueryableSink {
  static let manifest = StageManifest(
    id: "test.mail", summary: "Appends to a mailbox.", resultVersion: "1", workingSetBytes: 0,
    effect: .queryable)
  /// Called after a line was appended, with its key: what a network may do to an answer.
  static let afterSending = Mutex<(@Sendable (Int) throws -> Void)?>(nil)

  private let path: String
  private let forgets: Bool
  let destination: String

  init(settings: OutputSettings, context: StageContext) throws {
    path = context.folder.resolve(settings.path)
    forgets = settings.forgets
    if !FileManager.default.fileExists(atPath: path) {
      try OutputFile.write(Array("box \(UUID().uuidString)\n".utf8), to: path)
    }
    destination = try MailSink.lines(path)[0]
  }

  func send(_ input: NumberResult, as key: EffectKey, in delivery: DeliveryContext) async throws {
    EffectStep.pass()
    let descriptor = open(path, O_WRONLY | O_APPEND | O_CLOEXEC)
    let line = "\(key.token) \(input.key) \(input.value) \(key.version)\n"
    precondition(write(descriptor, line, line.utf8.count) == line.utf8.count)
    precondition(fsync(descriptor) == 0 && close(descriptor) == 0)
    EffectStep.pass()
    try MailSink.afterSending.withLock { $0 }?(input.key)
  }

  func query(_ key: EffectKey) async throws -> Bool {
    try !forgets && MailSink.lines(path).contains { $0.hasPrefix(key.token.hexadecimal) }
  }

  static func lines(_ path: String) throws -> [String] {
    try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map(String.init)
  }
}

/// Takes what its board lets it take: the key, and 1000 more, so that stages before it can differ.
struct PickySink: Sink {
  static let manifest = StageManifest(
    id: "test.picky", summary: "Takes some results.", resultVersion: "1", workingSetBytes: 0,
    effect: .idempotent)
  let board: TestBoard
  var destination: String { "picky" }
  init(settings: BoardSettings, context: StageContext) {
    board = TestBoard.named(settings.board)
  }
  func accept(_ input: NumberResult, in delivery: DeliveryContext) async throws {
    try await board.onProcess(1000 + input.key, delivery.attempt)
    board.state.withLock { $0.taken[input.key, default: []].append(input.value) }
  }
}

let effectCatalogue = [
  StageEntry(TableSink.self), StageEntry(FileSink.self), StageEntry(MailSink.self),
  StageEntry(PickySink.self),
]
