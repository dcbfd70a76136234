import Calibration
import ClinicalRecords
import StageKit
import StageTesting
import Testing

@Suite("Every picture gets a scale with its origin, or is refused")
struct ScaleTests {
  let files: TemporaryFiles
  let picture: [UInt8]

  init() throws {
    files = try TemporaryFiles()
    picture = try CalibrationHarness.tone(128)
  }

  private func withProfile(_ text: String = CalibrationHarness.profile()) throws
    -> CalibrationHarness
  {
    var harness = CalibrationHarness()
    harness.settings.profile = try files.write(Array(text.utf8), to: "scope.yaml")
    return harness
  }

  private func inTrial(_ harness: CalibrationHarness) -> CalibrationHarness {
    var harness = harness
    harness.study.imaging.scaleFromCalibration = true
    harness.study.imaging.calibrationMaxAgeDays = 7
    harness.study.imaging.maxRelativeUncertainty = 0.003
    return harness
  }

  @Test("The manifest's scale is taken, with the uncertainty of a typed one")
  func fromManifest() async throws {
    let harness = CalibrationHarness()
    let scale = try await harness.process(harness.captured(picture)).scale
    #expect(scale.micrometresPerPixel == 2.5)
    #expect(scale.source == .manifest)
    #expect(scale.relativeUncertainty == 0.012)
  }

  @Test("The setting overrides the manifest")
  func fromArgument() async throws {
    var harness = CalibrationHarness()
    harness.settings.umPerPx = 5
    harness.settings.relativeUncertainty = 0.003
    let scale = try await harness.process(harness.captured(picture)).scale
    #expect(
      scale == ImageScale(micrometresPerPixel: 5, relativeUncertainty: 0.003, source: .argument))
  }

  @Test("A profile gives scale, uncertainty, name and age", arguments: [nil, 2.505])
  func fromProfile(stated: Double?) async throws {
    let harness = try withProfile()
    let scale = try await harness.process(harness.captured(picture, scale: stated)).scale
    #expect(
      scale
        == ImageScale(
          micrometresPerPixel: 2.5, relativeUncertainty: 0.002, source: .profile,
          calibration: "scope-7-2026-03", ageDays: 2))
    #expect(harness.host.log.isEmpty)
  }

  @Test("A profile in JSON is the same profile")
  func json() async throws {
    let harness = try withProfile(
      """
      {"anagen_calibration": 1,
       "calibrations": [{"id": "j", "um_per_px": 2.5, "rel_u": 0.002, "made": "2026-03-08"}]}
      """
    )
    let scale = try await harness.process(harness.captured(picture)).scale
    #expect(scale.calibration == "j")
  }

  @Test("Distortion that is not corrected widens the uncertainty")
  func distortion() async throws {
    let harness = try withProfile(CalibrationHarness.profile("k1: 0.01"))
    let scale = try await harness.process(harness.captured(picture)).scale
    #expect(abs(scale.relativeUncertainty - 0.017436) < 1e-5)
  }

  @Test(
    "No scale, a scale of 0 and a negative one are refused with a remedy",
    arguments: [(nil, "no_scale"), (0, "bad_scale"), (-2.5, "bad_scale"), (.nan, "bad_scale")]
      as [(Double?, String)])
  func noScale(scale: Double?, code: String) async {
    let harness = CalibrationHarness()
    #expect(await harness.refusal(harness.captured(picture, scale: scale)) == "record \(code)")
  }

  @Test("A setting that is 0, negative or doubled is found before the run")
  func badSettings() {
    let entry = StageEntry(ApplyCalibration.self)
    let both = JSONValue.object([
      JSONValue.Member("um_per_px", .number(2)), JSONValue.Member("profile", .string("x.yaml")),
    ])
    #expect(entry.checkSettings(both, nil)?.key == "um_per_px")
    let schema = entry.settingsSchema.text
    #expect(schema.contains(#""minimum":0.1"#))
  }

  @Test("A trial refuses what a calibration does not vouch for")
  func trialRefusals() async throws {
    let trial = inTrial(try withProfile())
    #expect(await trial.refusal(trial.captured(picture)) == "2.5")
    #expect(
      await trial.refusal(trial.captured(picture, date: nil)) == "record calibration_age_unknown")
    #expect(await trial.refusal(trial.captured(picture, scale: 2.6)) == "record scale_disagrees")
    #expect(await trial.refusal(trial.captured(picture, serial: "S8")) == "record wrong_device")
    #expect(await trial.refusal(trial.captured(picture, serial: "S7")) == "2.5")
    #expect(
      await inTrial(CalibrationHarness()).refusal(trial.captured(picture))
        == "fatal calibration_required")
    let vague = inTrial(try withProfile(CalibrationHarness.profile("k2: 0.01")))
    #expect(await vague.refusal(trial.captured(picture)) == "fatal calibration_uncertain")
  }

  @Test("Outside a trial a stated scale that differs is logged")
  func openFlags() async throws {
    let harness = try withProfile()
    _ = try await harness.process(harness.captured(picture, scale: 3))
    #expect(
      harness.host.log.map(\.message)
        == ["the stated scale differs from the calibration; the calibration is taken"])
  }

  @Test("A profile with mistakes names all of them and their places")
  func badProfile() async throws {
    let harness = try withProfile(
      """
      anagen_calibration: 2
      device: S7
      calibrations:
        - id: x
          um_per_px: -1
          made: 2026-02-30
          lens: 20x
          flat_field: flat.png
        - {id: x, um_per_px: 2, rel_u: 0.002, made: 2026-03-08}
        - {id: y, um_per_px: 2, rel_u: 0.002, made: 2026-03-08, expires: 2026-03-01}
        - z
      """)
    do {
      _ = try await harness.stage()
      Issue.record("it was taken")
    } catch let error as StageError {
      let lines = error.subject.split(separator: "\n").map { line in
        line.drop { $0 != ":" }.dropFirst().prefix { $0 != ";" }
      }
      #expect(
        lines.sorted()
          == [
            "11:5: error: a calibration is no mapping",
            "1:21: error: the file is no calibration profile of version 1",
            "2:9: error: the key 'device' is unknown",
            "4:5: error: the key 'rel_u' is missing",
            "5:16: error: 'um_per_px' is no number from 0.1 to 100.0",
            "6:11: error: 'made' is no day",
            "7:11: error: the key 'lens' is unknown",
            "8:17: error: 'flat_field' stands without 'flat_field_sha256'",
            "9:10: error: the id stands twice",
            "10:47: error: a second calibration of the same device and day",
            "10:68: error: the calibration expires before it was made",
          ].sorted())
    }
  }

  @Test(
    "What is no profile, or not there, stops the start",
    arguments: [
      "[1, 2", "- a", "text", "", "anagen_calibration: 1",
      "anagen_calibration: 1\ncalibrations: []",
    ])
  func noProfile(text: String) async throws {
    let harness = try withProfile(text)
    await #expect(throws: StageError.self) { try await harness.stage() }
    var missing = CalibrationHarness()
    missing.settings.profile = "/nowhere.yaml"
    await #expect(throws: StageError.self) { try await missing.stage() }
  }
}
