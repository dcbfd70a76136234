public import ClinicalRecords
import FoundationEssentials
import ImageCodecs
import Imaging
public import StageKit

/// `calibration.apply`: decodes a captured image and gives its light and its scale.
///
/// Samples become linear light (sRGB undone), divided by the calibration's flat field where there is
/// one; the scale comes from the setting, else from the calibration that held on the day of capture,
/// else from the picture's manifest, with its uncertainty, origin and age. A picture that cannot be decoded or has no scale is refused with
/// the reason.
public struct ApplyCalibration: Transform {
  /// The stage's settings.
  public struct Settings: StageSettings {
    /// µm per pixel of every picture.
    public var umPerPx: Double?
    /// The relative standard uncertainty of a scale that is typed, here or in a manifest.
    ///
    /// 0.012 by default: by so much the scale bar and the circle that one trichoscope draws into
    /// its own pictures contradict each other (358.5 and 362.7 px/mm).
    public var relativeUncertainty = 0.012
    /// A profile with the calibrations of the devices.
    public var profile: String?
    /// The largest picture in megapixels.
    public var maxMegapixels = 24

    /// Makes the defaults.
    public init() {}

    /// The settings as the pipeline file shows them.
    public static let declarations: [SettingDeclaration] = [
      SettingDeclaration(
        "um_per_px", .number(0.1...100, unit: "um"),
        "The size of a pixel, for material without a calibration; overrides the manifest."),
      SettingDeclaration(
        "relative_uncertainty", .number(0...0.2, unit: nil),
        "The relative standard uncertainty of a scale that is typed, here or in a manifest."),
      SettingDeclaration(
        "profile", .inputFile,
        "The calibrations of the device and its optics; each picture takes the one of its day."),
      SettingDeclaration(
        "max_megapixels", .integer(1...120),
        "The largest picture; above 24 one picture takes more memory than the plan counts."),
    ]

    /// A typed scale and a profile contradict each other.
    public func problems() -> [SettingProblem] {
      guard umPerPx != nil, profile != nil else { return [] }
      return [
        SettingProblem(
          "um_per_px", "a typed scale and a profile are both given", hint: "remove one of them")
      ]
    }

    /// A study that takes its scale from a calibration needs a profile.
    public func problems(in study: Study) -> [SettingProblem] {
      guard study.imaging.scaleFromCalibration, profile == nil else { return [] }
      return [
        SettingProblem(
          "profile", "the study takes its scale from a calibration, and none is given",
          hint: "give the calibrations of the device: a file here, or in the variable that stands "
            + "here, as --var calibrations=FILE of reprocess.yaml")
      ]
    }
  }

  /// What the stage declares of itself.
  ///
  /// Working set of one 24-megapixel picture: the file (24 MB as JPEG of 8 bit a pixel) and 8-bit
  /// samples twice while they are turned upright, or 16-bit ones once (144 MB): 168 MB at most,
  /// 10 MB at 1.3 megapixels.
  public static let manifest = StageManifest(
    id: "calibration.apply",
    summary: "Decodes a photograph into linear light and gives it its scale.",
    resultVersion: "2", workingSetBytes: 168 << 20)

  private let context: StageContext
  private let decoder: ImageDecoder
  private let rule: ScaleRule
  private let flatFields: StoredFlatFields

  /// Reads the profile and checks its flat fields' digests, and holds it to the study.
  ///
  /// - Throws: ``StageError`` of class `fatal`.
  public init(settings: Settings, context: StageContext) async throws {
    self.context = context
    let decoder = ImageDecoder(limits: DecodingLimits(pixels: settings.maxMegapixels * 1_000_000))
    self.decoder = decoder
    let profile = try settings.profile.map { path in
      try CalibrationProfile(ApplyCalibration.bytes(of: path), file: path)
    }
    rule = ScaleRule(
      argument: settings.umPerPx, typedUncertainty: settings.relativeUncertainty, profile: profile,
      imaging: context.study.imaging)
    try rule.check()
    let profilePath = settings.profile ?? ""
    let read = { @Sendable (file: CalibrationProfile.FlatFieldFile) in
      try ApplyCalibration.bytes(of: file, besides: profilePath, context)
    }
    for file in Set(profile?.calibrations.compactMap(\.flatField) ?? []) { _ = try read(file) }
    flatFields = StoredFlatFields { file in
      do {
        return StandardTone.light(of: try decoder.decode(try read(file)))
      } catch let error as ImageCodecError {
        throw StageError(
          .fatal, error.code.name, subject: "\(file.path): error: \(error.subject)",
          hint: error.hint)
      }
    }
  }

  /// Decodes, linearises and scales one picture.
  ///
  /// - Throws: ``StageError`` of class `record` with the decoder's or the scale's reason.
  public func process(
    _ input: CapturedImage, in delivery: DeliveryContext
  ) async throws -> CalibratedImage {
    let decision = try rule.scale(of: input)
    if let note = decision.note { context.host.log(.warning, stage: context.stage, note, [:]) }
    let picture = try decoded(input)
    for note in picture.header.notes {
      context.host.log(
        .info, stage: context.stage, "a picture has a note", ["note": note.code.name])
    }
    let light = StandardTone.light(of: picture)
    guard let file = decision.flatField else {
      return CalibratedImage(captured: input, light: light, scale: decision.scale)
    }
    let even = try flatFields.corrected(light, by: file)
    return CalibratedImage(
      captured: input, light: even.light, scale: decision.scale, unmeasurable: even.unmeasurable)
  }

  /// The planes' size, from the picture's header; nothing when it will be refused.
  public func outputByteCount(for input: CapturedImage) -> Int {
    do {
      let header = try decoder.inspect(input.original.bytes())
      let mask = try rule.scale(of: input).flatField == nil ? 0 : 1
      let planes = header.channels * MemoryLayout<Float>.size + mask
      return header.width * header.height * planes + 1024
    } catch {
      // `process` meets the same error and says it.
      return 1024
    }
  }

  private func decoded(_ input: CapturedImage) throws -> DecodedImage {
    do {
      return try decoder.decode(context.bytes(of: input.original), fileName: input.fileName)
    } catch let error as ImageCodecError {
      let remedy = error.code == .tooLarge ? ", or raise 'max_megapixels' of this stage" : ""
      throw StageError(
        error.code == .outOfMemory ? .transient : .record, error.code.name, subject: error.subject,
        hint: error.hint + remedy)
    }
  }
}

extension ApplyCalibration {
  private static func bytes(of path: String) throws -> [UInt8] {
    do {
      return [UInt8](try Data(contentsOf: URL(filePath: path)))
    } catch {
      throw StageError(
        .fatal, "file_unreadable", subject: "\(path): error: the file cannot be read",
        hint: "check its path and rights")
    }
  }

  private static func bytes(
    of file: CalibrationProfile.FlatFieldFile, besides profile: String, _ context: StageContext
  ) throws -> [UInt8] {
    let folder = profile.lastIndex(of: "/").map { profile[...$0] } ?? ""
    let path = file.path.hasPrefix("/") ? file.path : folder + file.path
    let bytes = try bytes(of: path)
    guard context.host.sha256(of: bytes) == file.sha256 else {
      throw StageError(
        .fatal, "flat_field_changed", subject: "\(path): error: the file is not the profile's",
        hint: "restore the file, or state its SHA-256 in the profile")
    }
    return bytes
  }
}
