/// How a run stands at one instant: what `anagen top` shows and the metrics are written from.
///
/// All counts are of this run, from its start. Nothing in it tells of a subject.
public struct RunSnapshot: Sendable, Codable, Equatable {
  /// What the run is doing.
  public enum Phase: String, Sendable, Codable {
    /// Opens the ledger and the stages.
    case opening
    /// Handles records.
    case working
    /// Writes reports and tables.
    case projecting
    /// Was asked to stop.
    case stopping
  }

  /// The pipeline's name.
  public let pipeline: String
  /// The program and its version.
  public let program: String
  /// The run's process.
  public let process: Int32
  /// What it is doing.
  public let phase: Phase
  /// Seconds since its start.
  public let seconds: Double
  /// Records that sources handed over.
  public let accepted: Int
  /// How many they will hand over in all, where every source knows.
  public let expected: Int?
  /// The stages in the order of the plan.
  public let stages: [StageSnapshot]
  /// The ledger's writer.
  public let ledger: LedgerSnapshot
}

/// How one stage stands.
public struct StageSnapshot: Sendable, Codable, Equatable {
  /// Which stage.
  public struct Identity: Sendable, Codable, Equatable {
    /// Its key in the pipeline file.
    public let name: String
    /// What it uses, such as `hair.analyse`.
    public let use: String
    /// What it does in the graph.
    public let kind: String
  }

  /// What it does now.
  public enum Condition: String, Sendable, Codable, CaseIterable {
    /// It is being made.
    case opening
    /// Its code is being called.
    case working
    /// There is nothing for it.
    case waitingForInput
    /// It has something to hand on, and no room behind it.
    case waitingForRoom
    /// A record failed in passing and is tried again.
    case retrying
    /// What it needs is not there for now.
    case unavailable
    /// It gets no more records.
    case done
  }

  /// Its queue.
  public struct Queue: Sendable, Codable, Equatable {
    /// Records in memory.
    public let records: Int
    /// Their bytes.
    public let bytes: Int
    /// The bound in records.
    public let maxRecords: Int
    /// The bound in bytes.
    public let maxBytes: Int
    /// Records beyond the bound, which wait in the ledger alone.
    public let waitingInLedger: Int
  }

  /// Calls that failed, by the class of their failure.
  public struct Failures: Sendable, Codable, Equatable {
    /// The record was wrong.
    public let record: Int
    /// Something failed in passing.
    public let transient: Int
    /// What the stage needs was not there.
    public let unavailable: Int
    /// The stage can never work.
    public let fatal: Int
  }

  /// Which stage.
  public let identity: Identity
  /// What it does now.
  public let state: Condition
  /// Records taken from its queue.
  public let received: Int
  /// Records handed on or, by a sink, acted upon.
  public let sent: Int
  /// Calls beyond a record's first.
  public let retries: Int
  /// Records set aside because of it.
  public let quarantined: Int
  /// Records that a live source lost at its intake, before acceptance.
  public let discarded: Int
  /// Calls that failed.
  public let failures: Failures
  /// Its queue; `nil` for a source and what is written at the end.
  public let queue: Queue?
  /// How long its calls took; a source has one call, which is not over while it works.
  public let latency: LatencySnapshot
}

/// How the ledger's writer stands.
public struct LedgerSnapshot: Sendable, Codable, Equatable {
  /// Entries that are durable.
  public let entries: Int
  /// Entries that wait for the writer.
  public let waiting: Int
  /// How long its commits took; one commit holds many entries.
  public let commit: LatencySnapshot
}

/// How long things took.
public struct LatencySnapshot: Sendable, Codable, Equatable {
  /// How many there were.
  public let count: UInt64
  /// Their sum in seconds.
  public let seconds: Double
  /// Half of them took less, in seconds.
  public let p50: Double?
  /// All but one in a hundred took less, in seconds.
  public let p99: Double?
  /// How many took less than each of ``LatencyHistogram/exportedBounds``.
  public let cumulative: [UInt64]

  init(_ histogram: LatencyHistogram) {
    count = histogram.count
    seconds = histogram.seconds
    p50 = histogram.quantile(0.5)
    p99 = histogram.quantile(0.99)
    cumulative = histogram.cumulative
  }
}
