import ClinicalRecords
import StageKit

/// Decides a picture's scale: from the setting, else the profile, else what came with the picture.
///
/// A study that takes its scale from a calibration (STUDY §4, `imaging.scale`) takes no other.
struct ScaleRule: Sendable {
  /// The setting, in µm per pixel.
  let argument: Double?
  /// The relative standard uncertainty of a scale that states none.
  let typedUncertainty: Double
  let profile: CalibrationProfile?
  let imaging: Study.Imaging

  /// A stated scale may differ from the profile's by this share: scale marks drawn into pictures
  /// are compared at the same 0.5 %.
  static let agreement = 0.005

  /// Checks what can be checked before any picture is there.
  ///
  /// - Throws: ``StageError`` of class `fatal`.
  func check() throws {
    guard imaging.scaleFromCalibration else { return }
    guard let profile else {
      throw StageError(
        .fatal, "calibration_required", subject: "the study takes its scale from a calibration",
        hint: "give the calibrations of the device: a file in 'profile' of this stage, or in the "
          + "variable that stands there, as --var calibrations=FILE of reprocess.yaml")
    }
    guard let most = imaging.maxRelativeUncertainty else { return }
    for calibration in profile.calibrations where calibration.combinedRelativeUncertainty > most {
      throw StageError(
        .fatal, "calibration_uncertain",
        subject: "the relative uncertainty of calibration '\(calibration.id)' is above the study's "
          + "\(most)",
        hint: "calibrate the device again, or take the calibration out of the profile")
    }
  }

  /// What is decided about one picture.
  struct Decision {
    let scale: ImageScale
    /// The flat field of the calibration that was taken.
    let flatField: CalibrationProfile.FlatFieldFile?
    /// What is worth logging.
    let note: StaticString?
  }

  /// The scale of one picture.
  ///
  /// - Throws: ``StageError`` of class `record`.
  func scale(of captured: CapturedImage) throws -> Decision {
    if let argument { return typed(argument, .argument) }
    if let profile { return try scale(of: captured, profile) }
    guard let stated = captured.statedMicrometresPerPixel else {
      throw ScaleRule.refusal(
        "no_scale", "the picture has no scale",
        "fill the manifest's um_per_px, or set 'um_per_px' or 'profile'")
    }
    guard stated.isFinite, stated > 0 else {
      throw ScaleRule.refusal(
        "bad_scale", "the picture's scale is \(stated == 0 ? "0" : "negative or no number")",
        "correct the manifest's um_per_px")
    }
    return typed(stated, .manifest)
  }

  private func typed(_ value: Double, _ source: ImageScale.Source) -> Decision {
    Decision(
      scale: ImageScale(
        micrometresPerPixel: value, relativeUncertainty: typedUncertainty, source: source),
      flatField: nil, note: nil)
  }

  private func scale(
    of captured: CapturedImage, _ profile: CalibrationProfile
  ) throws -> Decision {
    let trial = imaging.scaleFromCalibration
    let (calibration, age) = try profile.calibration(
      for: captured, mostDays: trial ? imaging.calibrationMaxAgeDays : nil)
    var note: StaticString?
    if let stated = captured.statedMicrometresPerPixel,
      abs(stated / calibration.micrometresPerPixel - 1) > ScaleRule.agreement
    {
      guard !trial else {
        throw ScaleRule.refusal(
          "scale_disagrees", "the stated scale differs from the calibration by more than 0.5 %",
          "find out which is right; calibrate again if it is neither")
      }
      note = "the stated scale differs from the calibration; the calibration is taken"
    }
    let scale = ImageScale(
      micrometresPerPixel: calibration.micrometresPerPixel,
      relativeUncertainty: calibration.combinedRelativeUncertainty, source: .profile,
      calibration: calibration.id, ageDays: age)
    return Decision(scale: scale, flatField: calibration.flatField, note: note)
  }

  private static func refusal(_ code: String, _ subject: String, _ hint: String) -> StageError {
    StageError(.record, code, subject: subject, hint: hint)
  }
}
