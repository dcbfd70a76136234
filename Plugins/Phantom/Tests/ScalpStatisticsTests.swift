import Phantom
import Testing

@Suite struct ScalpStatisticsTests {
  static let patch = SIMD2(40_000.0, 40_000.0)
  static let squareCentimetres = 16.0

  @Test(arguments: [20.0, 80, 170, 260, 450])
  func `density is what was asked for, within its Poisson error`(density: Double) throws {
    var description = ScalpDescription()
    description.hairsPerSquareCentimetre = density
    let scene = try ScalpScene(description, patch: Self.patch, seed: 3)
    let expected = density * Self.squareCentimetres
    #expect(abs(Double(scene.hairs.count) - expected) < 3 * expected.squareRoot())
  }

  @Test func `counts of fields scatter less than Poisson, as units keep their distance`() throws {
    let scene = try ScalpScene(ScalpDescription(), patch: Self.patch, seed: 11)
    let side = 3200.0
    var counts: [Double] = []
    for row in -5..<5 {
      for column in -5..<5 {
        let corner = SIMD2(Double(column), Double(row)) * side
        let inside = scene.unitCentres.count {
          $0.x >= corner.x && $0.x < corner.x + side && $0.y >= corner.y && $0.y < corner.y + side
        }
        counts.append(Double(inside))
      }
    }
    let mean = counts.reduce(0, +) / Double(counts.count)
    let variance =
      counts.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(counts.count - 1)
    #expect(variance / mean < 0.8)
  }

  @Test(arguments: [0.0, 0.2, 0.45, 1])
  func `vellus, telogen and grey shares are what was asked for`(share: Double) throws {
    var description = ScalpDescription()
    description.vellusShare = share
    description.telogenShare = share
    let scene = try ScalpScene(description, patch: Self.patch, seed: 9)
    let count = Double(scene.hairs.count)
    let error = 3 * (share * (1 - share) / count).squareRoot() + 1e-9
    let vellus = Double(scene.hairs.count { $0.isVellus(atMost: 40) }) / count
    let telogen = Double(scene.hairs.count { $0.telogen }) / count
    #expect(abs(vellus - share) <= error)
    #expect(abs(telogen - share) <= error)
  }

  @Test func `terminal diameters have the mean that was asked for and lie above the cut-off`()
    throws
  {
    let scene = try ScalpScene(ScalpDescription(), patch: Self.patch, seed: 2)
    let diameters = scene.hairs.map(\.diameter).filter { $0 > 40 }
    let mean = diameters.reduce(0, +) / Double(diameters.count)
    #expect(abs(mean - 66) < 1.5)
    #expect(diameters.allSatisfy { $0 <= 150 })
  }

  @Test func `units hold one to four hairs, two most often`() throws {
    let scene = try ScalpScene(ScalpDescription(), patch: Self.patch, seed: 4)
    let sizes = Dictionary(grouping: scene.hairs, by: \.unit).mapValues(\.count)
    let histogram = (1...4).map { size in sizes.values.count { $0 == size } }
    #expect(histogram.reduce(0, +) == sizes.count)
    #expect(histogram[1] == histogram.max())
    #expect(histogram.allSatisfy { $0 > 0 })
  }
}
