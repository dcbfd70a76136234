public import ClinicalRecords
public import StageKit

/// One commit's worth of change: deliveries that end, and a record that they gave.
public struct LedgerEntry: Sendable {
  /// A record to store, and the edges on which it goes on.
  public struct Product: Sendable {
    /// The record.
    public let record: any StoredRecord
    /// The stage that made it; its out-edges are opened.
    public let stage: String
    /// The stage's result version, for provenance.
    public let resultVersion: String
    /// The stored record it was made from; `nil` from a source.
    public let parent: LedgerReference?
    /// The delivery that it came of; a repeat of that delivery finds it.
    public let delivery: Int64?
    let encoded: EncodedRecord
    /// What the record takes as text, in bytes.
    public var payloadByteCount: Int { encoded.payload.count }

    /// Encodes a record, so that the ledger's one writer need not.
    ///
    /// - Throws: ``RecordError`` when the record holds what JSON cannot carry.
    public init(
      record: any StoredRecord, stage: String, resultVersion: String, parent: LedgerReference?,
      delivery: Int64?
    ) throws {
      encoded = try EncodedRecord(record)
      self.record = record
      self.stage = stage
      self.resultVersion = resultVersion
      self.parent = parent
      self.delivery = delivery
    }
  }

  /// How a delivery ends.
  public struct End: Sendable {
    /// Which delivery.
    public let delivery: Int64
    /// Why it was set aside; done when `nil`.
    public let failure: DeliveryFailure?
    /// How many attempts were made.
    public let attempts: Int
    /// What was looked up on the way, and what was found: part of what a reuse asks for.
    public let lookups: [Lookup]
    /// The calls on the way, as ``JourneyStep`` keeps them; `nil` when there were none.
    let journey: String?
    /// What a sink did with the record; confirmed in the same commit, unless the end is a failure.
    public let effect: Effect?

    /// Makes an end.
    public init(
      delivery: Int64, failure: DeliveryFailure? = nil, attempts: Int = 1, lookups: [Lookup] = [],
      journey: [JourneyStep] = [], effect: Effect? = nil
    ) {
      self.delivery = delivery
      self.failure = failure
      self.attempts = attempts
      self.lookups = lookups
      self.journey = journey.isEmpty ? nil : JourneyStep.text(journey)
      self.effect = effect
    }
  }

  /// A partner that a stage asked for, and the record it was given.
  public struct Lookup: Sendable, Hashable {
    /// What was asked for.
    public let identity: RecordIdentity
    /// What was current then; `nil` when there was none.
    public let found: LedgerReference?

    /// Makes an entry.
    public init(identity: RecordIdentity, found: LedgerReference?) {
      self.identity = identity
      self.found = found
    }
  }

  /// The record to store, if any.
  public let product: Product?
  /// The deliveries that end.
  public let ends: [End]
  /// An effect whose call is about to begin, where it matters whether one began.
  public let sending: Effect?

  /// Makes an entry.
  public init(product: Product? = nil, ends: [End] = [], sending: Effect? = nil) {
    self.product = product
    self.ends = ends
    self.sending = sending
  }
}

/// Why a delivery was set aside.
public struct DeliveryFailure: Sendable, Equatable, Codable {
  /// The stage that refused or failed.
  public let stage: String
  /// The failure's class, as ``StageError/FailureClass``.
  public let failureClass: String
  /// The stable reason, such as `burned_in_text`.
  public let reason: String
  /// What failed; never a patient's value.
  public let message: String
  /// What to do.
  public let hint: String
  /// What was found in a picture that a person may approve.
  public let finding: PictureFinding?

  /// Makes a failure.
  public init(
    stage: String, failureClass: String, reason: String, message: String, hint: String,
    finding: PictureFinding? = nil
  ) {
    self.finding = finding
    self.stage = stage
    self.failureClass = failureClass
    self.reason = reason
    self.message = message
    self.hint = hint
  }
}

/// What a commit did with an entry.
public struct LedgerOutcome: Sendable {
  /// A delivery that is open and waits for its stage.
  public struct Opened: Sendable, Codable {
    /// The delivery's number.
    public let delivery: Int64
    /// The edge it is on.
    public let edge: EdgeKey
    /// The record that it delivers.
    public let record: LedgerReference
  }

  /// The product's row, when the entry had one.
  public var reference: LedgerReference?
  /// Deliveries opened by this entry, also of earlier results whose next stage is new.
  public var opened: [Opened] = []
  /// Deliveries that end because a newer version of their record came.
  public var superseded: [EdgeKey] = []
  /// Deliveries that were done before with the same key, whose results stand.
  public var reused: [EdgeKey] = []
  /// Whether nothing was done because the entry's delivery had been superseded meanwhile.
  public var overtaken = false
  /// Edges whose deliveries were set aside before with the same key, and stay so.
  public var stillQuarantined: [EdgeKey] = []

  /// Makes an outcome that opened deliveries and did nothing else.
  public init(opened: [Opened] = []) { self.opened = opened }
}

/// An edge, by the names of its two stages.
public struct EdgeKey: Hashable, Sendable, Codable, Comparable, CustomStringConvertible {
  /// The stage whose output it carries.
  public let from: String
  /// The stage that takes it.
  public let to: String

  /// Makes an edge's key.
  public init(from: String, to: String) {
    self.from = from
    self.to = to
  }

  /// `from -> to`.
  public var description: String { "\(from) -> \(to)" }

  /// Orders by both names.
  public static func < (left: EdgeKey, right: EdgeKey) -> Bool {
    (left.from, left.to) < (right.from, right.to)
  }
}

/// An edge that carries stored records, with the reuse key of what it leads to.
public struct StoredEdge: Sendable {
  /// The edge.
  public let edge: EdgeKey
  /// Tells whether a result of this edge's deliveries may be reused (DESIGN §5.6).
  public let reuseKey: String
  /// What the key was made of, as canonical JSON: `explain` names the part that differs.
  public let keyParts: String
  /// Where the sink that it leads to acts; `nil` for other edges.
  public let destination: EffectDestination?

  /// Makes an edge.
  public init(
    edge: EdgeKey, reuseKey: String, keyParts: String, destination: EffectDestination? = nil
  ) {
    self.edge = edge
    self.reuseKey = reuseKey
    self.keyParts = keyParts
    self.destination = destination
  }
}

/// A delivery that waits.
public struct PendingDelivery: Sendable {
  /// The delivery's number.
  public let delivery: Int64
  /// The edge it is on.
  public let edge: EdgeKey
  /// The record that it delivers.
  public let record: LedgerReference

  /// Makes a reference to a delivery.
  public init(delivery: Int64, edge: EdgeKey, record: LedgerReference) {
    self.delivery = delivery
    self.edge = edge
    self.record = record
  }
}

/// A delivery that was set aside, as `quarantine list` shows it.
public struct QuarantinedDelivery: Sendable, Codable {
  /// The delivery's number.
  public let delivery: Int64
  /// The edge it was on.
  public let edge: EdgeKey
  /// The identity of the record; identifies a subject.
  public let identity: String
  /// The record's schema.
  public let schema: String
  /// Why.
  public let failure: DeliveryFailure
  /// How many attempts were made.
  public let attempts: Int
  /// When, in seconds since 1970.
  public let at: Double
  /// In which run.
  public let run: Int64?
}
