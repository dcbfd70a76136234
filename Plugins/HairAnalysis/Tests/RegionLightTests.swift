import ClinicalRecords
import HairAnalysis
import ImageCodecs
import Imaging
import Phantom
import StageKit
import StageTesting
import Testing

/// Blond hair shows best in blue light, dark hair in all: whose picture decides is asked here.
@Suite("The light of a region")
struct RegionLightTests {
  private static let host = TestHost()
  private static let fair = Result { try photograph(of: .blond) }
  private static let dark = Result { try photograph(of: .black) }

  private static func photograph(of colour: HairColour) throws -> StoredContent {
    var description = ScalpDescription()
    description.hairColour = colour
    description.skinTone = .typeI
    var conditions = CaptureConditions()
    conditions.width = 640
    conditions.height = 480
    conditions.micrometresPerPixel = 7
    let scene = try ScalpScene(description, patch: conditions.patch(reach: 1500), seed: 5)
    let bytes = try JPEGEncoder(quality: 92).encode(scene.photographed(under: conditions).image)
    return StoredContent(bytes: bytes, sha256: host.sha256(of: bytes), mediaType: "image/jpeg")
  }

  private func captured(
    _ visit: String, _ picture: StoredContent, field: Int = 1
  ) -> CapturedImage {
    CapturedImage(
      acquisition: AcquisitionKey(
        study: "open", subject: "S-001", visit: visit, region: "VX", field: field),
      original: picture, fileName: "\(visit).jpg")
  }

  private func channel(
    of image: CapturedImage, _ host: TestHost, study: Study = .open(),
    settings: AnalyseHairSettings = AnalyseHairSettings()
  ) async throws -> String {
    let stage = try AnalyseHair(settings: settings, context: host.context(study: study))
    let light = StandardTone.light(of: try ImageDecoder().decode(image.original.bytes()))
    let calibrated = CalibratedImage(
      captured: image, light: light,
      scale: ImageScale(micrometresPerPixel: 7, relativeUncertainty: 0.01, source: .argument))
    let delivery = DeliveryContext(
      stage: host.context(study: study), origin: host.store(image), attempt: 1)
    return try await stage.process(calibrated, in: delivery).provenance.channel
  }

  private var scheduled: Study {
    var study = Study.open()
    study.visits = [
      Study.Visit(name: "BL", day: 1, window: 0...0),
      Study.Visit(name: "W12", day: 85, window: 0...0),
    ]
    return study
  }

  @Test func `is that of the picture itself when it is the first`() async throws {
    #expect(try await channel(of: captured("V1", Self.fair.get()), TestHost()) == "blue")
    #expect(try await channel(of: captured("V1", Self.dark.get()), TestHost()) == "luma")
  }

  @Test func `is held from the study's first visit on, whatever later ones show`() async throws {
    let host = TestHost()
    let later = try captured("W12", Self.dark.get())
    #expect(try await channel(of: later, host, study: scheduled) == "luma")
    _ = host.store(try captured("BL", Self.fair.get()))
    #expect(try await channel(of: later, host, study: scheduled) == "blue")
  }

  @Test func `is one for the fields of a visit in a study without a schedule`() async throws {
    let host = TestHost()
    _ = host.store(try captured("V1", Self.dark.get()))
    #expect(try await channel(of: captured("V1", Self.fair.get(), field: 2), host) == "luma")
    #expect(try await channel(of: captured("V2", Self.fair.get()), host) == "blue")
  }

  @Test func `is the picture's own when its region's first cannot be decoded`() async throws {
    let host = TestHost()
    _ = host.store(CapturedImage.sample())
    let bytes = Array("no picture".utf8)
    let broken = StoredContent(
      bytes: bytes, sha256: host.sha256(of: bytes), mediaType: "image/jpeg")
    _ = host.store(captured("BL", broken))
    let later = try captured("W12", Self.fair.get())
    #expect(try await channel(of: later, host, study: scheduled) == "blue")
  }

  @Test func `is the setting's where one is set`() async throws {
    var settings = AnalyseHairSettings()
    settings.channel = "luma"
    let image = try captured("V1", Self.fair.get())
    #expect(try await channel(of: image, TestHost(), settings: settings) == "luma")
  }
}
