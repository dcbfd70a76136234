import StageKit

/// Draws for scenes: all from SplitMix64 and IEEE operations, so the same everywhere.
extension SeededGenerator {
  /// A sequence of its own for one purpose, so that a new draw elsewhere changes nothing here.
  ///
  /// - Parameters:
  ///   - seed: the scene's seed.
  ///   - purpose: a fixed word, such as `units`.
  ///   - number: which of several, such as a hair's id.
  init(seed: UInt64, _ purpose: StaticString, _ number: Int = 0) {
    let start = purpose.withUTF8Buffer { SeededGenerator.seed(seed, for: $0) }
    let mixed = start &+ UInt64(bitPattern: Int64(number)) &* 0x9E37_79B9_7F4A_7C15
    self.init(seed: mixed)
    _ = next()
  }

  /// A seed of its own for a name, such as a subject's.
  static func seed(_ seed: UInt64, for name: String) -> UInt64 {
    SeededGenerator.seed(seed, for: name.utf8)
  }

  private static func seed(_ seed: UInt64, for bytes: some Sequence<UInt8>) -> UInt64 {
    // FNV-1a, 64 bits, over the name; one step of the generator mixes in the seed.
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    var mixer = SeededGenerator(seed: seed ^ hash)
    return mixer.next()
  }

  /// A number from 0 up to but not including 1, in steps of 2⁻⁵³.
  mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// A number within a range.
  mutating func uniform(_ range: ClosedRange<Double>) -> Double {
    range.lowerBound + (range.upperBound - range.lowerBound) * unit()
  }

  /// A whole number from 0 up to but not including `bound`.
  mutating func whole(below bound: Int) -> Int {
    Int(truncatingIfNeeded: next().multipliedFullWidth(by: UInt64(bound)).high)
  }

  /// A normal deviate of mean 0 and standard deviation 1 (Box and Muller 1958, one of the pair).
  mutating func normal() -> Double {
    let radius = (-2 * PortableMath.log(1 - unit())).squareRoot()
    return radius * PortableMath.direction(PortableMath.twoPi * unit()).x
  }

  /// A deviate whose logarithm is normal, given the mean and standard deviation of the deviate.
  mutating func logNormal(mean: Double, deviation: Double) -> Double {
    let variance = PortableMath.log(1 + deviation * deviation / (mean * mean))
    let centre = PortableMath.log(mean) - variance / 2
    return PortableMath.exp(centre + variance.squareRoot() * normal())
  }

  /// Which of some weights: index `i` comes up in proportion to `weights[i]`.
  mutating func pick(_ weights: [Double]) -> Int {
    var rest = unit() * weights.reduce(0, +)
    for (index, weight) in weights.enumerated() {
      rest -= weight
      if rest < 0 { return index }
    }
    return weights.count - 1
  }

  /// Whether an event of this probability happens.
  mutating func happens(_ probability: Double) -> Bool { unit() < probability }

  /// A point evenly distributed in a rectangle centred on the origin.
  mutating func point(in size: SIMD2<Double>) -> SIMD2<Double> {
    let x = unit() - 0.5
    let y = unit() - 0.5
    return SIMD2(x * size.x, y * size.y)
  }

  /// The elements in random order (Fisher and Yates).
  mutating func shuffled<Element>(_ elements: [Element]) -> [Element] {
    var result = elements
    for last in stride(from: result.count - 1, to: 0, by: -1) {
      result.swapAt(last, whole(below: last + 1))
    }
    return result
  }
}
