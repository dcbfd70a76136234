import Imaging
import Phantom
import Testing

@Suite struct ShaftWidthTests {
  struct Shaft: CustomTestStringConvertible {
    let diameter: Double
    let degrees: Double
    let scale: Double
    var testDescription: String { "\(diameter) um, \(degrees) degrees, \(scale) um/px" }
  }

  static let shafts: [Shaft] = [5.0, 8.5].flatMap { scale in
    [20.0, 40, 66, 100].flatMap { diameter in
      [0.0, 17, 45, 80, -120].map { Shaft(diameter: diameter, degrees: $0, scale: scale) }
    }
  }

  /// A shaft is measured by the light that is missing.
  ///
  /// Light missing, divided by what a covered pixel misses, is the shaft's area; by the length
  /// looked at, its width. The optics' blur moves light but loses none.
  @Test(arguments: shafts)
  func `the light that a shaft takes away is its diameter`(shaft: Shaft) throws {
    var conditions = TestScenes.evenLight
    // Noise of about one code dithers the 8 bits away; over thousands of pixels it averages out.
    conditions.fullWellElectrons = 20_000
    conditions.width = 400
    conditions.height = 400
    conditions.micrometresPerPixel = shaft.scale
    let angle = shaft.degrees * .pi / 180
    let length = 1200.0
    let axis = SIMD2(cosine(angle), cosine(angle - .pi / 2))
    let hair = ScalpHair(
      id: 0, unit: 0, root: axis * (-length / 2) + SIMD2(3.3, 1.7), angle: angle,
      length: length, diameter: shaft.diameter)
    let description = TestScenes.plainSkin
    let scene = try ScalpScene(
      description, patch: conditions.patch(reach: 500), seed: 1, hairs: [hair])
    let optics = ShaftOptics(
      melanin: description.hairColour.melanin, diameter: shaft.diameter, grey: false)
    let missing =
      optics.opacity * (1 - optics.colour.green / description.skinTone.reflectance.green)

    // Four pictures that differ in noise alone, as one of a thin shaft has but few pixels.
    var widths: [Double] = []
    for seed in 1...4 {
      conditions.seed = UInt64(seed)
      let picture = try scene.photographed(under: conditions)
      let truth = try #require(picture.truth.hairs.first)
      #expect(truth.diameterMicrometres == shaft.diameter)
      #expect(truth.visible == 1)
      let area = missingPixels(
        TestScenes.linear(picture.image, channel: 1), from: truth.root, along: axis,
        span: 0.3 * length / shaft.scale...0.7 * length / shaft.scale,
        reach: (shaft.diameter / 2 + 60) / shaft.scale)
      widths.append(area / missing / (0.4 * length / shaft.scale) * shaft.scale)
    }
    let width = widths.reduce(0, +) / 4
    #expect(abs(width / shaft.diameter - 1) < 0.01, "\(width) um")
  }

  /// The light that is missing along a stretch of an axis, in pixels of background.
  ///
  /// The stretch is weighted by a trapezium, so that no pixel enters all at once. Beyond `reach`,
  /// 60 µm from the edge, a blur of 7 µm leaves nothing: what is there is the background.
  private func missingPixels(
    _ light: Plane<Float>, from root: SIMD2<Double>, along axis: SIMD2<Double>,
    span: ClosedRange<Double>, reach: Double
  ) -> Double {
    var beside = (light: 0.0, pixels: 0.0)
    var within: [(weight: Double, light: Double)] = []
    for y in 0..<light.height {
      for x in 0..<light.width {
        let offset = SIMD2(Double(x), Double(y)) - root
        let along = offset.x * axis.x + offset.y * axis.y
        let across = abs(offset.y * axis.x - offset.x * axis.y)
        let weight =
          min(max((along - span.lowerBound) / 10 + 0.5, 0), 1)
          * min(max((span.upperBound - along) / 10 + 0.5, 0), 1)
        guard weight > 0 else { continue }
        if across < reach {
          within.append((weight, Double(light[x, y])))
        } else {
          beside.light += weight * Double(light[x, y])
          beside.pixels += weight
        }
      }
    }
    let background = beside.light / beside.pixels
    return within.reduce(0) { $0 + $1.weight * (1 - $1.light / background) }
  }

  @Test func `a shaft that another crosses is hidden by the share it loses`() throws {
    var conditions = TestScenes.evenLight
    conditions.width = 300
    conditions.height = 300
    let under = ScalpHair(
      id: 0, unit: 0, root: SIMD2(-500, 0), angle: 0, length: 1000, diameter: 60, depth: 1)
    let over = ScalpHair(
      id: 1, unit: 1, root: SIMD2(0, -500), angle: .pi / 2, length: 1000, diameter: 100, depth: 2)
    let scene = try ScalpScene(
      TestScenes.plainSkin, patch: conditions.patch(reach: 500), seed: 1, hairs: [under, over])
    let hairs = try scene.photographed(under: conditions).truth.hairs
    #expect(abs(hairs[0].visible - 0.9) < 0.005)
    #expect(hairs[1].visible == 1)
  }

  /// The cosine by its series: exact enough for a test, and no C library.
  private func cosine(_ angle: Double) -> Double {
    var term = 1.0
    var sum = 1.0
    for step in 1...24 {
      term *= -angle * angle / Double((2 * step - 1) * (2 * step))
      sum += term
    }
    return sum
  }
}
