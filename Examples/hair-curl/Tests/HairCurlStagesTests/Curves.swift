import Foundation

/// Lines that tests know everything of.
enum Curves {
  /// Points along an arc, evenly spaced, in the unit of its radius.
  static func arc(
    radius: Double, length: Double, count: Int, heading: Double = 0.3
  ) -> [SIMD2<Double>] {
    (0..<count).map { index in
      let along = length * Double(index) / Double(count - 1)
      // The chord from the start, by half angles: exact also for the largest radius.
      let half = along / (2 * radius)
      let chord = half == 0 ? 0 : along * sin(half) / half
      let angle = heading + half
      return SIMD2(5, 7) + chord * SIMD2(cos(angle), sin(angle))
    }
  }

  /// Half circles of one radius that turn left and right in turn: a wave of constant curvature.
  static func wave(radius: Double, halves: Int, pointsPerHalf: Int = 200) -> [SIMD2<Double>] {
    var points: [SIMD2<Double>] = []
    for half in 0..<halves {
      let sign = half.isMultiple(of: 2) ? 1.0 : -1.0
      for index in 0..<pointsPerHalf {
        let angle = Double.pi * (1 - Double(index) / Double(pointsPerHalf))
        let middle = radius * (1 + 2 * Double(half))
        points.append(SIMD2(middle + radius * cos(angle), sign * radius * sin(angle)))
      }
    }
    return points
  }
}

/// A generator that gives the same numbers on every run: SplitMix64.
struct Noise {
  private var state: UInt64
  init(_ seed: UInt64) { state = seed }

  private mutating func unit() -> Double {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return (Double((z ^ (z >> 31)) >> 11) + 0.5) / 9_007_199_254_740_992
  }

  /// A normal number of standard deviation 1 (Box and Muller).
  mutating func normal() -> Double {
    (-2 * log(unit())).squareRoot() * cos(2 * .pi * unit())
  }
}
