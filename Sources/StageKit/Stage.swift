public import ClinicalRecords

/// One step of a pipeline; conform to ``Source``, ``Transform``, ``Sink`` or ``Projection``.
///
/// One value is made for each stage of a run and is called from several tasks at once, at most as
/// many as the pipeline file's `concurrency` says.
public protocol Stage: Sendable {
  /// The stage's settings.
  associatedtype Settings: StageSettings
  /// What it declares of itself.
  static var manifest: StageManifest { get }
  /// Opens what the stage needs; called once, after the whole plan is checked.
  ///
  /// - Throws: ``StageError``; the run does not start.
  init(settings: Settings, context: StageContext) async throws
}

/// Makes records.
public protocol Source: Stage {
  /// What it makes.
  associatedtype Output: Record
  /// Makes records until there are no more or its task is cancelled.
  func run(into output: SourceOutput<Output>) async throws
}

/// Takes a record and makes one.
public protocol Transform: Stage {
  /// What it takes.
  associatedtype Input: Record
  /// What it makes.
  associatedtype Output: Record
  /// Makes the output of one input; deterministic unless the manifest says it reads the clock.
  ///
  /// - Throws: ``StageError``; anything else counts as a failure of the record.
  func process(_ input: Input, in delivery: DeliveryContext) async throws -> Output
  /// An upper bound on the output's ``Record/byteCount``, reserved on the out-edges before
  /// ``process(_:in:)`` is called.
  func outputByteCount(for input: Input) -> Int
}

/// Takes a record and acts on the world, in one transaction with its key, or so that the same
/// record again changes nothing; its manifest says which (``SinkEffect``).
public protocol Sink: Stage {
  /// What it takes.
  associatedtype Input: Record
  /// The destination's own id, such as one that is kept in its file.
  ///
  /// It stays the same as long as what was taken is still there. A destination that begins anew
  /// has another one, and then everything is sent again.
  var destination: String { get }
  /// Acts; may be called again with the same record after a crash and then changes nothing.
  func accept(_ input: Input, in delivery: DeliveryContext) async throws
  /// Writes what follows from all records taken, such as combined rows; called at drain.
  ///
  /// - Parameter upstream: which records stand, and what was set aside before the sink.
  func finish(_ upstream: UpstreamAccount) async throws
}

extension Sink {
  /// Nothing to write at drain.
  public func finish(_ upstream: UpstreamAccount) async throws {}
}

/// Takes a record and acts where the same record again would act twice, but where one can ask
/// whether it is there: a mailbox, a journal that only grows.
///
/// It takes stored records alone, since only they have a key that outlives a crash.
public protocol QueryableSink: Stage {
  /// What it takes.
  associatedtype Input: StoredRecord
  /// The destination's own id, as that of ``Sink/destination``.
  var destination: String { get }
  /// Acts, and leaves the key with what it did; called once for each key, and again only after
  /// ``query(_:)`` said that the destination does not have it.
  func send(_ input: Input, as key: EffectKey, in delivery: DeliveryContext) async throws
  /// Whether the destination has this key; asked when a call began and nobody knows how it ended.
  ///
  /// - Throws: ``StageError`` of class `unavailable` when the destination cannot be asked now.
  func query(_ key: EffectKey) async throws -> Bool
  /// Writes what follows from all records taken; called at drain.
  func finish(_ upstream: UpstreamAccount) async throws
}

extension QueryableSink {
  /// Nothing to write at drain.
  public func finish(_ upstream: UpstreamAccount) async throws {}
}

/// What makes an effect one: who it is about, where it goes, and which version of the record.
public struct EffectKey: Hashable, Sendable {
  /// The destination's own id.
  public let destination: String
  /// The record's identity.
  public let identity: RecordIdentity
  /// Which version of that identity the destination is sent, from 1; a correction is the next one.
  public let version: Int
  /// All of it and the record's digest as one SHA-256: what a destination keeps.
  ///
  /// It tells nothing of a subject to who has not the record.
  public let token: ContentDigest

  /// Makes a key.
  public init(destination: String, identity: RecordIdentity, version: Int, token: ContentDigest) {
    self.destination = destination
    self.identity = identity
    self.version = version
    self.token = token
  }
}

/// A sink that is written whole from stored records at drain: reports, CSV.
public protocol Projection: Stage {
  /// What it is written from.
  associatedtype Input: StoredRecord
  /// Writes everything anew, to a temporary name, synced, renamed.
  ///
  /// - Parameter records: the current version of every record delivered to this stage that the
  ///   plan still makes, in the order of their identities, and what was set aside before it.
  func project(_ records: ProjectedRecords<Input>) async throws
}

/// Where a source puts its records.
public struct SourceOutput<Output: Record>: Sendable {
  private let put: @Sendable (any Record, Bool) async throws -> Void

  /// Wraps the host's intake; the flag asks to return only after acceptance.
  public init(_ put: @escaping @Sendable (any Record, Bool) async throws -> Void) {
    self.put = put
  }

  /// Hands a record over; waits while the intake is full, and returns before it is accepted.
  ///
  /// - Throws: `CancellationError` when the run drains.
  public func emit(_ record: Output) async throws { try await put(record, false) }

  /// Hands a record over and returns when it is accepted: stored, synced, its deliveries open.
  public func accept(_ record: Output) async throws { try await put(record, true) }
}

/// What a host's audit chain says of an export.
public struct AuditStatement: Sendable {
  /// The chain's signed head, which covers the export.
  public let head: String
  /// What is wrong with the chain, in words, where that is known: who is given the export is told.
  public let problem: String?

  /// Makes a statement.
  public init(head: String, problem: String? = nil) {
    self.head = head
    self.problem = problem
  }
}

/// The records that a projection is written from, in the order of their identities.
public struct ProjectedRecords<Input: StoredRecord>: Sendable {
  private let fetch: @Sendable (Int) async throws -> (any StoredRecord, DeliveryContext)?

  /// How many there are.
  public let count: Int
  /// How many are of pictures that a person took out: they do not count, and are told.
  public let withdrawnCount: Int
  /// What was set aside before the projection; ordered.
  public let setAside: [SetAside]
  /// The same by the refused records themselves; ordered.
  ///
  /// Empty unless the projection takes identified records and writes below `private/` alone.
  public let refused: [Refused]
  /// What this run's list of pictures says otherwise than the last one's; empty as `refused` is.
  public let listChanges: [ListChange]
  /// What the host's audit chain says of this very export: for its manifest.
  ///
  /// `nil` where nothing leaves, or where the host keeps no chain.
  public let audit: AuditStatement?

  /// Wraps the host's store; `fetch` gives the record at a position below `count`, and behind these
  /// the withdrawn ones.
  public init(
    count: Int, withdrawnCount: Int = 0, setAside: [SetAside] = [], refused: [Refused] = [],
    listChanges: [ListChange] = [], audit: AuditStatement? = nil,
    fetch: @escaping @Sendable (Int) async throws -> (any StoredRecord, DeliveryContext)?
  ) {
    self.count = count
    self.withdrawnCount = withdrawnCount
    self.setAside = setAside
    self.refused = refused
    self.listChanges = listChanges
    self.audit = audit
    self.fetch = fetch
  }

  /// The record at a position, with a context that finds its ancestors.
  public func record(at index: Int) async throws -> (record: Input, delivery: DeliveryContext) {
    precondition(index >= 0 && index < count, "a position below count")
    return try await fetched(index)
  }

  /// A record of a picture that a person took out, by its position below ``withdrawnCount``.
  public func withdrawn(at index: Int) async throws -> Input {
    precondition(index >= 0 && index < withdrawnCount, "a position below withdrawnCount")
    return try await fetched(count + index).record
  }

  private func fetched(_ index: Int) async throws -> (record: Input, delivery: DeliveryContext) {
    guard let (record, delivery) = try await fetch(index), let input = record as? Input else {
      throw StageError(
        .fatal, "ledger_damaged", subject: "a stored record is missing or of another type",
        hint: "restore the data folder from its backup")
    }
    return (input, delivery)
  }

  /// Calls `body` with each record in order.
  public func forEach(
    _ body: (_ record: Input, _ delivery: DeliveryContext) async throws -> Void
  ) async throws {
    for index in 0..<count {
      let (record, delivery) = try await record(at: index)
      try await body(record, delivery)
    }
  }
}
