public import ClinicalRecords
public import StageKit
import Synchronization

/// A host of stages for tests: everything in memory, the clock in the test's hand, log lines kept.
public final class TestHost: StageHost {
  /// A log line that a stage wrote.
  public struct LogLine: Sendable, Equatable {
    /// How much it matters.
    public let level: LogLevel
    /// The stage.
    public let stage: String
    /// The constant message.
    public let message: String
    /// The values.
    public let values: [String: String]
  }

  private typealias Answering = @Sendable (any Sendable) async throws -> any Sendable

  private struct State {
    var now: Double
    var secrets: [String: [UInt8]]
    var lines: [LogLine] = []
    var notices: [Notice] = []
    var files: [String: ReleasedFile] = [:]
    var approvals: [PictureFinding: Int64] = [:]
    var answers: [String: Answering] = [:]
    var records: [Int64: (record: any StoredRecord, parent: Int64?)] = [:]
  }
  private let state: Mutex<State>

  /// Makes a host.
  ///
  /// - Parameters:
  ///   - now: the time it starts at, in seconds since 1970.
  ///   - secrets: the bytes of each secret by name.
  public init(now: Double = 1_700_000_000, secrets: [String: [UInt8]] = [:]) {
    state = Mutex(State(now: now, secrets: secrets))
  }

  /// Lets time pass.
  public func advance(seconds: Double) { state.withLock { $0.now += seconds } }

  /// Every line written so far.
  public var log: [LogLine] { state.withLock { $0.lines } }

  /// Every notice given so far.
  public var notices: [Notice] { state.withLock { $0.notices } }

  /// Keeps a record as if a run had stored it.
  ///
  /// - Parameter parent: the record that it was made from.
  /// - Returns: the record's reference, for ``DeliveryContext/origin``.
  public func store(_ record: any StoredRecord, parent: LedgerReference? = nil) -> LedgerReference {
    state.withLock { state in
      let number = Int64(state.records.count + 1)
      state.records[number] = (record, parent?.number)
      return LedgerReference(number: number)
    }
  }

  /// Keeps a person's approval, as if `quarantine approve` had been called.
  public func approve(_ finding: PictureFinding, audit: Int64 = 1) {
    state.withLock { $0.approvals[finding] = audit }
  }

  /// The approval kept by ``approve(_:audit:)``.
  public func approval(of finding: PictureFinding) async throws -> Int64? {
    state.withLock { $0.approvals[finding] }
  }

  /// A context for a stage on this host.
  ///
  /// - Parameter folder: an absolute path; the folder need not exist for stages that write nothing.
  public func context(
    stage: String = "under_test", study: Study = .open(), folder: String = "/nonexistent"
  ) -> StageContext {
    StageContext(stage: stage, study: study, folder: DataFolder(path: folder), host: self)
  }

  /// A context for one delivery on this host.
  public func delivery(
    _ context: StageContext, origin: LedgerReference? = nil, attempt: Int = 1
  ) -> DeliveryContext {
    DeliveryContext(stage: context, origin: origin, attempt: attempt)
  }

  /// The SHA-256 of some bytes.
  public func sha256(of bytes: [UInt8]) -> ContentDigest {
    SHA256Digest.of(bytes)
  }

  /// A secret given at `init`.
  public func secret(named name: String) throws -> [UInt8] {
    guard let bytes = state.withLock({ $0.secrets[name] }) else {
      throw StageError(
        .fatal, "secret_missing", subject: "there is no secret '\(name)'",
        hint: "give TestHost(secrets:) one")
    }
    return bytes
  }

  /// The time in the test's hand.
  public func now() -> Double { state.withLock { $0.now } }

  /// The captured images that were stored.
  public func filedPictures() throws -> [FiledPicture] {
    state.withLock { state in
      state.records.values.compactMap { $0.record as? CapturedImage }.map { image in
        FiledPicture(
          acquisition: image.acquisition, file: image.fileName, digest: image.original.sha256)
      }
    }
  }

  /// Keeps the notice.
  public func note(_ notice: Notice) { state.withLock { $0.notices.append(notice) } }

  /// Keeps the file.
  public func release(_ file: ReleasedFile) { state.withLock { $0.files[file.path] = file } }

  /// What was kept of a path, as if it had been in an earlier run.
  public func lastReleased(_ path: String) -> ContentDigest? {
    state.withLock { $0.files[path]?.sha256 }
  }

  /// Every file kept that may leave.
  public var releasedFiles: [ReleasedFile] {
    state.withLock { state in
      state.files.values.filter { DataFolder.mayLeave($0.path) }.sorted { $0.path < $1.path }
    }
  }

  /// Keeps the line.
  public func log(
    _ level: LogLevel, stage: String, _ message: StaticString, _ values: [String: String]
  ) {
    state.withLock {
      $0.lines.append(LogLine(level: level, stage: stage, message: "\(message)", values: values))
    }
  }

  /// Keeps what answers an order.
  public func answer<Order: Decodable & Sendable, Answer: Encodable & Sendable>(
    _ order: String, of stage: String,
    by body: @escaping @Sendable (Order, @Sendable () throws -> Void) async throws -> Answer
  ) {
    state.withLock { state in
      state.answers["\(order):\(stage)"] = { asked in
        guard let asked = asked as? Order else {
          throw StageError(
            .record, "bad_order", subject: "the order '\(order)' is of another type",
            hint: "ask with the type that the stage answers")
        }
        return try await body(asked) {}
      }
    }
  }

  /// Asks a stage, as somebody does while a run works.
  ///
  /// - Returns: `nil` when the stage does not answer such an order, or with another type.
  public func ask<Answer: Sendable>(
    _ order: String, of stage: String = "under_test", _ asked: some Sendable,
    for answer: Answer.Type = Answer.self
  ) async throws -> Answer? {
    try await state.withLock { $0.answers["\(order):\(stage)"] }?(asked) as? Answer
  }

  /// The nearest stored record of a schema on the way up.
  public func ancestor(
    of reference: LedgerReference, schema: SchemaID
  ) async throws -> (any StoredRecord)? {
    state.withLock { state in
      var next: Int64? = reference.number
      while let number = next, let entry = state.records[number] {
        if entry.record.schema == schema { return entry.record }
        next = entry.parent
      }
      return nil
    }
  }

  /// The last record stored with an identity.
  public func lookup(
    _ identity: RecordIdentity, schema: SchemaID
  ) async throws -> (any StoredRecord)? {
    state.withLock { state in
      state.records.sorted { $0.key > $1.key }.map(\.value.record)
        .first { $0.identity == identity && $0.schema == schema }
    }
  }
}
