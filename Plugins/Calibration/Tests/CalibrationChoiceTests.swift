import Calibration
import ClinicalRecords
import StageKit
import StageTesting
import Testing

@Suite("Each picture takes the calibration of its device and day")
struct CalibrationChoiceTests {
  let files: TemporaryFiles
  let picture: [UInt8]

  init() throws {
    files = try TemporaryFiles()
    picture = try CalibrationHarness.tone(128)
  }

  /// Two devices calibrated weekly, one of them twice, and one calibration that never expires.
  private static let station = """
    anagen_calibration: 1
    calibrations:
      - {id: b2, device_serial: B, um_per_px: 4.2, rel_u: 0.002, made: 2026-03-15, expires: 2026-03-22}
      - {id: a1, device_serial: A, um_per_px: 2.1, rel_u: 0.002, made: 2026-03-01, expires: 2026-03-20}
      - {id: a2, device_serial: A, um_per_px: 2.2, rel_u: 0.002, made: 2026-03-08, expires: 2026-03-15}
      - {id: b1, device_serial: B, um_per_px: 4.1, rel_u: 0.002, made: 2026-03-08}
    """

  private func harness(_ profile: String, mostDays: Int? = nil) throws -> CalibrationHarness {
    var harness = CalibrationHarness()
    harness.settings.profile = try files.write(Array(profile.utf8), to: "scope.yaml")
    harness.study.imaging.scaleFromCalibration = mostDays != nil
    harness.study.imaging.calibrationMaxAgeDays = mostDays
    return harness
  }

  @Test(
    "The newest that was made by then and had not expired is taken",
    arguments: [
      ("A", "2026-03-01", "a1 0"), ("A", "2026-03-07", "a1 6"), ("A", "2026-03-08", "a2 0"),
      ("A", "2026-03-15", "a2 7"), ("A", "2026-03-16", "a1 15"), ("B", "2026-03-14", "b1 6"),
      ("B", "2026-03-15", "b2 0"), ("B", "2026-04-15", "b1 38"),
    ])
  func newest(serial: String, day: String, expected: String) async throws {
    let harness = try harness(CalibrationChoiceTests.station)
    let scale = try await harness.process(
      harness.captured(picture, scale: nil, date: CalendarDate(iso: day), serial: serial)
    ).scale
    #expect("\(scale.calibration ?? "") \(scale.ageDays ?? -1)" == expected)
    #expect(harness.host.log.isEmpty)
  }

  @Test(
    "Without one the picture is refused, and the gap is named in days",
    arguments: [
      (
        "A", "2026-03-21", "calibration_expired",
        "the last calibration had expired 1 day before the picture"
      ),
      (
        "A", "2026-02-17", "calibration_later",
        "the first calibration was made 12 days after the picture"
      ),
      (
        "B", "2026-05-31", "calibration_too_old",
        "the newest calibration was made 84 days before the picture, and the study allows 30"
      ),
      (
        "C", "2026-03-08", "wrong_device",
        "the picture was taken with a device that the profile does not have"
      ),
      (
        nil, "2026-03-08", "device_unknown",
        "the picture names no device, and the profile is of several devices"
      ),
      (
        "A", nil, "calibration_age_unknown",
        "the picture has no date, so which calibration was in force is unknown"
      ),
    ] as [(String?, String?, String, String)])
  func gap(serial: String?, day: String?, code: String, subject: String) async throws {
    let harness = try harness(CalibrationChoiceTests.station, mostDays: 30)
    let captured = harness.captured(
      picture, scale: nil, date: day.flatMap(CalendarDate.init(iso:)), serial: serial)
    let error = try #require(
      await #expect(throws: StageError.self) { try await harness.process(captured) })
    #expect(error.code.name == code)
    #expect(error.failureClass == .record)
    #expect(error.subject == subject)
    #expect(!error.hint.isEmpty)
  }

  @Test("One device needs no serial number, and a calibration without one holds for all")
  func anyDevice() async throws {
    let one = try harness(CalibrationHarness.profile())
    #expect(await one.refusal(one.captured(picture, serial: nil)) == "2.5")
    let all = try harness(
      """
      anagen_calibration: 1
      calibrations:
        - {id: all, um_per_px: 2.5, rel_u: 0.002, made: 2026-03-08}
        - {id: of-a, device_serial: A, um_per_px: 2.6, rel_u: 0.002, made: 2026-03-08}
      """)
    #expect(await all.refusal(all.captured(picture, serial: "A")) == "2.6")
    #expect(await all.refusal(all.captured(picture, serial: "B")) == "2.5")
  }

  @Test("Outside a trial one calibration serves a picture without a date; its age stays unknown")
  func undated() async throws {
    let profile = CalibrationHarness.profile()
    let expiring = try harness(profile)
    #expect(
      await expiring.refusal(expiring.captured(picture, date: nil))
        == "record calibration_age_unknown")
    let harness = try harness(profile.replacing("    expires: 2026-03-15\n", with: ""))
    let scale = try await harness.process(harness.captured(picture, date: nil)).scale
    #expect(scale.calibration == "scope-7-2026-03")
    #expect(scale.ageDays == nil)
  }
}
