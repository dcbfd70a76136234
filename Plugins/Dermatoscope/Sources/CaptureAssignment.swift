import ClinicalRecords
import StageKit

/// Who and what the next captures show: all of an acquisition but its number of attempt.
struct CaptureAssignment: Sendable, Equatable {
  let subject: String
  let visit: String
  let session: String
  let region: String
  let side: String
  let placement: Int
  let field: Int

  /// The acquisition of one attempt.
  func key(study: String, attempt: Int) -> AcquisitionKey {
    AcquisitionKey(
      study: study, subject: subject, visit: visit, session: session, region: region, side: side,
      placement: placement, field: field, attempt: attempt)
  }

  /// What settings assign, held to the study; `nil` when they name no subject.
  ///
  /// - Throws: a fatal ``StageError`` for a name that the study does not know.
  static func of(_ settings: some CapturePolicy, _ study: Study) throws -> CaptureAssignment? {
    guard !settings.subject.isEmpty else { return nil }
    func refuse(_ key: String, _ hint: String) -> StageError {
      StageError(
        .fatal, "assignment", subject: "'\(key)' is not one of the study's", hint: hint)
    }
    let names = [
      ("subject", settings.subject), ("visit", settings.visit), ("session", settings.session),
      ("region", settings.region), ("side", settings.side),
    ]
    for (key, value) in names where !AcquisitionKey.isValidName(value) {
      throw StageError(
        .fatal, "assignment", subject: "'\(key)' is missing or holds a character that cannot stand",
        hint: "give subject, visit and region together")
    }
    if !study.visits.isEmpty, !study.visits.contains(where: { $0.name == settings.visit }) {
      throw refuse("visit", "it has \(study.visits.map(\.name).joined(separator: ", "))")
    }
    if !study.regions.isEmpty, !study.regions.contains(where: { $0.code == settings.region }) {
      throw refuse("region", "it has \(study.regions.map(\.code).joined(separator: ", "))")
    }
    if let pattern = study.subjectPattern {
      // The study's reader has held the pattern to be one.
      guard try Regex(pattern).wholeMatch(in: settings.subject) != nil else {
        throw refuse("subject", "write it as the study's pattern \(pattern) says")
      }
    }
    return CaptureAssignment(
      subject: settings.subject, visit: settings.visit, session: settings.session,
      region: settings.region, side: settings.side, placement: settings.placement,
      field: settings.field)
  }
}
