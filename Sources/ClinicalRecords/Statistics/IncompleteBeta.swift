#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The regularised incomplete beta function and its inverse.
package enum IncompleteBeta {
  /// I(x; a, b): the share of a beta distribution that lies below `x`.
  ///
  /// By the continued fraction DLMF 8.17.22, evaluated as Lentz (1976), on the side of the mean
  /// where it converges fast.
  ///
  /// - Precondition: `a` and `b` are above 0 and `x` is 0 to 1.
  package static func regularised(_ x: Double, a: Double, b: Double) -> Double {
    precondition(a > 0 && b > 0 && x >= 0 && x <= 1, "shapes above 0, x between 0 and 1")
    guard x > 0 else { return 0 }
    guard x < 1 else { return 1 }
    let logScale =
      a * log(x) + b * log1p(-x) + lgamma(a + b).0 - lgamma(a).0 - lgamma(b).0
    return x < (a + 1) / (a + b + 2)
      ? exp(logScale) * continuedFraction(x, a, b) / a
      : 1 - exp(logScale) * continuedFraction(1 - x, b, a) / b
  }

  /// The `x` at which I(x; a, b) is `probability`.
  ///
  /// Newton steps kept inside a shrinking bracket; stops at 1e-14.
  package static func inverse(_ probability: Double, a: Double, b: Double) -> Double {
    precondition(probability >= 0 && probability <= 1, "a probability")
    if probability == 0 || probability == 1 { return probability }
    let logBeta = lgamma(a).0 + lgamma(b).0 - lgamma(a + b).0
    var low = 0.0
    var high = 1.0
    var x = a / (a + b)
    for _ in 0..<200 {
      let excess = regularised(x, a: a, b: b) - probability
      if excess > 0 { high = x } else { low = x }
      let density = exp((a - 1) * log(x) + (b - 1) * log1p(-x) - logBeta)
      var next = x - excess / density
      if !next.isFinite || next <= low || next >= high { next = (low + high) / 2 }
      if abs(next - x) <= 1e-14 * x { return next }
      x = next
    }
    return x
  }

  private static func continuedFraction(_ x: Double, _ a: Double, _ b: Double) -> Double {
    let tiny = 1e-300
    func guarded(_ value: Double) -> Double { abs(value) < tiny ? tiny : value }
    var c = 1.0
    var d = 1 / guarded(1 - (a + b) * x / (a + 1))
    var fraction = d
    for index in 1..<10_000 {
      let m = Double(index)
      let even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
      d = 1 / guarded(1 + even * d)
      c = guarded(1 + even / c)
      fraction *= d * c
      let odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
      d = 1 / guarded(1 + odd * d)
      c = guarded(1 + odd / c)
      let change = d * c
      fraction *= change
      if abs(change - 1) < 1e-16 { break }
    }
    return fraction
  }
}
