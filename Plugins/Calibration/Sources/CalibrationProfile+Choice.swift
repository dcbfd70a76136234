import ClinicalRecords
import StageKit

extension CalibrationProfile {
  /// The calibration that holds for a picture: of its device, the newest one made on or before the
  /// day of capture that had not expired then.
  ///
  /// A calibration without a device holds for every device; a picture without one matches any
  /// calibration as long as they are all of one device. A later calibration never counts: what
  /// happened to the device in between is unknown.
  ///
  /// - Parameters:
  ///   - captured: the picture; only its device and day are read.
  ///   - mostDays: the oldest calibration that the study allows.
  /// - Returns: the calibration, and its age in days where the picture has a date.
  /// - Throws: ``StageError`` of class `record` that names the gap in days.
  func calibration(
    for captured: CapturedImage, mostDays: Int?
  ) throws -> (calibration: Calibration, ageDays: Int?) {
    let candidates = try ofDevice(captured.device?.serial)
    guard let date = captured.date else {
      guard candidates.count == 1, candidates[0].expires == nil, mostDays == nil else {
        throw CalibrationProfile.refusal(
          "calibration_age_unknown",
          "the picture has no date, so which calibration was in force is unknown",
          "fill the manifest's 'date', or add {date} to the study's file pattern")
      }
      return (candidates[0], nil)
    }
    let earlier = candidates.filter { $0.made <= date }
    let inForce = earlier.filter { calibration in calibration.expires.map { date <= $0 } ?? true }
    guard let newest = inForce.max(by: CalibrationProfile.isOlder) else {
      throw CalibrationProfile.gap(on: date, earlier: earlier, all: candidates)
    }
    let age = date.dayNumber - newest.made.dayNumber
    if let mostDays, age > mostDays {
      throw CalibrationProfile.refusal(
        "calibration_too_old",
        "the newest calibration was made \(CalibrationProfile.days(age)) before the picture, and "
          + "the study allows \(mostDays)", CalibrationProfile.addition)
    }
    return (newest, age)
  }

  private func ofDevice(_ serial: String?) throws -> [Calibration] {
    guard let serial else {
      guard Set(calibrations.map(\.deviceSerial)).count == 1 else {
        throw CalibrationProfile.refusal(
          "device_unknown", "the picture names no device, and the profile is of several devices",
          "set 'profile' to a file with the calibrations of that device alone")
      }
      return calibrations
    }
    let matching = calibrations.filter { $0.deviceSerial == nil || $0.deviceSerial == serial }
    guard !matching.isEmpty else {
      throw CalibrationProfile.refusal(
        "wrong_device", "the picture was taken with a device that the profile does not have",
        "add that device's calibrations to the profile")
    }
    return matching
  }

  /// Of two made on one day, the one that names the device counts as the newer.
  private static func isOlder(_ first: Calibration, _ second: Calibration) -> Bool {
    if first.made != second.made { return first.made < second.made }
    return first.deviceSerial == nil && second.deviceSerial != nil
  }

  private static let addition = "add the calibration of that week to the profile"

  /// Why no calibration was in force on a day.
  private static func gap(
    on date: CalendarDate, earlier: [Calibration], all: [Calibration]
  ) -> StageError {
    if let last = earlier.compactMap(\.expires).max() {
      return refusal(
        "calibration_expired",
        "the last calibration had expired \(days(date.dayNumber - last.dayNumber)) before the picture",
        addition)
    }
    let first = all.map(\.made.dayNumber).min() ?? date.dayNumber
    return refusal(
      "calibration_later",
      "the first calibration was made \(days(first - date.dayNumber)) after the picture", addition)
  }

  private static func days(_ count: Int) -> String { count == 1 ? "1 day" : "\(count) days" }

  private static func refusal(_ code: String, _ subject: String, _ hint: String) -> StageError {
    StageError(.record, code, subject: subject, hint: hint)
  }
}
