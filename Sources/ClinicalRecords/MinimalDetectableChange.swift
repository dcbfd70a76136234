/// The smallest difference of two single values of one subject that is not explained by putting
/// the probe back: 2.77 times the within-subject standard deviation at 0.95 (STUDY §2; Bland and
/// Altman 1999, Statistical Methods in Medical Research 8:135, "repeatability coefficient").
public enum MinimalDetectableChange {
  /// Computes it from repeated placements.
  ///
  /// - Parameters:
  ///   - repeats: the placements' values, one array for each region and visit; arrays of one value
  ///     tell nothing and are left out.
  ///   - unit: the values' unit.
  ///   - level: the level of the change and of its interval.
  /// - Returns: the change with the interval that its estimate from few repeats has (chi-squared),
  ///   or `missing` with the reason `no_repeated_placements`.
  public static func figure(repeats: [[Double]], unit: String, level: Double = 0.95) -> Figure {
    var squares = 0.0
    var freedom = 0.0
    for values in repeats {
      guard let deviation = SampleMoments(values)?.standardDeviation else { continue }
      let degrees = Double(values.count - 1)
      squares += deviation * deviation * degrees
      freedom += degrees
    }
    guard freedom > 0 else { return .missing("no_repeated_placements") }
    let factor = NormalDistribution.twoSidedQuantile(level: level) * 2.squareRoot()
    let tail = (1 - level) / 2
    func end(_ probability: Double) -> Double {
      factor
        * (squares / (2 * IncompleteGamma.inverse(shape: freedom / 2, probability))).squareRoot()
    }
    return .known(
      Figure.Value(
        factor * (squares / freedom).squareRoot(), low: end(1 - tail), high: end(tail),
        unit: unit, interval: "placement"))
  }
}
