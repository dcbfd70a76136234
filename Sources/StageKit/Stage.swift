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

/// Takes a record and acts on the world.
public protocol Sink: Stage {
  /// What it takes.
  associatedtype Input: Record
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

/// The records that a projection is written from, in the order of their identities.
public struct ProjectedRecords<Input: StoredRecord>: Sendable {
  private let fetch: @Sendable (Int) async throws -> (any StoredRecord, DeliveryContext)?

  /// How many there are.
  public let count: Int
  /// What was set aside before the projection; ordered.
  public let setAside: [SetAside]

  /// Wraps the host's store; `fetch` gives the record at a position below `count`.
  public init(
    count: Int, setAside: [SetAside] = [],
    fetch: @escaping @Sendable (Int) async throws -> (any StoredRecord, DeliveryContext)?
  ) {
    self.count = count
    self.setAside = setAside
    self.fetch = fetch
  }

  /// The record at a position, with a context that finds its ancestors.
  public func record(at index: Int) async throws -> (record: Input, delivery: DeliveryContext) {
    precondition(index >= 0 && index < count, "a position below count")
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
