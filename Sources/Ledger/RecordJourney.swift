/// What became of a record: who made it, where it went, and what came of it.
public struct RecordJourney: Sendable, Codable {
  /// The record's number in the ledger.
  public let record: Int64
  /// Its schema.
  public let schema: String
  /// Its identity; identifies a subject.
  public let identity: String
  /// The SHA-256 of schema and payload.
  public let digest: String
  /// Its privacy label.
  public let label: String
  /// The newer version that took its place.
  public let supersededBy: Int64?
  /// That somebody took it out, for a picture.
  public let withdrawal: Withdrawal?
  /// The version of its identity that it took the place of last.
  public let earlier: Int64?
  /// What a source handed over otherwise than in that version, such as
  /// `statedMicrometresPerPixel: 7 -> 6`; empty for what a stage made.
  public let changes: [String]
  /// Who made it: once for each delivery that came to the same result.
  public let origins: [Origin]
  /// Where it went, in the order in which that was begun.
  public let deliveries: [Delivery]

  /// Who made a record.
  public struct Origin: Sendable, Codable {
    /// The stage.
    public let stage: String
    /// The stage's result version.
    public let resultVersion: String
    /// The run in which it was made.
    public let run: Int64
  }

  /// One record on one edge.
  public struct Delivery: Sendable, Codable {
    /// Its number.
    public let delivery: Int64
    /// The edge.
    public let edge: EdgeKey
    /// `pending`, `done`, `quarantined`, `purged` or `superseded`, as ``DeliveryCounts`` has them.
    public let state: String
    /// Whether it is the one that its record is on this edge by now: no other was taken up later.
    public let isPresent: Bool
    /// How many attempts were made.
    public let attempts: Int
    /// How often the program died with it alone in hand.
    public let crashes: Int
    /// The run that opened it last.
    public let openedRun: Int64
    /// The run that ended it.
    public let endedRun: Int64?
    /// When it ended, in seconds since 1970.
    public let endedAt: Double?
    /// The last run that let its result stand.
    public let reusedRun: Int64?
    /// The stages that it passed, with their times and failed calls.
    public let steps: [JourneyStep]
    /// Each time that it was set aside, and what people decided, oldest first.
    public let history: [QuarantineEvent]
    /// Why it was begun although the record had been on this edge before: the parts of the reuse
    /// key that differ from the time before, or what it had looked up.
    public let again: [String]
    /// What it came to.
    public let results: [RecordJourney]
  }
}
