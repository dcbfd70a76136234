import ClinicalRecords

/// The order of a plan's stages, as far as the ledger needs it to tell what still stands.
public struct PlanFlow: Sendable {
  /// For each stage, the stages that its input comes through, itself not among them.
  public let before: [String: Set<String>]
  /// The stages that lower a label.
  public let deidentifying: Set<String>

  /// Makes a flow.
  public init(before: [String: Set<String>], deidentifying: Set<String>) {
    self.before = before
    self.deidentifying = deidentifying
  }

  /// Whether what a stage refused is held for privacy: the stage lowers labels, and the reason is
  /// none of the machine's or of a stored file that is gone, which count as failed (STUDY §5).
  public func holds(_ stage: String, for reason: String) -> Bool {
    deidentifying.contains(stage) && !PlanFlow.technical.contains(reason)
  }

  private static let technical: Set<String> = Set(
    [
      RecordError.Code.contentMissing, .contentUnreadable, .contentChanged, .invalidValue,
      .notFinite,
    ].map(\.name) + [
      "no_picture", "time_limit", "out_of_memory", "ends_the_program", "stage_died", "stage_hung",
      "stage_too_slow", "stage_broke_protocol", "stage_fault", "memory_limit", "processor_limit",
    ])

  /// `[stage, other]` for each stage with itself and with every stage before it, as JSON for a
  /// statement.
  var lineRows: String {
    JSONValue.array(
      before.sorted { $0.key < $1.key }.flatMap { stage, before in
        ([stage] + before.sorted()).map { .array([.string(stage), .string($0)]) }
      }
    ).text
  }
}
