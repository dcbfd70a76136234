/// Mean, spread and order of some values, with their intervals.
package struct SampleMoments: Sendable {
  /// The values in rising order.
  package let sorted: [Double]
  /// Their mean.
  package let mean: Double
  /// Their standard deviation with divisor n − 1; `nil` below two values.
  package let standardDeviation: Double?

  /// Takes values; `nil` when there are none.
  package init?(_ values: [Double]) {
    guard !values.isEmpty else { return nil }
    sorted = values.sorted()
    let count = Double(values.count)
    let mean = sorted.reduce(0, +) / count
    self.mean = mean
    standardDeviation =
      values.count < 2
      ? nil
      : (sorted.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (count - 1)).squareRoot()
  }

  /// The middle value, or the mean of the two middle ones.
  package var median: Double {
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  }

  /// Standard deviation over mean; `nil` below two values or for a mean of 0.
  package var variationCoefficient: Double? {
    guard let standardDeviation, mean > 0 else { return nil }
    return standardDeviation / mean
  }

  /// Student's interval of the mean; `nil` below two values.
  package func meanInterval(level: Double) -> ConfidenceInterval? {
    guard let standardDeviation else { return nil }
    let count = Double(sorted.count)
    let half =
      StudentDistribution.twoSidedQuantile(level: level, degreesOfFreedom: count - 1)
      * standardDeviation / count.squareRoot()
    return ConfidenceInterval(low: mean - half, high: mean + half)
  }

  /// The interval of the median between two order statistics, whatever the distribution (Thompson
  /// 1936, Annals of Mathematical Statistics 7:122); covers at least `level`.
  ///
  /// `nil` when even the whole sample covers less: below six values at 0.95.
  package func medianInterval(level: Double) -> ConfidenceInterval? {
    let count = sorted.count
    let tail = (1 - level) / 2
    var rank = 0
    while rank < count / 2 {
      // P(Binomial(n, 1/2) <= rank) = I(1/2; n - rank, rank + 1), DLMF 8.17.5.
      let below = IncompleteBeta.regularised(
        0.5, a: Double(count - rank), b: Double(rank + 1))
      if below > tail { break }
      rank += 1
    }
    guard rank > 0 else { return nil }
    return ConfidenceInterval(low: sorted[rank - 1], high: sorted[count - rank])
  }

  /// The interval of the coefficient of variation (Vangel 1996, American Statistician 50:21, the
  /// modified interval of McKay); made for normal values with a coefficient below about one third.
  ///
  /// `nil` below two values and where the formula has no upper end.
  package func variationInterval(level: Double) -> ConfidenceInterval? {
    guard let coefficient = variationCoefficient, coefficient > 0 else { return nil }
    let freedom = Double(sorted.count - 1)
    let square = coefficient * coefficient
    func end(_ probability: Double) -> Double? {
      let chiSquare = 2 * IncompleteGamma.inverse(shape: freedom / 2, probability)
      let divisor =
        ((chiSquare + 2) / Double(sorted.count) - 1) * square + chiSquare / freedom
      return divisor > 0 ? coefficient / divisor.squareRoot() : nil
    }
    guard let low = end((1 + level) / 2), let high = end((1 - level) / 2) else { return nil }
    return ConfidenceInterval(low: low, high: high)
  }
}
