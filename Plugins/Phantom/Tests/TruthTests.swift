import Imaging
import Phantom
import Testing

@Suite struct TruthTests {
  @Test func `figures follow from the hairs whose root lies in the picture`() throws {
    let conditions = CaptureConditions()
    let scene = try ScalpScene(ScalpDescription(), patch: conditions.patch(reach: 1500), seed: 30)
    let truth = try scene.photographed(under: conditions).truth
    let inside = truth.hairs.filter {
      $0.root.x >= -0.5 && $0.root.x < 1279.5 && $0.root.y >= -0.5 && $0.root.y < 959.5
    }
    let figures = truth.summary
    #expect(figures.hairCount == inside.count)
    #expect(figures.hairCount < truth.hairs.count, "hairs enter from outside")
    #expect(figures.terminalCount + figures.vellusCount == figures.hairCount)
    #expect(abs(figures.squareCentimetres - 0.3072) < 1e-9)
    #expect(abs(figures.hairDensity - Double(inside.count) / 0.3072) < 1e-6)
    let thickness = inside.map(\.diameterMicrometres).reduce(0, +) / 1000 / 0.3072
    #expect(abs(figures.cumulativeThickness - thickness) < 1e-6)
  }

  @Test func `a part of the picture has its own figures`() throws {
    let conditions = CaptureConditions()
    let scene = try ScalpScene(ScalpDescription(), patch: conditions.patch(reach: 1500), seed: 30)
    let truth = try scene.photographed(under: conditions).truth
    let left = truth.summary(squareCentimetres: 0.1536) { $0.x < 639.5 }
    let right = truth.summary(squareCentimetres: 0.1536) { $0.x >= 639.5 }
    #expect(left.hairCount + right.hairCount == truth.summary.hairCount)
  }

  @Test(arguments: [1, 2, 3, 4])
  func `the median of an even number is the mean of the middle two`(count: Int) throws {
    let hairs = (0..<count).map {
      ScalpHair(
        id: $0, unit: $0, root: SIMD2(Double($0) * 150, 0), angle: 1, length: 300,
        diameter: Double(50 + 10 * $0))
    }
    let conditions = TestScenes.small
    let scene = try ScalpScene(
      TestScenes.plainSkin, patch: conditions.patch(reach: 500), seed: 1, hairs: hairs)
    let median = try scene.photographed(under: conditions).truth.summary.medianDiameter
    #expect(median == [50, 55, 60, 65][count - 1])
  }

  @Test func `bare skin has a density of zero and no diameter`() throws {
    var description = ScalpDescription()
    description.hairsPerSquareCentimetre = 0
    let conditions = TestScenes.small
    let figures = try ScalpScene(description, patch: conditions.patch(reach: 0), seed: 1)
      .photographed(under: conditions).truth.summary
    #expect(figures.hairCount == 0)
    #expect(figures.hairDensity == 0)
    #expect(figures.medianDiameter == nil)
  }
}
