import ClinicalRecords
import StageKit

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Turns what identifies an acquisition into what may leave.
struct Recoding: Sendable {
  let profile: ReleaseProfile
  private let key: PseudonymKey
  private let linking: LinkingFolder?
  private let study: Study
  private let anchorVisit: String?

  /// Reads the secret, and for a public release opens the linking folder.
  ///
  /// - Throws: ``StageError`` of class `fatal`.
  init(settings: ReleaseSettings, context: StageContext) throws {
    guard let reference = settings.key else {
      throw StageError(
        .fatal, "no_key", subject: "the setting 'key' is missing",
        hint: "make one with 'head -c 32 /dev/urandom | base64' and give it as ${secret:NAME}")
    }
    profile = settings.profile
    study = context.study
    anchorVisit =
      settings.anchorVisit
      ?? study.visits.first { $0.day == context.study.anchorDay }?.name
    let given: PseudonymKey
    do {
      given = try PseudonymKey(secret: try context.secret(reference))
    } catch is PseudonymKey.TooShort {
      throw StageError(
        .fatal, "short_key", subject: "the secret '\(reference.name)' has fewer than 32 bytes",
        hint: "make one with 'head -c 32 /dev/urandom | base64'")
    }
    guard settings.profile == .public else {
      (key, linking) = (given, nil)
      return
    }
    let folder = try LinkingFolder(
      privatePath: context.folder.privatePath, recipient: try Recoding.recipient(settings))
    (key, linking) = (given.combined(with: folder.secret), folder)
  }

  private static func recipient(_ settings: ReleaseSettings) throws -> LinkingRecipient {
    let path = settings.linkingKey ?? ""
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else {
      throw StageError(
        .fatal, "linking_key", subject: "the file of 'linking_key' cannot be read",
        hint: "check its path and rights", errno: errno)
    }
    defer { close(file) }
    // A public key in PEM has 113 bytes; anything near the limit is no key.
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = read(file, &bytes, bytes.count)
    do {
      return try LinkingRecipient(file: Array(bytes[..<max(0, count)]))
    } catch {
      throw StageError(
        .fatal, "linking_key", subject: "the file of 'linking_key' holds no X25519 public key",
        hint: "write one with 'openssl pkey -in linking.pem -pubout'")
    }
  }

  /// The acquisition as it may leave.
  ///
  /// - Throws: ``StageError`` of class `record` when a name of an open study may itself identify.
  func released(
    _ acquisition: AcquisitionKey, in delivery: DeliveryContext
  ) async throws -> ReleasedAcquisition {
    try checkNames(of: acquisition)
    let code: String
    if let linking {
      code = key.reference(to: acquisition.subject, for: .subject, in: acquisition.study)
      try linking.note(
        LinkingEntry(study: acquisition.study, subject: acquisition.subject, code: code))
    } else {
      code = acquisition.subject
    }
    return ReleasedAcquisition(
      reference: key.reference(to: acquisition.path, for: .acquisition, in: acquisition.study),
      study: acquisition.study, subject: code, visit: acquisition.visit,
      studyDay: try await studyDay(of: acquisition, in: delivery), session: acquisition.session,
      region: acquisition.region, side: acquisition.side, placement: acquisition.placement,
      field: acquisition.field, attempt: acquisition.attempt)
  }

  /// A picture's name, made from what it shows and not from what it was called.
  func pictureName(of acquisition: AcquisitionKey, format: PhotographFormat) -> String {
    let name = key.reference(to: acquisition.path, for: .pictureName, in: acquisition.study)
    return "\(name).\(format.fileExtension)"
  }

  /// A measurement whose calibration record, which may name a device, is a keyed reference.
  func withoutDevice(_ measurement: HairMeasurement) -> HairMeasurement {
    guard let calibration = measurement.scale.calibration else { return measurement }
    let study = measurement.acquisition?.study ?? study.id
    let scale = ImageScale(
      micrometresPerPixel: measurement.scale.micrometresPerPixel,
      relativeUncertainty: measurement.scale.relativeUncertainty, source: measurement.scale.source,
      calibration: key.reference(to: calibration, for: .calibration, in: study),
      ageDays: measurement.scale.ageDays)
    return HairMeasurement(
      image: measurement.image, acquisition: measurement.acquisition, scale: scale,
      measuredArea: measurement.measuredArea, cutOffs: measurement.cutOffs,
      intervalLevel: measurement.intervalLevel, summary: measurement.summary,
      hairs: measurement.hairs, quality: measurement.quality, provenance: measurement.provenance)
  }

  /// What was done to the acquisition, for the report of removals.
  var removals: [Removal] {
    [
      Removal(carrier: "file name", action: "removed", rule: "not-listed"),
      Removal(carrier: "original digest", action: "removed", rule: "keyed-reference"),
      Removal(carrier: "capture date", action: "recoded", rule: "study-day"),
      Removal(
        carrier: "subject", action: profile == .trial ? "kept" : "recoded",
        rule: profile == .trial ? "trial-subject-number" : "random-code"),
    ]
  }
}

extension Recoding {
  /// Days from the capture of the anchor visit, the study's way: the anchor is its anchor day, and
  /// there is no day 0.
  ///
  /// The anchor is the first placement and field of the anchor visit in the same region; where it is
  /// missing there, its own placement's, else the first of the study's other regions. `nil` when
  /// either date is not known: a planned day would pass for a real one.
  private func studyDay(
    of acquisition: AcquisitionKey, in delivery: DeliveryContext
  ) async throws -> Int? {
    guard let anchorVisit else { return nil }
    let isAnchor = acquisition.visit == anchorVisit && acquisition.session == firstSession
    let itself = isAnchor ? study.anchorDay : nil
    guard let date = try await delivery.ancestor(CapturedImage.self)?.date else { return itself }
    func anchor(_ region: String, _ side: String, _ placement: Int = 1, _ field: Int = 1)
      -> AcquisitionKey
    {
      AcquisitionKey(
        study: acquisition.study, subject: acquisition.subject, visit: anchorVisit,
        session: firstSession, region: region, side: side, placement: placement, field: field)
    }
    let (region, side) = (acquisition.region, acquisition.side)
    let anchors =
      [
        anchor(region, side), anchor(region, side, acquisition.placement, acquisition.field),
      ] + study.regions.filter { $0.code != region }.map { anchor($0.code, $0.side) }
    for key in anchors {
      let identity = key.identity(of: CapturedImage.schema)
      guard let first = try await delivery.lookup(CapturedImage.self, identity)?.date else {
        continue
      }
      let day = study.anchorDay + date.dayNumber - first.dayNumber
      return study.anchorDay > 0 && day <= 0 ? day - 1 : day
    }
    return itself
  }

  private var firstSession: String { study.sessions.first?.name ?? "D0" }

  /// Where no study file states what subjects and visits are called, they must look like codes.
  ///
  /// There a subject may be a person's name, and a visit a date.
  private func checkNames(of acquisition: AcquisitionKey) throws {
    if profile == .trial, study.subjectPattern == nil, !Recoding.isCode(acquisition.subject) {
      throw StageError(
        .record, "subject_may_identify", subject: "the subject is no plain code with a digit",
        hint: "state subjects.pattern in the study file, or release with 'profile: public'")
    }
    let others = [
      ("visit", acquisition.visit, study.visits.isEmpty),
      ("session", acquisition.session, study.sessions.isEmpty),
      ("region", acquisition.region, study.regions.isEmpty),
      ("side", acquisition.side, study.regions.isEmpty),
    ]
    for (name, text, isFree) in others
    where isFree && !(Recoding.isPlain(text) && text.count(where: \.isNumber) <= 4) {
      throw StageError(
        .record, "\(name)_may_identify", subject: "the \(name) is no plain short word",
        hint: "name it in the study file, or call it by a word without date, space or name")
    }
  }

  /// A code has a digit, and no more than three letters side by side, as a name has.
  private static func isCode(_ text: String) -> Bool {
    guard isPlain(text), text.contains(where: \.isNumber) else { return false }
    return !text.split(whereSeparator: { !$0.isLetter }).contains { $0.count > 3 }
  }

  /// At most 16 letters and digits of ASCII, dashes, points and underscores.
  private static func isPlain(_ text: String) -> Bool {
    let characters = text.utf8
    let arePlain = characters.allSatisfy {
      (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0)
        || [0x2D, 0x2E, 0x5F].contains($0)
    }
    return arePlain && (1...16).contains(characters.count)
  }
}
