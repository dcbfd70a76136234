import Imaging
import Testing

@Suite("A Gaussian blur")
struct GaussianBlurTests {
  @Test("has taps that sum to one", arguments: [Float(0.5), 1, 1.6, 2.5, 5.7, 12])
  func normalised(sigma: Float) {
    let kernel = GaussianKernel(sigma: sigma)
    let sum = kernel.taps[0] + 2 * kernel.taps.dropFirst().reduce(0, +)
    #expect(abs(sum - 1) < 1e-5)
    #expect(kernel.radius >= Int(3 * sigma))
  }

  @Test("leaves a flat plane as it is, border included")
  func flat() {
    let blurred = Plane<Float>(width: 37, height: 19, repeating: 0.25).gaussianBlurred(sigma: 2)
    blurred.withUnsafeSamples { samples in
      for sample in samples { #expect(abs(sample - 0.25) < 1e-6) }
    }
  }

  @Test("keeps the sum of what lies away from the border")
  func keepsMass() {
    var plane = Plane<Float>(width: 64, height: 64, repeating: 0)
    plane[30, 33] = 4
    plane[20, 25] = 2
    #expect(abs(plane.gaussianBlurred(sigma: 3).sum - 6) < 1e-4)
  }

  @Test("agrees with the direct double sum")
  func separable() {
    let plane = Plane<Float>.pattern(width: 45, height: 31)
    let kernel = GaussianKernel(sigma: 1.7)
    let blurred = plane.convolvedSeparably(with: kernel)
    for (x, y) in [(0, 0), (44, 30), (7, 3), (22, 15), (41, 1), (8, 30)] {
      var expected: Float = 0
      for row in -kernel.radius...kernel.radius {
        for column in -kernel.radius...kernel.radius {
          let value = plane[min(max(x + column, 0), 44), min(max(y + row, 0), 30)]
          expected += value * kernel.taps[abs(row)] * kernel.taps[abs(column)]
        }
      }
      #expect(abs(blurred[x, y] - expected) < 1e-5)
    }
  }

  @Test("twice is one blur of the squares' sum")
  func semigroup() {
    let plane = Plane<Float>.pattern(width: 60, height: 60)
    let twice = plane.gaussianBlurred(sigma: 2).gaussianBlurred(sigma: 1.5)
    let once = plane.gaussianBlurred(sigma: 2.5)
    for x in 15..<45 { #expect(abs(twice[x, 30] - once[x, 30]) < 2e-3) }
  }

  @Test("works on the smallest planes", arguments: [(1, 1), (1, 9), (9, 1), (2, 3), (8, 8)])
  func tiny(size: (Int, Int)) {
    let plane = Plane<Float>(width: size.0, height: size.1, repeating: 1)
    #expect(abs(plane.gaussianBlurred(sigma: 4)[0, 0] - 1) < 1e-5)
  }
}

extension Plane<Float> {
  /// A fixed pattern without symmetry, within 0 and 1.
  static func pattern(width: Int, height: Int) -> Plane<Float> {
    Plane(width: width, height: height) { target in
      for index in target.indices {
        target[index] = Float((index * 2_654_435_761) >> 7 & 1023) / 1023
      }
    }
  }

  /// All samples added up.
  var sum: Float {
    withUnsafeSamples { samples in Float(samples.reduce(0.0) { $0 + Double($1) }) }
  }
}
