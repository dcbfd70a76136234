import ClinicalRecords
import HairAnalysis
import Imaging
import StageKit
import StageTesting
import Testing

@Suite("The stage hair.analyse")
struct AnalyseHairTests {
  @Test("holds to what every stage must hold to")
  func conformance() async throws {
    let host = TestHost()
    let problems = try await StageConformance.problems(
      of: AnalyseHair.self,
      samples: [
        (calibrated(RenderedScalp.rows(), host), nil), (calibrated(RenderedScalp(), host), nil),
      ], host: host, context: host.context(), planted: ["S-001"])
    #expect(problems.isEmpty)
  }

  @Test("measures the whole picture without a target area, and says what made the figures")
  func wholePicture() throws {
    let host = TestHost()
    let stage = try AnalyseHair(settings: AnalyseHairSettings(), context: host.context())
    let image = calibrated(RenderedScalp.rows(), host)
    let found = try stage.measurement(of: image, acquisition: nil)
    #expect(found.acquisition == nil)
    #expect(found.summary.hairCount.value == 12)
    #expect(abs(found.measuredArea.squareCentimetres - 480 * 400 * 25e-8) < 1e-9)
    #expect(found.measuredArea.guardMicrometres == 0)
    #expect(found.provenance.model.hasPrefix("sha256:"))
    #expect(found.provenance.settings.count == 71)
    #expect(found.provenance.stage == "hair.analyse")
    #expect(abs((found.summary.medianDiameter.value ?? 0) - 70) < 1)
  }

  @Test("counts in the target area less its guard, and refuses a picture that cannot hold it")
  func targetArea() throws {
    let host = TestHost()
    var study = Study.open()
    study.targetArea = Study.TargetArea(
      shape: .circle, widthMicrometres: 1800, heightMicrometres: 1800, guardMicrometres: 200,
      leastReadable: 0.9)
    let stage = try AnalyseHair(
      settings: AnalyseHairSettings(), context: host.context(study: study))
    let image = calibrated(RenderedScalp.rows(), host)
    let found = try stage.measurement(of: image, acquisition: nil)
    #expect(abs(found.measuredArea.squareCentimetres / (0.0049 * Double.pi) - 1) < 0.01)
    #expect(found.measuredArea.guardMicrometres == 200)
    #expect(found.quality.accepted)
    for hair in found.hairs {
      let x = hair.root[0] - 239.5
      let y = hair.root[1] - 199.5
      #expect(hair.counted == (x * x + y * y < 140 * 140))
    }
    study.targetArea?.widthMicrometres = 5000
    let wider = try AnalyseHair(
      settings: AnalyseHairSettings(), context: host.context(study: study))
    let refused = try wider.measurement(of: image, acquisition: nil)
    #expect(!refused.quality.accepted)
    #expect(refused.quality.reasons.contains { $0.contains("target area") })
  }

  @Test("refuses a scale at which no hair can be seen", arguments: [0.1, 50])
  func scale(micrometres: Double) throws {
    let host = TestHost()
    let stage = try AnalyseHair(settings: AnalyseHairSettings(), context: host.context())
    let error = #expect(throws: StageError.self) {
      try stage.measurement(
        of: calibrated(RenderedScalp(), host, scale: micrometres), acquisition: nil)
    }
    #expect(error?.code.name == "scale_out_of_range")
    #expect(error?.failureClass == .record)
  }

  @Test("refuses to follow a line less far than it starts it from")
  func settings() {
    var settings = AnalyseHairSettings()
    settings.followMultiple = 6
    #expect(settings.problems().map(\.key) == ["follow_multiple"])
    #expect(AnalyseHairSettings().problems().isEmpty)
  }

  private func calibrated(
    _ scalp: RenderedScalp, _ host: TestHost, scale: Double? = nil
  ) -> CalibratedImage {
    let bytes = Array("picture".utf8)
    let original = StoredContent(
      bytes: bytes, sha256: host.sha256(of: bytes), mediaType: "image/jpeg")
    let key = AcquisitionKey(study: "open", subject: "S-001", visit: "V1", region: "VX")
    return CalibratedImage(
      captured: CapturedImage(acquisition: key, original: original, fileName: "a.jpg"),
      light: scalp.render(),
      scale: ImageScale(
        micrometresPerPixel: scale ?? scalp.micrometresPerPixel, relativeUncertainty: 0.01,
        source: .argument))
  }
}
