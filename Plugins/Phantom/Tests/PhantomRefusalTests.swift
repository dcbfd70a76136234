import Phantom
import Testing

@Suite struct PhantomRefusalTests {
  struct Scalp: CustomTestStringConvertible {
    let testDescription: String
    let code: PhantomError.Code
    let change: @Sendable (inout ScalpDescription) -> Void
    init(
      _ name: String, _ code: PhantomError.Code = .outOfRange,
      _ change: @escaping @Sendable (inout ScalpDescription) -> Void
    ) {
      testDescription = name
      self.code = code
      self.change = change
    }
  }

  static let scalps: [Scalp] = [
    Scalp("negative density") { $0.hairsPerSquareCentimetre = -1 },
    Scalp("too dense") { $0.hairsPerSquareCentimetre = 601 },
    Scalp("density not a number") { $0.hairsPerSquareCentimetre = .nan },
    Scalp("vellus share above 1") { $0.vellusShare = 1.01 },
    Scalp("terminal hair as thin as vellus") { $0.terminalDiameterMean = 40 },
    Scalp("cut-off above terminal hair", .contradiction) {
      $0.terminalDiameterMean = 45
      $0.vellusAtMost = 50
    },
    Scalp("stub too short") { $0.stubLength = [0, 100] },
    Scalp("stubs out of order", .contradiction) { $0.stubLength = [900, 500] },
    Scalp("one stub length", .contradiction) { $0.stubLength = [900] },
    Scalp("no unit sizes", .contradiction) { $0.unitWeights = [] },
    Scalp("no weight", .contradiction) { $0.unitWeights = [0, 0] },
    Scalp("negative weight", .contradiction) { $0.unitWeights = [1, -1] },
    Scalp("endless curl") { $0.curvature = .infinity },
    Scalp("texture beyond 4") { $0.texture = 5 },
  ]

  @Test(arguments: scalps)
  func `a scalp that cannot be is refused`(scalp: Scalp) throws {
    var description = ScalpDescription()
    scalp.change(&description)
    let error = #expect(throws: PhantomError.self) {
      _ = try ScalpScene(description, patch: SIMD2(5000, 5000), seed: 1)
    }
    #expect(error?.code == scalp.code)
  }

  struct Capture: CustomTestStringConvertible {
    let testDescription: String
    let change: @Sendable (inout CaptureConditions) -> Void
    init(_ name: String, _ change: @escaping @Sendable (inout CaptureConditions) -> Void) {
      testDescription = name
      self.change = change
    }
  }

  static let captures: [Capture] = [
    Capture("no pixels") { $0.width = 0 },
    Capture("too many pixels") {
      $0.width = 16_000
      $0.height = 16_000
    },
    Capture("no scale") { $0.micrometresPerPixel = 0 },
    Capture("scale not a number") { $0.micrometresPerPixel = .nan },
    Capture("negative blur") { $0.pointSpread = -1 },
    Capture("no light") { $0.exposure = 0 },
    Capture("glare everywhere") { $0.glare = 1 },
    Capture("a thousand bubbles") { $0.bubbles = 1000 },
    Capture("one coordinate") { $0.shift = [0] },
    Capture("field off the patch") { $0.shift = [3000, 0] },
  ]

  @Test(arguments: captures)
  func `conditions that cannot be are refused`(capture: Capture) throws {
    let scene = try ScalpScene(ScalpDescription(), patch: SIMD2(5000, 5000), seed: 1)
    var conditions = TestScenes.small
    capture.change(&conditions)
    #expect(throws: PhantomError.self) { _ = try scene.photographed(under: conditions) }
  }

  @Test func `a scene of more hairs than can be kept is refused`() {
    var description = ScalpDescription()
    description.hairsPerSquareCentimetre = 600
    let error = #expect(throws: PhantomError.self) {
      _ = try ScalpScene(description, patch: SIMD2(100_000, 100_000), seed: 1)
    }
    #expect(error?.code == .tooLarge)
  }

  @Test func `the densest scalp that is allowed can be grown and photographed`() throws {
    var description = ScalpDescription()
    description.hairsPerSquareCentimetre = 600
    let conditions = TestScenes.small
    let scene = try ScalpScene(description, patch: conditions.patch(reach: 1500), seed: 1)
    #expect(try scene.photographed(under: conditions).truth.summary.hairCount > 0)
  }
}
