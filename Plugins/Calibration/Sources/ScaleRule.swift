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
        hint: "set 'profile' to the device's calibration profile")
    }
    if let most = imaging.maxRelativeUncertainty, profile.combinedRelativeUncertainty > most {
      throw StageError(
        .fatal, "calibration_uncertain",
        subject: "the calibration's relative uncertainty is above the study's \(most)",
        hint: "calibrate the device again")
    }
  }

  /// The scale of one picture, and what is worth logging about it.
  ///
  /// - Throws: ``StageError`` of class `record`.
  func scale(of captured: CapturedImage) throws -> (scale: ImageScale, note: StaticString?) {
    if let argument { return (typed(argument, .argument), nil) }
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
    return (typed(stated, .manifest), nil)
  }

  private func typed(_ value: Double, _ source: ImageScale.Source) -> ImageScale {
    ImageScale(
      micrometresPerPixel: value, relativeUncertainty: typedUncertainty, source: source)
  }

  private func scale(
    of captured: CapturedImage, _ profile: CalibrationProfile
  ) throws -> (scale: ImageScale, note: StaticString?) {
    if let serial = captured.device?.serial, let calibrated = profile.deviceSerial,
      serial != calibrated
    {
      throw ScaleRule.refusal(
        "wrong_device", "the picture was taken with another device than was calibrated",
        "set 'profile' to that device's calibration")
    }
    let age = captured.date.map { $0.dayNumber - profile.made.dayNumber }
    let note = try judge(captured, age: age, profile)
    let scale = ImageScale(
      micrometresPerPixel: profile.micrometresPerPixel,
      relativeUncertainty: profile.combinedRelativeUncertainty, source: .profile,
      calibration: profile.id, ageDays: age)
    return (scale, note)
  }

  /// Refuses what a trial may not use; elsewhere the same is noted.
  private func judge(
    _ captured: CapturedImage, age: Int?, _ profile: CalibrationProfile
  ) throws -> StaticString? {
    let trial = imaging.scaleFromCalibration
    if let stated = captured.statedMicrometresPerPixel,
      abs(stated / profile.micrometresPerPixel - 1) > ScaleRule.agreement
    {
      guard !trial else {
        throw ScaleRule.refusal(
          "scale_disagrees", "the stated scale differs from the calibration by more than 0.5 %",
          "find out which is right; calibrate again if it is neither")
      }
      return "the stated scale differs from the calibration; the calibration is taken"
    }
    if let date = captured.date, let expires = profile.expires, date > expires {
      guard !trial else {
        throw ScaleRule.refusal(
          "calibration_expired", "the calibration had expired when the picture was taken",
          "calibrate the device again, or name the profile of that day")
      }
      return "the calibration had expired when the picture was taken"
    }
    guard trial, let most = imaging.calibrationMaxAgeDays else { return nil }
    guard let age else {
      throw ScaleRule.refusal(
        "calibration_age_unknown", "the picture has no date, so its calibration has no age",
        "fill the manifest's date")
    }
    guard abs(age) <= most else {
      throw ScaleRule.refusal(
        "calibration_too_old", "the calibration lies more than \(most) days from the picture",
        "calibrate the device again, or name the profile of that week")
    }
    return nil
  }

  private static func refusal(_ code: String, _ subject: String, _ hint: String) -> StageError {
    StageError(.record, code, subject: subject, hint: hint)
  }
}
