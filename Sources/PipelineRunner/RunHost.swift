import ClinicalRecords
import Crypto
import Ledger
import Logging
import StageKit

/// The runner's services for stages.
struct RunHost: StageHost {
  let ledger: RunLedger
  let types: [SchemaID: RecordType]
  let secrets: [String: [UInt8]]
  let logger: Logger
  let clock: @Sendable () -> Double
  let meters: RunMeters
  let notes: RunNotes
  let control: ControlVerbs
  /// What the run before named when it ended.
  let lastReleased: [String: ContentDigest]
  let recent = RecentRecords()

  /// A stored record, from memory if it is still there.
  func record(_ reference: LedgerReference) throws -> any StoredRecord {
    try recent.record(reference) ?? ledger.record(reference, types: types)
  }

  func sha256(of bytes: [UInt8]) -> ContentDigest {
    ContentDigest(bytes: SHA256.hash(data: bytes))
  }

  func secret(named name: String) throws -> [UInt8] {
    guard let bytes = secrets[name] else {
      throw StageError(
        .fatal, "secret_missing", subject: "there is no secret '\(name)'",
        hint: "give --secret \(name)=FILE, or put it in $CREDENTIALS_DIRECTORY/\(name)")
    }
    return bytes
  }

  func now() -> Double { clock() }

  func filedPictures() throws -> [FiledPicture] { try ledger.filedPictures() }
  func expect(_ records: Int, from stage: String) { meters.expect(records, from: stage) }
  func note(_ notice: Notice) { notes.add(notice) }
  func release(_ file: ReleasedFile) { notes.add(file) }
  func lastReleased(_ path: String) -> ContentDigest? { lastReleased[path] }
  var releasedFiles: [ReleasedFile] { notes.files.filter { DataFolder.mayLeave($0.path) } }

  func log(
    _ level: LogLevel, stage: String, _ message: StaticString, _ values: [String: String]
  ) {
    var metadata = Logger.Metadata(
      uniqueKeysWithValues: values.map { ($0.key, Logger.MetadataValue.string($0.value)) })
    metadata["stage"] = .string(stage)
    let level: Logger.Level =
      switch level {
      case .debug: .debug
      case .info: .info
      case .warning: .warning
      }
    logger.log(level: level, "\(message)", metadata: metadata)
  }

  func ancestor(
    of reference: LedgerReference, schema: SchemaID
  ) async throws -> (any StoredRecord)? {
    guard let found = try ledger.ancestor(of: reference, schema: schema) else { return nil }
    return try record(found)
  }

  func lookup(
    _ identity: RecordIdentity, schema: SchemaID
  ) async throws -> (any StoredRecord)? {
    guard let found = try ledger.current(identity) else { return nil }
    return try record(found)
  }

  func approval(of finding: PictureFinding) async throws -> Int64? {
    try ledger.approval(of: finding)
  }

  func answer<Order: Decodable & Sendable, Answer: Encodable & Sendable>(
    _ order: String, of stage: String,
    by body: @escaping @Sendable (Order, @Sendable () throws -> Void) async throws -> Answer
  ) {
    control.register(StageOrder.verb(order, of: stage)) { (asked: Order, request) in
      try await body(asked) { try request.begin() }
    }
  }
}

/// The runner's services for one delivery: what is looked up is noted with its stretch.
struct LookupNotingHost: StageHost {
  let base: RunHost
  let stretch: Stretch

  func sha256(of bytes: [UInt8]) -> ContentDigest { base.sha256(of: bytes) }
  func secret(named name: String) throws -> [UInt8] { try base.secret(named: name) }
  func now() -> Double { base.now() }
  func note(_ notice: Notice) { base.note(notice) }
  func release(_ file: ReleasedFile) { base.release(file) }
  func lastReleased(_ path: String) -> ContentDigest? { base.lastReleased(path) }
  var releasedFiles: [ReleasedFile] { base.releasedFiles }
  func log(
    _ level: LogLevel, stage: String, _ message: StaticString, _ values: [String: String]
  ) {
    base.log(level, stage: stage, message, values)
  }
  func ancestor(
    of reference: LedgerReference, schema: SchemaID
  ) async throws -> (any StoredRecord)? {
    try await base.ancestor(of: reference, schema: schema)
  }
  func lookup(
    _ identity: RecordIdentity, schema: SchemaID
  ) async throws -> (any StoredRecord)? {
    let found = try base.ledger.current(identity)
    stretch.note(LedgerEntry.Lookup(identity: identity, found: found))
    return try found.map { try base.record($0) }
  }
  func approval(of finding: PictureFinding) async throws -> Int64? {
    try await base.approval(of: finding)
  }
}
