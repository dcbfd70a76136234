import BoundedQueues
public import Ledger
public import StageKit

/// How a run went.
public struct RunReport: Sendable {
  /// Why it ended.
  public enum Ending: String, Sendable, Codable {
    /// Every source ran out and everything was handled.
    case completed
    /// A stop was asked for; everything accepted was handled.
    case drained
    /// A quick stop was asked for; what was in hand was finished, the rest waits in the ledger.
    case interrupted
  }

  /// The run's number in its data folder.
  public let run: Int64
  /// Why it ended.
  public let ending: Ending
  /// What happened on each edge, in the order of the plan.
  public let edges: [EdgeSum]
  /// Edges where opened is not the sum of how deliveries stand: a fault of the runner.
  public let mismatches: [EdgeKey]
  /// Deliveries set aside, of this and earlier runs.
  public let quarantined: [QuarantinedDelivery]
  /// How long it took.
  public let seconds: Double
  /// Records that sources handed over.
  public let accepted: Int
  /// What live sources lost or refused before acceptance.
  public let intakes: [Intake]
  /// What stages want told.
  public let notices: [Notice]
  /// The files that may leave, as they were written or found whole.
  public let released: [ReleasedFile]
  /// The audit chain's head after the run: to be kept elsewhere.
  public let auditHead: AuditHead

  /// How many deliveries the next run goes on with.
  public var waiting: Int {
    edges.filter(\.stored).reduce(0) { $0 + $1.counts.pending }
  }

  /// What became of what a live source offered before acceptance: the only place where a record
  /// may be lost.
  public struct Intake: Sendable, Codable, Equatable {
    /// The source.
    public let stage: String
    /// Records offered.
    public let offered: Int
    /// Records lost by the pipeline file's policy.
    public let dropped: Int
    /// Records refused aloud.
    public let refused: Int

    init(stage: String, _ tally: IntakeTally) {
      self.stage = stage
      offered = tally.offered
      dropped = tally.dropped
      refused = tally.refused
    }
  }
}

/// How far a run is.
public struct RunProgress: Sendable {
  /// Records that sources handed over so far.
  public let accepted: Int
  /// How many they will hand over in all, where every source knows.
  public let expected: Int?
  /// How many of them are handled: all that was made of them up to the next stored records is
  /// durable, or stands from an earlier run.
  public let handled: Int
  /// What happened on each edge so far.
  public let edges: [EdgeSum]
  /// Whether projections are being written.
  public let isProjecting: Bool
}

/// A run that cannot start or go on.
public struct RunError: Error, Sendable, CustomStringConvertible {
  /// What kind of failure; open, so that new kinds break nobody.
  public struct Code: Hashable, Sendable {
    /// The stable name.
    public let name: String
    /// Makes a code.
    public init(_ name: String) { self.name = name }
    /// A stage could not be made.
    public static let stageFailed = Code("stage_failed")
    /// A stage said that it can never work as it is configured.
    public static let fatal = Code("fatal")
    /// The data that a stage was given is wrong, such as a list of pictures.
    public static let badData = Code("bad_data")
    /// What a stage needs is not there for now.
    public static let unavailable = Code("unavailable")
    /// A secret that the plan names was not given.
    public static let secretMissing = Code("secret_missing")
  }

  /// What kind of failure.
  public let code: Code
  /// The stage, if one is to blame.
  public let stage: String?
  /// The stage's own reason, such as `no_manifest`.
  public let reason: String
  /// What failed.
  public let subject: String
  /// What to do.
  public let hint: String
  /// The system's error number, when a system call failed.
  public let errno: Int32?

  init(
    code: Code, stage: String?, reason: String, subject: String, hint: String, errno: Int32? = nil
  ) {
    self.code = code
    self.stage = stage
    self.reason = reason
    self.subject = subject
    self.hint = hint
    self.errno = errno
  }

  /// What a stage threw outside a delivery; `fatal` is the code of its class `fatal`.
  init(_ error: StageError, stage: String, fatal: Code) {
    let code: Code =
      switch error.failureClass {
      case .record: .badData
      case .transient, .unavailable: .unavailable
      case .fatal: fatal
      }
    self.init(
      code: code, stage: stage, reason: error.code.name, subject: error.subject, hint: error.hint,
      errno: error.errno)
  }

  /// What failed and what to do, on one line.
  public var description: String {
    (stage.map { "stage '\($0)': " } ?? "") + "\(subject); \(hint)"
  }
}
