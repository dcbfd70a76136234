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
  private let recoded: RecodedNames
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
    recoded = try RecodedNames(context)
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
  /// - Throws: ``StageError`` of class `transient` when a code's meaning cannot be kept.
  func released(
    _ acquisition: AcquisitionKey, in delivery: DeliveryContext
  ) async throws -> ReleasedAcquisition {
    ReleasedAcquisition(
      reference: key.reference(to: acquisition.path, for: .acquisition, in: acquisition.study),
      study: acquisition.study, subject: try subject(of: acquisition),
      visit: try word("visit", acquisition.visit, of: acquisition),
      studyDay: try await studyDay(of: acquisition, in: delivery),
      session: try word("session", acquisition.session, of: acquisition),
      region: try word("region", acquisition.region, of: acquisition),
      side: try word("side", acquisition.side, of: acquisition), placement: acquisition.placement,
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

  /// What was done to an acquisition, for the report of removals.
  func removals(of acquisition: AcquisitionKey) -> [Removal] {
    let isKept = profile == .trial && !isRecoded("subject", acquisition)
    let words = ["visit", "session", "region", "side"].filter { isRecoded($0, acquisition) }
    return [
      Removal(carrier: "file name", action: "removed", rule: "not-listed"),
      Removal(carrier: "original digest", action: "removed", rule: "keyed-reference"),
      Removal(carrier: "capture date", action: "recoded", rule: "study-day"),
      Removal(
        carrier: "subject", action: isKept ? "kept" : "recoded",
        rule: isKept
          ? "trial-subject-number" : profile == .trial ? "may-identify" : "random-code"),
    ] + words.map { Removal(carrier: $0, action: "recoded", rule: "may-identify") }
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
    guard let date = try await delivery.ancestor(CapturedImage.self)?.date else { return nil }
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
    let isAnchor = acquisition.visit == anchorVisit && acquisition.session == firstSession
    return isAnchor ? study.anchorDay : nil
  }

  private var firstSession: String { study.sessions.first?.name ?? "D0" }

  // MARK: Names

  /// What leaves for a subject: its trial subject number, or a code.
  private func subject(of acquisition: AcquisitionKey) throws -> String {
    if let linking {
      let code = key.reference(to: acquisition.subject, for: .subject, in: acquisition.study)
      try linking.note(
        LinkingEntry(study: acquisition.study, subject: acquisition.subject, code: code))
      return code
    }
    guard isRecoded("subject", acquisition) else { return acquisition.subject }
    let code = key.reference(to: acquisition.subject, for: .subject, in: acquisition.study)
    try recoded.note("subject", acquisition.subject, as: code)
    return code
  }

  /// What leaves for a word of the key: itself, or a code such as `visit-7k2m9q4d`.
  private func word(_ column: String, _ text: String, of acquisition: AcquisitionKey) throws
    -> String
  {
    guard isRecoded(column, acquisition) else { return text }
    // 40 bits: of a thousand words of a study two have one code with a probability of 5 in 10^7.
    let reference = key.reference(to: "\(column)\n\(text)", for: .name, in: acquisition.study)
    let code = "\(column)-\(reference.prefix(8))"
    try recoded.note(column, text, as: code)
    return code
  }

  /// Whether a part of the key leaves as a code, since no study file states what it is called and it
  /// could be a person's name, a date or a number that somebody has elsewhere.
  private func isRecoded(_ column: String, _ acquisition: AcquisitionKey) -> Bool {
    switch column {
    case "subject":
      profile == .trial && study.subjectPattern == nil
        && !PlainNames.isSubject(acquisition.subject)
    case "visit": study.visits.isEmpty && !PlainNames.isVisit(acquisition.visit)
    case "session": study.sessions.isEmpty && !PlainNames.isVisit(acquisition.session)
    case "region": study.regions.isEmpty && !PlainNames.isRegion(acquisition.region)
    default: study.regions.isEmpty && !PlainNames.isRegion(acquisition.side)
    }
  }
}
