/// Intervals for what is counted: hairs scattered on skin as a Poisson process.
///
/// Conservative for scalps, where follicles keep their distance and counts vary less.
package enum PoissonInterval {
  /// The exact interval of a count (Garwood 1936, Biometrika 28:437).
  ///
  /// - Parameter count: at least 0; the mean of repeated counts of one patch need not be whole.
  package static func exact(count: Double, level: Double) -> ConfidenceInterval {
    precondition(count >= 0, "a count is not negative")
    let tail = (1 - level) / 2
    return ConfidenceInterval(
      low: count > 0 ? IncompleteGamma.inverse(shape: count, tail) : 0,
      high: IncompleteGamma.inverse(shape: count + 1, 1 - tail))
  }

  /// The interval of a sum of weights, one for each thing counted (Fay and Feuer 1997, Statistics
  /// in Medicine 16:791); with equal weights it is ``exact(count:level:)`` times the weight.
  ///
  /// - Parameter weights: not empty, each above 0: diameters, when hairs are summed up.
  package static func sum(ofWeights weights: [Double], level: Double) -> ConfidenceInterval {
    precondition(!weights.isEmpty && weights.allSatisfy { $0 > 0 }, "weights above 0")
    let tail = (1 - level) / 2
    let sum = weights.reduce(0, +)
    let variance = weights.reduce(0) { $0 + $1 * $1 }
    let largest = weights.reduce(0, max)
    let highSum = sum + largest
    let highVariance = variance + largest * largest
    return ConfidenceInterval(
      low: variance / sum * IncompleteGamma.inverse(shape: sum * sum / variance, tail),
      high: highVariance / highSum
        * IncompleteGamma.inverse(shape: highSum * highSum / highVariance, 1 - tail))
  }
}
