import HairCurlStages
import Testing

@Suite struct ArcFitTests {
  @Test(arguments: [0.5, 2, 8, 40, 400])
  func `points of a circle give its curvature`(radius: Double) throws {
    let arc = try #require(ArcFit(Curves.arc(radius: radius, length: 1, count: 41)))
    #expect(abs(arc.curvature * radius - 1) < 1e-6)
    #expect(arc.residual < 1e-7)
  }

  @Test func `points of a line give 0 in every direction`() throws {
    for turn in stride(from: 0.0, to: .pi, by: 0.1) {
      let points = Curves.arc(radius: 1e12, length: 1, count: 41, heading: turn)
      let arc = try #require(ArcFit(points))
      #expect(arc.curvature < 1e-6)
    }
    let flat = (0..<10).map { SIMD2(Double($0), 3.0) }
    #expect(ArcFit(flat) == ArcFit(flat.reversed()))
    #expect(try #require(ArcFit(flat)).curvature == 0)
    #expect(try #require(ArcFit(flat)).residual == 0)
  }

  @Test func `points at one place are no arc`() {
    #expect(ArcFit(Array(repeating: SIMD2(1, 2), count: 5)) == nil)
  }
}
