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
