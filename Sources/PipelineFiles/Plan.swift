public import ClinicalRecords
public import StageKit

/// A pipeline file after every check, frozen: what a run executes and what `plan` prints.
///
/// All paths are absolute, all variables are put in, and every secret stands as its name. The plan
/// holds nothing open; making one read only the files it names.
public struct Plan: Sendable {
  /// The pipeline's name.
  public let name: String
  /// The stages in topological order: a stage comes after all that it takes from, and otherwise in
  /// the order of the file.
  public let stages: [Stage]
  /// The edges, ordered by the position of the stage they leave, then of the stage they enter.
  public let edges: [Edge]
  /// The memory ceiling and what it is made of.
  public let memory: Memory
  /// How the ledger syncs.
  public let durability: Durability
  /// The study.
  public let study: Study
  /// Where the run keeps everything: the variable `data`, `anagen-data` when it is not given.
  public let folder: DataFolder
  /// The variables with the values they have in this plan, in the order of the file.
  public let variables: [Variable]
  /// The input files that settings name, each once, in the order of the file.
  public let inputFiles: [InputFile]
  /// The names of the secrets that settings ask for, each once, sorted.
  public let secretNames: [String]
  /// The file's `tests`, for the command that runs them.
  public let tests: [Test]
  /// The outside plugins that the file names, in its order.
  public let plugins: [PluginReader.Plugin]
  /// Everything that makes two plans the same, as one canonical document.
  ///
  /// The plan's digest is the SHA-256 of its serialised form. The study and input files stand by
  /// content, outputs relative to the data folder, secrets by name; input folders, memory and the
  /// names of variables are left out.
  public let digestInput: JSONValue

  /// The stage of this name.
  public func stage(_ name: String) -> Stage? { stages.first { $0.name == name } }

  /// The edges that leave a stage.
  public func edges(outOf stage: String) -> [Edge] { edges.filter { $0.from == stage } }

  /// The edges that enter a stage.
  public func edges(into stage: String) -> [Edge] { edges.filter { $0.to == stage } }
}

extension Plan {
  /// One stage of the graph.
  public struct Stage: Sendable {
    /// Its key in the pipeline file.
    public let name: String
    /// What `use` names: manifest, border types, and how to make it.
    public let entry: StageEntry
    /// Its settings over their defaults, in the order of the declarations, for
    /// ``StageEntry/make``: paths absolute, secrets as `secret:NAME`.
    public let settings: JSONValue
    /// The settings as they count for reuse (DESIGN §5.6): input files as `sha256:HEX`, output
    /// paths and input folders left out, secrets as `secret:NAME`, to be replaced by their key id.
    public let reuseSettings: JSONValue
    /// The most calls at once, from 1.
    public let concurrency: Int
    /// The stages it takes from, in the order of the file; empty for a source.
    public let inputs: [String]
    /// The label of what it makes, or of the highest that a sink is given.
    public let label: PrivacyLabel
    /// The most that a sink takes; `nil` for sources and transforms.
    ///
    /// A sink of released records states it, since those come with either lower label. A sink of
    /// any other type takes identified records by its type, and then writes below `private/` alone.
    public let accepts: PrivacyLabel?
    /// What the pipeline file lets it lower its output's label to.
    public let declassify: PrivacyLabel?
    /// A live source's bound before acceptance; `nil` where nothing arrives unasked.
    public let intake: Intake?
    /// What is done about failures that may pass.
    public let retry: Retry
    /// The bounds of each edge that leaves it.
    public let queue: Queue
    /// The longest that one call may take; no limit when `nil`.
    public let timeLimit: Duration?
    /// How it runs in a process of its own; `nil` for one that runs within the program.
    public let isolation: Isolation?
  }

  /// A connection from one stage to another, with the bounded queue on it.
  public struct Edge: Sendable {
    /// The stage it leaves.
    public let from: String
    /// The stage it enters.
    public let to: String
    /// The bounds.
    public let queue: Queue
    /// What passes.
    public let record: RecordType
    /// The label of what passes.
    public let label: PrivacyLabel
    /// Whether the ledger holds what waits, so that only ``queue`` of it is in memory.
    public var isStored: Bool { record.isStored }
  }

  /// The hard bounds of a queue.
  public struct Queue: Sendable, Hashable {
    /// The most records, from 1.
    public let maxRecords: Int
    /// The most bytes, from 1.
    public let maxBytes: Int

    /// Makes bounds.
    public init(maxRecords: Int, maxBytes: Int) {
      self.maxRecords = maxRecords
      self.maxBytes = maxBytes
    }

    /// 8 records and 128 MiB (DESIGN §4): room for five frames of 24 MiB, so that a slow stage has
    /// work while a picture is read.
    public static let standard = Queue(maxRecords: 8, maxBytes: 128 << 20)
  }

  /// What is done about transient failures, before a delivery is quarantined.
  public struct Retry: Sendable, Hashable {
    /// How often a delivery is tried, from 1.
    public let attempts: Int
    /// The wait after the first failure; it doubles.
    public let initial: Duration
    /// The longest wait.
    public let max: Duration

    /// Makes a policy.
    public init(attempts: Int, initial: Duration, max: Duration) {
      self.attempts = attempts
      self.initial = initial
      self.max = max
    }

    /// 5 attempts, 500 ms doubling to 30 s (DESIGN §4; Vector, OpenTelemetry and NiFi lie between
    /// 500 ms and 30 s).
    public static let standard = Retry(
      attempts: 5, initial: .milliseconds(500), max: .seconds(30))
  }

  /// A live source's bound before acceptance: the only place where a record may be lost.
  public struct Intake: Sendable, Hashable {
    /// What happens to a record that arrives while the intake is full.
    public enum WhenFull: String, Sendable, Codable, CaseIterable {
      /// The capture is refused aloud: the only policy for a button or a command.
      case refuse
      /// The oldest waiting record is dropped and counted.
      case dropOldest = "drop_oldest"
      /// The arriving record is dropped and counted.
      case dropNewest = "drop_newest"
    }

    /// The most records that wait for acceptance, from 1.
    public let maxRecords: Int
    /// The most bytes that wait for acceptance: the stage's `queue: max_bytes`.
    public let maxBytes: Int
    /// What happens when there is no room.
    public let whenFull: WhenFull

    /// Makes a policy.
    public init(maxRecords: Int, maxBytes: Int, whenFull: WhenFull) {
      self.maxRecords = maxRecords
      self.maxBytes = maxBytes
      self.whenFull = whenFull
    }
  }

  /// The most memory that a run of the plan takes, and the sum it is (DESIGN §5.3).
  public struct Memory: Sendable, Hashable {
    /// The sum of the byte bounds of all edges.
    public let edgeBytes: Int
    /// The sum of the byte bounds of all intakes.
    public let intakeBytes: Int
    /// The sum of concurrency x working set over all stages.
    public let workingSetBytes: Int
    /// What the program takes beside: code, ledger cache, stacks.
    public let programBytes: Int
    /// What the ceiling may not pass: `memory:`, or half of the machine's.
    public let limitBytes: Int
    /// Whether the file states the limit.
    public let limitIsStated: Bool

    /// 64 MiB for the program itself (DESIGN §5.3).
    public static let programAllowance = 64 << 20

    /// The ceiling: edges + intakes + working sets + program.
    public var ceilingBytes: Int { edgeBytes + intakeBytes + workingSetBytes + programBytes }
  }

  /// How the ledger syncs.
  public enum Durability: String, Sendable, Codable, CaseIterable {
    /// Every commit is synced before it counts.
    case full
    /// No syncs: for trials of a pipeline, never for data that cannot be made again.
    case none
  }

  /// A variable with its value in this plan.
  public struct Variable: Sendable, Hashable {
    /// Its name.
    public let name: String
    /// Its type's word.
    public let type: String
    /// Its value, paths made absolute.
    public let value: String
    /// Whether the command line gave it.
    public let isGiven: Bool
  }

  /// A file that a setting names.
  public struct InputFile: Sendable, Hashable {
    /// The absolute path.
    public let path: String
    /// The SHA-256 of its bytes when the plan was made.
    public let sha256: ContentDigest
  }
}
