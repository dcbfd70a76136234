/// Student's t distribution.
package enum StudentDistribution {
  /// The half width, in standard errors, of a two-sided interval of this level.
  ///
  /// From the inverse incomplete beta function (DLMF 8.17; Abramowitz and Stegun 26.5.27).
  ///
  /// - Precondition: `degreesOfFreedom` is above 0 and `level` between 0 and 1.
  package static func twoSidedQuantile(level: Double, degreesOfFreedom: Double) -> Double {
    precondition(degreesOfFreedom > 0 && level > 0 && level < 1, "degrees above 0, a level")
    let x = IncompleteBeta.inverse(1 - level, a: degreesOfFreedom / 2, b: 0.5)
    return (degreesOfFreedom * (1 - x) / x).squareRoot()
  }
}
