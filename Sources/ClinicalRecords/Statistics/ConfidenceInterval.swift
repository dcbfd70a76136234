#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The two ends of an interval.
package struct ConfidenceInterval: Sendable, Equatable {
  /// The lower end.
  package let low: Double
  /// The upper end, at least `low`.
  package let high: Double

  /// Makes an interval.
  package init(low: Double, high: Double) {
    self.low = low
    self.high = high
  }

  /// Both ends multiplied by a factor above 0.
  package func scaled(by factor: Double) -> ConfidenceInterval {
    ConfidenceInterval(low: low * factor, high: high * factor)
  }

  /// The interval about `estimate` with an independent relative error added.
  ///
  /// Distances of the ends are combined in quadrature on the logarithmic scale, so that a factor
  /// (µm per pixel) widens both ends by the same ratio and no end passes zero.
  ///
  /// - Parameters:
  ///   - estimate: inside the interval.
  ///   - relative: the standard uncertainty of the factor, relative to it.
  ///   - level: the interval's level, such as 0.95.
  package func widened(
    about estimate: Double, byRelative relative: Double, level: Double
  ) -> ConfidenceInterval {
    guard relative > 0 else { return self }
    let reach = NormalDistribution.twoSidedQuantile(level: level) * relative
    guard estimate > 0 else {
      return ConfidenceInterval(low: low, high: high * exp(reach))
    }
    let below = low > 0 ? log(estimate / low) : .infinity
    let above = high > 0 ? log(high / estimate) : 0
    return ConfidenceInterval(
      low: estimate * exp(-hypot(below, reach)), high: estimate * exp(hypot(above, reach)))
  }
}
