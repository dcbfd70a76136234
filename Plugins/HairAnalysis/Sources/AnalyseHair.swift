public import ClinicalRecords
import Imaging
public import StageKit

/// `hair.analyse`: finds and measures the hairs of a calibrated picture.
///
/// With a target area in the study, roots are counted in that area around the picture's centre,
/// inset by its guard; without one, in the whole picture. Masks act on roots and area alike.
public struct AnalyseHair: Transform {
  /// What the stage declares of itself.
  public static let manifest = StageManifest(
    id: "hair.analyse",
    summary: "Finds every hair, its root, diameter and follicular unit, and how sure that is.",
    resultVersion: "1.3.0",
    // Before a field of 16.8 x 12.6 mm, whose twelve planes at 5.6 µm and one of its own pixels take
    // less: the region's first picture with 24 megapixels of 16 bits, and its light.
    workingSetBytes: 416 << 20)

  /// The most samples at the working scale: a field of 40 x 40 mm, far beyond any contact probe.
  static let mostWorkingSamples = 51_000_000.0
  /// The least width and height in µm, the shortest stub that the reference study reads (STUDY §4).
  ///
  /// A smaller field holds no whole hair, and its density would be a guess.
  static let shortestSide = 500.0
  /// µm per pixel within which hairs have a width that can be seen.
  static let readableScale = 0.5...20.0

  private let analyser: HairAnalyser
  /// `nil` when the channel is set.
  private let regionLight: RegionLight?
  private let intervalLevel: Double
  private let targetArea: Study.TargetArea?
  private let cutOffs: CutOffs
  private let model: String
  private let settingsDigest: String

  /// Takes the cut-offs and the target area from the context's study.
  public init(settings: AnalyseHairSettings, context: StageContext) throws {
    var held = settings.analyser
    held.cutOffs = context.study.cutOffs
    let analyser = HairAnalyser(settings: held)
    self.analyser = analyser
    regionLight =
      held.channel == nil ? RegionLight(analyser: analyser, study: context.study) : nil
    intervalLevel = settings.intervalLevel
    targetArea = context.study.targetArea
    cutOffs = context.study.cutOffs
    model = "sha256:\(context.host.sha256(of: CandidateClassifier.tableBytes))"
    do {
      let canonical = try CanonicalJSONEncoder().encode(held)
      settingsDigest = "sha256:\(context.host.sha256(of: canonical))"
    } catch {
      throw StageError(
        .fatal, "settings_not_encodable", subject: "the settings of hair.analyse cannot be encoded",
        hint: "\(error)")
    }
  }

  /// Measures a picture, in the light that its region is measured in; the measurement names the
  /// picture's acquisition.
  public func process(
    _ input: CalibratedImage, in delivery: DeliveryContext
  ) async throws -> HairMeasurement {
    try measurement(
      of: input, acquisition: input.captured.acquisition,
      in: try await regionLight?.channel(for: input, in: delivery))
  }

  /// An upper bound: as many hairs as fit side by side.
  public func outputByteCount(for input: CalibratedImage) -> Int {
    // 2,000 hairs/cm² is six times the densest scalp; each takes some 700 bytes.
    let scale = input.scale.micrometresPerPixel
    let area = Double(input.light.width) * Double(input.light.height) * scale * scale * 1e-8
    return 65_536 + Int(min(area, 100) * 2000 * 700)
  }

  /// Measures a picture outside a run.
  ///
  /// - Parameters:
  ///   - image: the calibrated picture.
  ///   - acquisition: which acquisition it is; `nil` for a bare file.
  ///   - channel: the light that is measured; the settings', or else the picture's best, when `nil`.
  /// - Throws: ``StageError`` of class `record` for a picture whose scale or field hair cannot be
  ///   measured at.
  public func measurement(
    of image: CalibratedImage, acquisition: AcquisitionKey?, in channel: MeasurementChannel? = nil
  ) throws -> HairMeasurement {
    let scale = image.scale.micrometresPerPixel
    try AnalyseHair.check(image)
    let region = region(of: image)
    let findings = analyser.measure(
      image.light, micrometresPerPixel: scale, unmeasurable: image.unmeasurable,
      region: region.polygon, in: channel)
    let pixelArea = scale * scale * 1e-8
    let area = MeasuredArea(
      squareCentimetres: Double(findings.openPixels) * pixelArea, outline: region.polygon.outline,
      guardMicrometres: region.guardMicrometres,
      maskedSquareCentimetres: Double(findings.maskedPixels) * pixelArea)
    return HairMeasurement(
      image: MeasuredImage(
        file: image.captured.fileName, sha256: image.captured.original.sha256,
        width: image.light.width, height: image.light.height),
      acquisition: acquisition, scale: image.scale, measuredArea: area, cutOffs: cutOffs,
      intervalLevel: intervalLevel,
      summary: HairSummary(
        hairs: findings.hairs, measuredArea: area, scale: image.scale, cutOffs: cutOffs,
        level: intervalLevel),
      hairs: findings.hairs, quality: quality(findings, region),
      provenance: MeasurementProvenance(
        stage: AnalyseHair.manifest.id, version: AnalyseHair.manifest.resultVersion, model: model,
        settings: settingsDigest, channel: findings.channel.rawValue))
  }

  private static func check(_ image: CalibratedImage) throws {
    let scale = image.scale.micrometresPerPixel
    guard readableScale.contains(scale) else {
      throw StageError(
        .record, "scale_out_of_range", subject: "hair cannot be measured at \(scale) um per pixel",
        hint: "check the scale; dermatoscopes give \(readableScale.lowerBound) to "
          + "\(readableScale.upperBound) um per pixel")
    }
    let side = Double(min(image.light.width, image.light.height)) * scale
    guard side >= shortestSide else {
      throw StageError(
        .record, "field_too_small",
        subject: "the picture has \(image.light.width) x \(image.light.height) pixels, less than "
          + "0.5 mm of skin at the scale given",
        hint: "check the scale, or give the whole photograph instead of a thumbnail")
    }
    guard isMeasurable(image.light, micrometresPerPixel: scale) else {
      throw StageError(
        .record, "field_too_large",
        subject: "the picture shows more than 16 cm2 at the scale given",
        hint: "check the scale, or cut the picture")
    }
  }

  /// Whether a picture's field at this scale has no more samples than there is memory for.
  static func isMeasurable(_ light: LinearLight, micrometresPerPixel: Double) -> Bool {
    let ratio = micrometresPerPixel / Double(WorkingPicture.micrometresPerPixel)
    return Double(light.width) * Double(light.height) * ratio * ratio <= mostWorkingSamples
  }

  private struct Region {
    var polygon: MeasuredRegion
    var guardMicrometres: Double
    /// The least share of it that must be readable, if the study says so.
    var leastReadable: Double?
    /// The area in pixels that the study asks for.
    var wantedPixels: Double?
  }

  /// The study's target area around the picture's centre, inset by its guard.
  private func region(of image: CalibratedImage) -> Region {
    let width = image.light.width
    let height = image.light.height
    guard let targetArea else {
      return Region(
        polygon: MeasuredRegion(wholeWidth: width, height: height), guardMicrometres: 0)
    }
    let scale = image.scale.micrometresPerPixel
    let inset = targetArea.guardMicrometres
    let centre = SIMD2(Double(width - 1) / 2, Double(height - 1) / 2)
    let half = SIMD2(
      max(1, (targetArea.widthMicrometres / 2 - inset) / scale),
      max(1, (targetArea.heightMicrometres / 2 - inset) / scale))
    let polygon: MeasuredRegion
    let wanted: Double
    switch targetArea.shape {
    case .circle:
      polygon = MeasuredRegion(circleAround: centre, radius: half.x)
      wanted = Double.pi * half.x * half.x
    case .rectangle:
      polygon = MeasuredRegion(outline: [
        [centre.x - half.x, centre.y - half.y], [centre.x + half.x, centre.y - half.y],
        [centre.x + half.x, centre.y + half.y], [centre.x - half.x, centre.y + half.y],
      ])
      wanted = 4 * half.x * half.y
    }
    return Region(
      polygon: polygon, guardMicrometres: inset, leastReadable: targetArea.leastReadable,
      wantedPixels: wanted)
  }

  private func quality(_ findings: HairFindings, _ region: Region) -> MeasurementQuality {
    let found = findings.quality
    guard let wanted = region.wantedPixels, let least = region.leastReadable,
      Double(findings.openPixels) < least * wanted
    else { return found }
    return MeasurementQuality(
      accepted: false,
      reasons: found.reasons + [
        "too little of the target area can be read: centre it, remove bubbles and overlays"
      ], sharpness: found.sharpness,
      pointSpreadSigmaMicrometres: found.pointSpreadSigmaMicrometres,
      glareShare: found.glareShare, exposure: found.exposure)
  }
}
