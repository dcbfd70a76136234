public import ClinicalRecords
import ImageCodecs
public import StageKit

/// `phantom.scalp`: makes captured images of synthetic scalps, and the truth beside them.
///
/// One subject's region is one scalp: its placements are retakes of the same hairs, its visits the
/// same scalp later. The truth never enters a record; it is written to files of its own.
public struct ScalpPhantom: Source {
  /// What it declares.
  public static let manifest = StageManifest(
    id: "phantom.scalp",
    summary: "Renders synthetic scalps with exact truth: subjects, visits, retakes, overlays.",
    resultVersion: "1",
    // 44 bytes a pixel: three planes of light and one in the blur, twice with defocus, three of the
    // shaft painter, the picture.
    workingSetBytes: 44 * ScalpPhantomSettings.mostPixels)

  private let settings: ScalpPhantomSettings
  private let context: StageContext
  private let schedule: PhantomSchedule

  /// Checks the settings against the study.
  ///
  /// - Throws: a fatal ``StageError`` with code `not_in_study`.
  public init(settings: ScalpPhantomSettings, context: StageContext) async throws {
    self.settings = settings
    self.context = context
    schedule = try PhantomSchedule(settings, study: context.study)
  }

  /// Renders picture after picture, then writes the truth.
  public func run(into output: SourceOutput<CapturedImage>) async throws {
    var figures = TruthTable(settings.truth.isEmpty ? nil : context.folder.resolve(settings.truth))
    var hairs = try TruthLines(
      settings.truthHairs.isEmpty ? nil : context.folder.resolve(settings.truthHairs))
    context.expect(schedule.entries.count)
    for entry in schedule.entries {
      try Task.checkCancellation()
      let picture: PhantomPicture
      let bytes: [UInt8]
      do {
        picture = try photograph(entry)
        bytes = try encode(picture)
      } catch let error as PhantomError {
        throw StageError(
          .fatal, "phantom_\(error.code.name)", subject: error.subject, hint: error.hint)
      } catch let error as ImageCodecError {
        throw StageError(
          .fatal, "codec_\(error.code.name)", subject: error.subject, hint: error.hint)
      }
      let content = context.content(bytes, mediaType: "image/\(settings.format.rawValue)")
      let name = fileName(entry)
      figures.add(picture.truth, of: entry.key, file: name)
      try hairs.add(picture.truth, of: entry.key, file: name)
      try await output.emit(
        CapturedImage(
          acquisition: entry.key, original: content, fileName: name, date: entry.date,
          statedMicrometresPerPixel: settings.stateScale ? settings.umPerPx : nil,
          device: CaptureDevice(model: "phantom", serial: nil)))
    }
    try figures.write()
    try hairs.commit()
  }

  private func photograph(_ entry: PhantomSchedule.Entry) throws -> PhantomPicture {
    let key = entry.key
    let seed = SeededGenerator.seed(
      UInt64(settings.seed), for: "\(key.subject)/\(key.region)/\(key.field)")
    var conditions = settings.conditions
    conditions.seed = seed
    var description = settings.description
    var person = SeededGenerator(
      seed: SeededGenerator.seed(UInt64(settings.seed), for: key.subject), "person")
    description.hairsPerSquareCentimetre = min(
      600, max(0, settings.density * (1 + settings.densitySpread * person.normal())))
    description.growthDirection = person.uniform(-180...180)
    let longest =
      settings.hairState == .clipped ? description.stubLength[1] : description.longLength * 1.5
    var scene = try ScalpScene(
      description, patch: conditions.patch(reach: longest + 200), seed: seed)
    for visit in stride(from: 1, through: entry.visit, by: 1) {
      scene = try scene.evolved(
        by: settings.evolution(
          responding: responds(key),
          days: schedule.visits[visit].day - schedule.visits[visit - 1].day, visit: visit)
      ).scene
    }
    let take = 100 * entry.visit + key.placement
    if take > 1 { conditions = conditions.retaken(take) }
    conditions.overlay = overlay(entry)
    return try scene.photographed(under: conditions)
  }

  private func responds(_ key: AcquisitionKey) -> Bool {
    guard settings.responders.contains(key.subject) else { return false }
    if !settings.responsiveRegions.isEmpty {
      return settings.responsiveRegions.contains(key.region)
    }
    let role = schedule.regions.first { $0.code == key.region }?.role ?? ""
    return !role.contains("control")
  }

  private func overlay(_ entry: PhantomSchedule.Entry) -> BurnedInOverlay {
    var overlay = BurnedInOverlay()
    guard settings.burnedInOn.isEmpty || settings.burnedInOn.contains(entry.number) else {
      return overlay
    }
    let parts = settings.burnedIn
    if parts.contains(.header) {
      // Pictures follow each other by seven minutes from nine o'clock on.
      let minute = 9 * 60 + 7 * (entry.number % 60)
      let time =
        "\(twoDigits(minute / 60)):\(twoDigits(minute % 60)):\(twoDigits(entry.number % 60))"
      let day = entry.date.description.split(separator: "-").joined(separator: "/")
      // The magnification on a monitor 250 mm wide, as such devices count it.
      let times = Int((250_000 / (Double(settings.width) * settings.umPerPx)).rounded())
      overlay.header = [
        entry.key.subject, "\(settings.width)x\(settings.height)", "\(day) \(time)", "mm",
        "\(times)x",
      ]
    }
    if parts.contains(.notCalibrated) { overlay.header.append("not calibrated") }
    if !settings.headerText.isEmpty { overlay.header.insert(settings.headerText, at: 0) }
    if parts.contains(.scaleBar) { overlay.scaleBarMillimetres = 1 }
    if parts.contains(.circle) { overlay.circleMillimetres = 2 }
    return overlay
  }

  private func encode(_ picture: PhantomPicture) throws -> [UInt8] {
    switch settings.format {
    case .jpeg: try JPEGEncoder(quality: settings.quality).encode(picture.image)
    // Noise hardly compresses; level 1 takes a quarter of the time of 6 for some percent more.
    case .png: try PNGEncoder(compression: 1).encode(picture.image)
    }
  }

  private func fileName(_ entry: PhantomSchedule.Entry) -> String {
    let key = entry.key
    let suffix = settings.format == .jpeg ? "jpg" : "png"
    return
      "\(key.subject)_\(key.visit)_\(key.region)_p\(key.placement)_f\(key.field).\(suffix)"
  }

  private func twoDigits(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
