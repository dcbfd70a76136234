import ClinicalRecords
import StageKit

/// What became of one part of an acquisition: its figures, or its picture.
struct Disposition: Sendable, Equatable {
  /// Which part of an acquisition; the one may be filed while the other is held.
  enum Part: String, Sendable, CaseIterable {
    case measurement
    case picture
  }

  /// Rejected is a matter of quality, failed a technical one, held one of privacy, excluded one of
  /// review (STUDY §5).
  enum State: String, Sendable {
    case selected
    case accepted
    case rejected
    case released
    case failed
    case held
    case excluded

    /// Whether what was filed counts.
    var isCurrent: Bool { ![.failed, .held, .excluded].contains(self) }
  }

  let state: State
  /// Stable words for why, separated by semicolons.
  let reason: String
  /// The stages that refused, or the program.
  let by: String

  init(_ state: State, reason: String, by: String = "anagen") {
    self.state = state
    self.reason = reason
    self.by = by
  }

  /// What the quality gate refused; its words stand with the measurement.
  private init(rejectedFor reasons: [String]) {
    self.init(
      .rejected, reason: MeasurementQuality.codes(of: reasons).joined(separator: "; "))
  }

  /// The quality gate's word on a measurement.
  init(_ quality: MeasurementQuality) {
    self =
      quality.accepted
      ? Disposition(.accepted, reason: "quality_gate_passed")
      : Disposition(rejectedFor: quality.reasons)
  }

  /// What the combination of a region made of one attempt.
  init(_ attempt: RegionMeasurement.Attempt) {
    self =
      switch attempt.use {
      case .selected: Disposition(.selected, reason: "first_attempt_that_passed")
      case .accepted: Disposition(.accepted, reason: "quality_gate_passed")
      case .rejected: Disposition(rejectedFor: attempt.reasons)
      }
  }

  /// A picture that the de-identifying stage let pass: all that it looks for is lines of drawn text
  /// along the picture's rows and columns.
  static let released = Disposition(.released, reason: "no_axis_aligned_text_found")

  /// A picture in which something was found that a person let pass.
  static let approved = Disposition(.released, reason: "approved_by_a_person")

  /// What is said of a released picture, by what was done to it.
  init(picture removals: [Removal]) {
    let isApproved = removals.contains { $0.rule.hasPrefix("approved by a person") }
    self = isApproved ? .approved : .released
  }

  /// The list of pictures names another acquisition for the same picture now.
  static let filedElsewhere = Disposition(.excluded, reason: "filed_under_another_acquisition")

  /// A person took the picture out.
  static let withdrawn = Disposition(.excluded, reason: "withdrawn_by_a_person")

  /// The pipeline has no stage any more that makes it: nobody answers for it today.
  static let stageGone = Disposition(.excluded, reason: "its_stage_left_the_pipeline")

  init(_ withdrawal: UpstreamAccount.Withdrawal) {
    switch withdrawal {
    case .filedElsewhere: self = .filedElsewhere
    case .byPerson, .withSubject: self = .withdrawn
    case .stageGone: self = .stageGone
    }
  }

  /// What stages set aside; `nil` when they set nothing aside.
  init?(_ refusals: Set<Refusals.Refusal>) {
    guard !refusals.isEmpty else { return nil }
    let isGivenUp = refusals.allSatisfy { $0.reason == SetAside.givenUp }
    self.init(
      isGivenUp ? .excluded : refusals.allSatisfy(\.isHeld) ? .held : .failed,
      reason: Set(refusals.map(\.reason)).sorted().joined(separator: "; "),
      by: Set(refusals.map(\.stage)).sorted().joined(separator: "; "))
  }
}

/// What was set aside before the registry, found by the acquisition it belongs to.
struct Refusals: Sendable {
  /// Why a stage set something aside, without of what.
  struct Refusal: Sendable, Hashable {
    let stage: String
    let isHeld: Bool
    let reason: String
  }

  private var byIdentity: [RecordIdentity: Set<Refusal>] = [:]

  init(_ setAside: [SetAside]) {
    for entry in setAside {
      byIdentity[entry.identity, default: []]
        .insert(Refusal(stage: entry.stage, isHeld: entry.isHeld, reason: entry.reason))
    }
  }

  /// What was set aside of an acquisition.
  func of(_ reference: String) -> Set<Refusal> {
    Released.Kind.allCases.reduce(into: []) { all, kind in
      all.formUnion(byIdentity[Released.identity(of: kind, reference: reference)] ?? [])
    }
  }
}
