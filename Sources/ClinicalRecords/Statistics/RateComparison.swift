/// Two counts on two areas, compared.
package struct RateComparison: Sendable {
  /// The first count; the mean of repeated counts need not be whole.
  package let baselineCount: Double
  /// The first area, above 0.
  package let baselineArea: Double
  /// The second count.
  package let followUpCount: Double
  /// The second area, above 0.
  package let followUpArea: Double

  /// Takes two counts and their areas in one unit.
  package init(
    baselineCount: Double, baselineArea: Double, followUpCount: Double, followUpArea: Double
  ) {
    precondition(baselineArea > 0 && followUpArea > 0, "areas above 0")
    precondition(baselineCount >= 0 && followUpCount >= 0, "counts are not negative")
    self.baselineCount = baselineCount
    self.baselineArea = baselineArea
    self.followUpCount = followUpCount
    self.followUpArea = followUpArea
  }

  /// The second rate over the first; `nil` when either count is 0.
  package var ratio: Double? {
    guard baselineCount > 0, followUpCount > 0 else { return nil }
    return (followUpCount / followUpArea) / (baselineCount / baselineArea)
  }

  /// The exact interval of the ratio, given the sum of both counts (Przyborowski and Wilenski
  /// 1940, Biometrika 31:313, with the binomial limits of Clopper and Pearson 1934).
  package func ratioInterval(level: Double) -> ConfidenceInterval? {
    guard ratio != nil else { return nil }
    let tail = (1 - level) / 2
    let low = IncompleteBeta.inverse(tail, a: followUpCount, b: baselineCount + 1)
    let high = IncompleteBeta.inverse(1 - tail, a: followUpCount + 1, b: baselineCount)
    let areas = baselineArea / followUpArea
    return ConfidenceInterval(low: low / (1 - low) * areas, high: high / (1 - high) * areas)
  }

  /// The second rate minus the first.
  package var difference: Double {
    followUpCount / followUpArea - baselineCount / baselineArea
  }

  /// The interval of the difference from the exact interval of each rate (Zou and Donner 2008,
  /// Statistics in Medicine 27:1693).
  package func differenceInterval(level: Double) -> ConfidenceInterval {
    let first = baselineCount / baselineArea
    let second = followUpCount / followUpArea
    let baseline = PoissonInterval.exact(count: baselineCount, level: level)
      .scaled(by: 1 / baselineArea)
    let followUp = PoissonInterval.exact(count: followUpCount, level: level)
      .scaled(by: 1 / followUpArea)
    func length(_ one: Double, _ other: Double) -> Double {
      (one * one + other * other).squareRoot()
    }
    return ConfidenceInterval(
      low: difference - length(second - followUp.low, baseline.high - first),
      high: difference + length(followUp.high - second, first - baseline.low))
  }
}
