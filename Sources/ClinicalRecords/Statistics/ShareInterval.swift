/// Intervals for a share of things counted.
package enum ShareInterval {
  /// The score interval (Wilson 1927, Journal of the American Statistical Association 22:209).
  ///
  /// - Precondition: `total` is above 0 and `part` is 0 to `total`.
  package static func wilson(part: Int, total: Int, level: Double) -> ConfidenceInterval {
    precondition(total > 0 && (0...total).contains(part), "a part of a total above 0")
    let z = NormalDistribution.twoSidedQuantile(level: level)
    let n = Double(total)
    let share = Double(part) / n
    let denominator = 1 + z * z / n
    let centre = (share + z * z / (2 * n)) / denominator
    let half =
      z * (share * (1 - share) / n + z * z / (4 * n * n)).squareRoot() / denominator
    return ConfidenceInterval(
      low: part == 0 ? 0 : max(0, centre - half), high: part == total ? 1 : min(1, centre + half))
  }
}
