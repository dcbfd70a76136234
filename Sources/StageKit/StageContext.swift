public import ClinicalRecords

/// What a stage is given when it is made: the study, the folders, and services of the host.
public struct StageContext: Sendable {
  /// The stage's key in the pipeline file.
  public let stage: String
  /// The study.
  public let study: Study
  /// Where the run keeps everything.
  public let folder: DataFolder
  /// Log, clock, digests, secrets: made by the host.
  public let host: any StageHost

  /// Makes a context.
  public init(stage: String, study: Study, folder: DataFolder, host: any StageHost) {
    self.stage = stage
    self.study = study
    self.folder = folder
    self.host = host
  }

  /// Wraps bytes that belong to a stored record, with their SHA-256.
  public func content(_ bytes: [UInt8], mediaType: String) -> StoredContent {
    StoredContent(bytes: bytes, sha256: host.sha256(of: bytes), mediaType: mediaType)
  }

  /// The bytes of a content, held to its digest.
  ///
  /// What was changed or went bad on the disk is never measured or released. Costs a SHA-256 of
  /// what is read from a file.
  ///
  /// - Throws: `RecordError` with code `contentMissing`, `contentUnreadable` or `contentChanged`.
  public func bytes(of content: StoredContent) throws -> [UInt8] {
    let bytes = try host.bytes(of: content)
    guard content.unstoredBytes != nil || host.sha256(of: bytes) == content.sha256 else {
      throw RecordError(
        .contentChanged, subject: content.sha256.hexadecimal,
        hint: "the stored file was changed; restore the data folder from its backup")
    }
    return bytes
  }

  /// The bytes of a secret.
  ///
  /// - Throws: ``StageError`` of class `fatal` when there is no such secret.
  public func secret(_ reference: SecretReference) throws -> [UInt8] {
    try host.secret(named: reference.name)
  }

  /// Says how many records a source will hand over in all, for those who watch the run.
  ///
  /// Nothing depends on it; a source that finds more says so again.
  public func expect(_ records: Int) { host.expect(records, from: stage) }

  /// A generator seeded by this stage and `identity` alone: the same on every run.
  public func random(for identity: RecordIdentity) -> SeededGenerator {
    let digest = host.sha256(of: Array("\(stage)\n\(identity.text)".utf8))
    return SeededGenerator(seed: UInt64(digest.hexadecimal.prefix(16), radix: 16) ?? 0)
  }
}

/// A run's data folder: what may leave, and `private/` for all else (DESIGN §2).
public struct DataFolder: Sendable, Hashable {
  /// What may leave, as an absolute path.
  public let path: String
  /// Originals, ledger, quarantine, identified reports, linking table; mode 0700.
  public var privatePath: String { "\(path)/private" }

  /// Wraps an absolute path.
  public init(path: String) { self.path = path }
}

/// Services that the host of a stage offers; conformers are the runner and the test harness.
public protocol StageHost: Sendable {
  /// The SHA-256 of some bytes.
  func sha256(of bytes: [UInt8]) -> ContentDigest
  /// The bytes of a content, from where the host keeps them.
  func bytes(of content: StoredContent) throws -> [UInt8]
  /// The bytes of a secret; throws a fatal ``StageError`` when there is none of that name.
  func secret(named name: String) throws -> [UInt8]
  /// Seconds since 1970-01-01T00:00:00Z; stages that read it say so in their manifest.
  func now() -> Double
  /// The pictures that the data folder has from its sources: that stand, or that a person took out.
  func filedPictures() throws -> [FiledPicture]
  /// How many records a source will hand over in all.
  func expect(_ records: Int, from stage: String)
  /// Keeps what who runs the pipeline is told at its end; one of the same stage and code is replaced.
  func note(_ notice: Notice)
  /// Keeps a file as a stage wrote it; one named again replaces what was said of that path before.
  func release(_ file: ReleasedFile)
  /// What the last run named under a path below the data folder; `nil` when that is not known.
  func lastReleased(_ path: String) -> ContentDigest?
  /// The files named so far in this run that may leave, in the order of their paths.
  var releasedFiles: [ReleasedFile] { get }
  /// Writes a log line: a constant message, and values that tell nothing of a subject.
  func log(_ level: LogLevel, stage: String, _ message: StaticString, _ values: [String: String])
  /// The nearest ancestor with this schema of a stored record, by the record's ledger reference.
  func ancestor(of reference: LedgerReference, schema: SchemaID) async throws -> (any StoredRecord)?
  /// The current stored record of this identity, if there is one; part of the reuse key.
  func lookup(_ identity: RecordIdentity, schema: SchemaID) async throws -> (any StoredRecord)?
  /// The audit entry in which a person let exactly this pass.
  func approval(of finding: PictureFinding) async throws -> Int64?
  /// Has what people ask of a stage while the run works answered by `body`, from now on.
  ///
  /// - Parameters:
  ///   - order: what is asked, in one word.
  ///   - body: called for several at once if they ask at once; what it throws is told to who asks.
  ///     It calls its second argument right before it changes anything, and that throws when nobody
  ///     waits any more.
  func answer<Order: Decodable & Sendable, Answer: Encodable & Sendable>(
    _ order: String, of stage: String,
    by body: @escaping @Sendable (Order, @Sendable () throws -> Void) async throws -> Answer)
}

/// A host outside of a run: nobody watches, and nothing leaves.
extension StageHost {
  /// None.
  public func filedPictures() throws -> [FiledPicture] { [] }
  /// The content's own.
  public func bytes(of content: StoredContent) throws -> [UInt8] { try content.bytes() }
  /// Nobody watches.
  public func expect(_ records: Int, from stage: String) {}
  /// Nobody is told.
  public func note(_ notice: Notice) {}
  /// Nothing leaves.
  public func release(_ file: ReleasedFile) {}
  /// There was no run before.
  public func lastReleased(_ path: String) -> ContentDigest? { nil }
  /// None.
  public var releasedFiles: [ReleasedFile] { [] }
  /// Nobody approved anything.
  public func approval(of finding: PictureFinding) async throws -> Int64? { nil }
  /// Nobody asks.
  public func answer<Order: Decodable & Sendable, Answer: Encodable & Sendable>(
    _ order: String, of stage: String,
    by body: @escaping @Sendable (Order, @Sendable () throws -> Void) async throws -> Answer
  ) {}
}

/// How much a log line matters.
public enum LogLevel: String, Sendable, Codable, CaseIterable {
  /// For who looks for a fault.
  case debug
  /// What happened.
  case info
  /// What somebody should look at.
  case warning
}

/// A stored record's number in its ledger.
public struct LedgerReference: Hashable, Sendable, Codable {
  /// The row's number.
  public let number: Int64
  /// Wraps a number.
  public init(number: Int64) { self.number = number }
}

/// What a stage is given with each record.
public struct DeliveryContext: Sendable {
  /// The stage's context.
  public let stage: StageContext
  /// The stored record that this delivery comes from: the input itself, or the input's nearest
  /// stored ancestor when the input is derived.
  public let origin: LedgerReference?
  /// Which attempt this is, from 1.
  public let attempt: Int

  /// Makes a context.
  public init(stage: StageContext, origin: LedgerReference?, attempt: Int) {
    self.stage = stage
    self.origin = origin
    self.attempt = attempt
  }

  /// The nearest ancestor of the input that is of this type: a measurement's captured image.
  ///
  /// The input itself counts. `nil` when there is none.
  public func ancestor<Ancestor: StoredRecord>(_ type: Ancestor.Type) async throws -> Ancestor? {
    guard let origin else { return nil }
    return try await stage.host.ancestor(of: origin, schema: type.schema) as? Ancestor
  }

  /// The current record of an identity: partners of a visit.
  public func lookup<Partner: StoredRecord>(
    _ type: Partner.Type, _ identity: RecordIdentity
  ) async throws -> Partner? {
    try await stage.host.lookup(identity, schema: type.schema) as? Partner
  }

  /// The number of the audit entry in which a person looked at exactly this finding and let it
  /// pass; `nil` when nobody did: throw a ``StageError`` of class `record` that carries it.
  public func approval(of finding: PictureFinding) async throws -> Int64? {
    try await stage.host.approval(of: finding)
  }
}

/// A small random generator that gives the same numbers on every machine (SplitMix64, Steele,
/// Lea and Flood 2014, doi 10.1145/2660193.2660195).
public struct SeededGenerator: RandomNumberGenerator, Sendable {
  private var state: UInt64

  /// Starts a sequence.
  public init(seed: UInt64) { state = seed }

  /// The next 64 bits.
  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
