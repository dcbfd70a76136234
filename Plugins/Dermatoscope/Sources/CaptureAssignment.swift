import ClinicalRecords
import StageKit

/// Who and what the next captures show, and who captures: all of an acquisition but its number of
/// attempt.
public struct CaptureAssignment: Sendable, Hashable, Codable {
  /// The subject.
  public var subject: String
  /// The visit.
  public var visit: String
  /// The session of the visit.
  public var session: String
  /// The region.
  public var region: String
  /// The side.
  public var side: String
  /// Which time the probe is put on the spot.
  public var placement: Int
  /// Which patch of the region.
  public var field: Int
  /// Who captures, as a code; the setting's when `nil`.
  public var operatorCode: String?

  /// Makes an assignment; ``held(to:)`` says whether it can be one.
  public init(
    subject: String, visit: String, session: String, region: String, side: String, placement: Int,
    field: Int, operatorCode: String?
  ) {
    self.subject = subject
    self.visit = visit
    self.session = session
    self.region = region
    self.side = side
    self.placement = placement
    self.field = field
    self.operatorCode = operatorCode
  }

  /// What settings assign; `nil` when they name no subject.
  init?(_ settings: some CapturePolicy) {
    guard !settings.subject.isEmpty else { return nil }
    self.init(
      subject: settings.subject, visit: settings.visit, session: settings.session,
      region: settings.region, side: settings.side, placement: settings.placement,
      field: settings.field,
      operatorCode: settings.operatorCode.isEmpty ? nil : settings.operatorCode)
  }

  /// The acquisition of one attempt.
  func key(study: String, attempt: Int) -> AcquisitionKey {
    AcquisitionKey(
      study: study, subject: subject, visit: visit, session: session, region: region, side: side,
      placement: placement, field: field, attempt: attempt)
  }

  /// The same, held to what a study has; a side that is unknown is the region's.
  ///
  /// - Throws: a fatal ``StageError`` for a name that the study does not know; never with a value.
  func held(to study: Study) throws -> CaptureAssignment {
    func refuse(_ key: String, _ hint: String) -> StageError {
      StageError(
        .fatal, "assignment", subject: "'\(key)' is not one of the study's", hint: hint)
    }
    let names = [
      ("subject", subject), ("visit", visit), ("session", session), ("region", region),
      ("side", side), ("operator_code", operatorCode ?? "none"),
    ]
    for (key, value) in names where !AcquisitionKey.isValidName(value) {
      throw StageError(
        .fatal, "assignment", subject: "'\(key)' is missing or holds a character that cannot stand",
        hint: "give subject, visit and region together")
    }
    for (key, number) in [("placement", placement), ("field", field)]
    where !CaptureAssignment.numbers.contains(number) {
      throw StageError(
        .fatal, "assignment", subject: "'\(key)' is out of range", hint: "give 1 to 99")
    }
    guard CaptureAssignment.sides.contains(side) else {
      throw StageError(
        .fatal, "assignment", subject: "'side' is none",
        hint: "give \(CaptureAssignment.sides.joined(separator: ", "))")
    }
    if !study.visits.isEmpty, !study.visits.contains(where: { $0.name == visit }) {
      throw refuse("visit", "it has \(study.visits.map(\.name).joined(separator: ", "))")
    }
    if !study.sessions.isEmpty, !study.sessions.contains(where: { $0.name == session }) {
      throw refuse("session", "it has \(study.sessions.map(\.name).joined(separator: ", "))")
    }
    if !study.regions.isEmpty, !study.regions.contains(where: { $0.code == region }) {
      throw refuse("region", "it has \(study.regions.map(\.code).joined(separator: ", "))")
    }
    if let pattern = study.subjectPattern {
      // The study's reader has held the pattern to be one.
      guard try Regex(pattern).wholeMatch(in: subject) != nil else {
        throw refuse("subject", "write it as the study's pattern \(pattern) says")
      }
    }
    var held = self
    let stated = study.region(region)?.side ?? "unknown"
    if held.side == "unknown" { held.side = stated }
    guard stated == "unknown" || held.side == stated else {
      throw refuse("side", "this region is \(stated)")
    }
    return held
  }

  /// What placements and fields count to.
  static let numbers = 1...99
  /// The sides that there are.
  static let sides = ["left", "right", "midline", "unknown"]
}

/// Which assignment was in force when: a press shows what was assigned at its own time, although it
/// is heard of later.
package struct AssignmentHistory: Sendable {
  // A press is heard of within milliseconds; eight changes of assignment take seconds.
  private static let mostEntries = 8

  private var entries: [(since: Double, assignment: CaptureAssignment?)]

  /// Begins with what the settings assign.
  package init(_ first: CaptureAssignment?) { entries = [(-.infinity, first)] }

  /// What is in force now.
  package var current: CaptureAssignment? { entries[entries.count - 1].assignment }

  /// From now on captures show this; the same again changes nothing.
  package mutating func assign(_ assignment: CaptureAssignment?, at now: Double) {
    guard assignment != current else { return }
    entries.append((now, assignment))
    if entries.count > AssignmentHistory.mostEntries { entries.removeFirst() }
  }

  /// What a press at a time shows, and from and until when frames show it too.
  package func inForce(at time: Double) -> (assignment: CaptureAssignment?, span: Range<Double>) {
    let index = entries.lastIndex { $0.since <= time }
    guard let index else { return (nil, -.infinity..<entries[0].since) }
    let next = index + 1
    return (
      entries[index].assignment,
      entries[index].since..<(next < entries.count ? entries[next].since : .infinity)
    )
  }
}
