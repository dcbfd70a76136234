import Foundation
import HairAnalysis
import Imaging
import Testing

@Suite("The parts of the measurement")
struct MeasurementPartsTests {
  @Test(
    "a bar fit returns what made the profile",
    arguments: [(20.0, 6.0), (35, 7), (60, 7), (60, 14), (95, 5)])
  func barFit(width: Double, sigma: Double) throws {
    let positions = stride(from: -90.0, through: 90, by: 2.5).map { $0 }
    let light = positions.map { u -> Double in
      let scale = 1 / (sigma * 2.0.squareRoot())
      let bar = 0.5 * (erf((u - 3 + width / 2) * scale) - erf((u - 3 - width / 2) * scale))
      return 0.4 + 0.0003 * u - 0.35 * bar
    }
    let free = try #require(
      BarFit(
        positions: positions, light: light,
        start: BarFit.Start(width: 1.3 * width, sigma: 8, fitsSigma: true)))
    #expect(abs(free.width - width) < 0.05)
    #expect(abs(free.sigma - sigma) < 0.05)
    #expect(abs(free.centre - 3) < 0.01)
    let held = try #require(
      BarFit(
        positions: positions, light: light,
        start: BarFit.Start(width: 0.8 * width, sigma: sigma, fitsSigma: false)))
    #expect(abs(held.width - width) < 0.05)
    #expect(abs(held.depth - 0.35) < 0.002)
  }

  @Test("a bar fit of a flat profile is none, or has no depth", arguments: [0.0, 0.3])
  func noBar(level: Double) {
    let positions = (0..<40).map { Double($0 - 20) * 2 }
    let fit = BarFit(
      positions: positions, light: positions.map { _ in level },
      start: BarFit.Start(width: 30, sigma: 7, fitsSigma: false))
    #expect((fit?.depth ?? 0) <= 0.01)
  }

  @Test("units join the closest roots first and do not chain")
  func units() {
    let chain = (0..<6).map { SIMD2(Double($0) * 31, 0.0) }
    let found = UnitFormation().units(of: chain, micrometresPerPixel: 5)
    #expect(Set(found).count == 3, "155 µm steps: no unit spreads over 300 µm")
    let apart = UnitFormation().units(of: [SIMD2(0, 0), SIMD2(0, 41)], micrometresPerPixel: 5)
    #expect(apart == [0, 1])
    let pair = UnitFormation().units(of: [SIMD2(0, 0), SIMD2(0, 39)], micrometresPerPixel: 5)
    #expect(pair == [0, 0])
    #expect(UnitFormation().units(of: [], micrometresPerPixel: 5).isEmpty)
  }

  @Test("a circle region has the circle's area")
  func circle() {
    let region = MeasuredRegion(circleAround: SIMD2(50, 60), radius: 40)
    var area = 0.0
    var before = region.outline[region.outline.count - 1]
    for corner in region.outline {
      area += 0.5 * (before[0] * corner[1] - corner[0] * before[1])
      before = corner
    }
    #expect(abs(area / (Double.pi * 1600) - 1) < 1e-5)
    #expect(region.contains(50, 60))
    #expect(region.contains(50, 99.5))
    #expect(!region.contains(50, 100.5))
  }
}
