#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The standard normal distribution.
package enum NormalDistribution {
  /// The value below which lies the share `probability`, above 0 and below 1.
  ///
  /// Algorithm AS 241, PPND16 (Wichura 1988, Applied Statistics 37:477): about 16 digits.
  package static func quantile(_ probability: Double) -> Double {
    precondition(probability > 0 && probability < 1, "a probability between 0 and 1")
    let centred = probability - 0.5
    if abs(centred) <= 0.425 {
      let argument = 0.180625 - centred * centred
      return centred * polynomial(central.0, argument) / polynomial(central.1, argument)
    }
    let tail = (-log(centred < 0 ? probability : 1 - probability)).squareRoot()
    let size =
      tail <= 5
      ? polynomial(near.0, tail - 1.6) / polynomial(near.1, tail - 1.6)
      : polynomial(far.0, tail - 5) / polynomial(far.1, tail - 5)
    return centred < 0 ? -size : size
  }

  /// The half width, in standard errors, of a two-sided interval of this level: 1.96 at 0.95.
  package static func twoSidedQuantile(level: Double) -> Double { quantile((1 + level) / 2) }

  private static func polynomial(_ coefficients: [Double], _ argument: Double) -> Double {
    coefficients.reversed().reduce(0) { $0 * argument + $1 }
  }

  private static let central: ([Double], [Double]) = (
    [
      3.387132872796366608, 133.14166789178437745, 1971.5909503065514427, 13731.693765509461125,
      45921.953931549871457, 67265.770927008700853, 33430.575583588128105, 2509.0809287301226727,
    ],
    [
      1, 42.313330701600911252, 687.1870074920579083, 5394.1960214247511077,
      21213.794301586595867, 39307.89580009271061, 28729.085735721942674, 5226.495278852545925,
    ]
  )
  private static let near: ([Double], [Double]) = (
    [
      1.42343711074968357734, 4.6303378461565452959, 5.7694972214606914055,
      3.64784832476320460504, 1.27045825245236838258, 0.24178072517745061177,
      0.0227238449892691845833, 0.00077454501427834140764,
    ],
    [
      1, 2.05319162663775882187, 1.6763848301838038494, 0.68976733498510000455,
      0.14810397642748007459, 0.0151986665636164571966, 0.00054759380849953445,
      1.05075007164441684324e-9,
    ]
  )
  private static let far: ([Double], [Double]) = (
    [
      6.6579046435011037772, 5.4637849111641143699, 1.7848265399172913358,
      0.29656057182850489123, 0.026532189526576123093, 0.0012426609473880784386,
      2.71155556874348757815e-5, 2.01033439929228813265e-7,
    ],
    [
      1, 0.59983220655588793769, 0.13692988092273580531, 0.0148753612908506148525,
      0.00078686913114561325910, 1.8463183175100546818e-5, 1.4215117583164458887e-7,
      2.04426310338993978564e-15,
    ]
  )
}
