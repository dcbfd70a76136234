import Imaging
import Testing

@Suite("Resampling")
struct ResamplingTests {
  @Test(
    "to a smaller size keeps the mean",
    arguments: [(64, 48, 32, 24), (64, 48, 29, 17), (100, 7, 99, 6), (5, 5, 1, 1), (37, 41, 36, 2)])
  func keepsMean(sizes: (Int, Int, Int, Int)) {
    let plane = Plane<Float>.pattern(width: sizes.0, height: sizes.1)
    let small = plane.resampled(toWidth: sizes.2, height: sizes.3)
    #expect(abs(small.sum / Float(small.count) - plane.sum / Float(plane.count)) < 1e-4)
  }

  @Test("to the same size changes nothing")
  func identity() {
    let plane = Plane<Float>.pattern(width: 13, height: 11)
    let same = plane.resampled(toWidth: 13, height: 11)
    #expect(same[4, 7] == plane[4, 7])
  }

  @Test("keeps a linear ramp where it is", arguments: [(80, 60), (23, 17), (61, 47)])
  func ramp(size: (Int, Int)) {
    let ramp = Plane<Float>(width: 40, height: 30) { target in
      for y in 0..<30 { for x in 0..<40 { target[y * 40 + x] = Float(x) + 2 * Float(y) } }
    }
    let other = ramp.resampled(toWidth: size.0, height: size.1)
    let x = size.0 / 2
    let y = size.1 / 2
    let sourceX = (Float(x) + 0.5) * 40 / Float(size.0) - 0.5
    let sourceY = (Float(y) + 0.5) * 30 / Float(size.1) - 0.5
    #expect(abs(other[x, y] - (sourceX + 2 * sourceY)) < 2e-2)
  }

  @Test("to half the size takes the mean of four, an odd rest with itself")
  func halved() {
    let plane = Plane<Float>(width: 3, height: 3, samples: [1, 2, 3, 5, 6, 7, 9, 10, 11])
    let half = plane.halved()
    #expect(half.width == 2 && half.height == 2)
    #expect(half[0, 0] == 3.5)
    #expect(half[1, 0] == 5)
    #expect(half[0, 1] == 9.5)
    #expect(half[1, 1] == 11)
  }

  @Test("between samples is linear and repeats the border")
  func sampler() {
    let plane = Plane<Float>(width: 2, height: 2, samples: [0, 1, 2, 3])
    plane.withSampler { sample in
      #expect(sample(0, 0) == 0)
      #expect(abs(sample(0.5, 0.5) - 1.5) < 1e-6)
      #expect(sample(-4, 0) == 0)
      #expect(sample(9, 9) == 3)
      #expect(sample.nearest(0.6, 0.4) == 1)
    }
  }
}
