#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The regularised lower incomplete gamma function and its inverse.
package enum IncompleteGamma {
  /// P(shape, x): the share of a gamma distribution of unit scale that lies below `x`.
  ///
  /// By its series (DLMF 8.11.4) below `shape + 1` and by the continued fraction of its complement
  /// (DLMF 8.9.2, evaluated as Lentz 1976) above.
  ///
  /// - Precondition: `shape` is above 0.
  package static func regularised(shape: Double, _ x: Double) -> Double {
    precondition(shape > 0, "a shape above 0")
    guard x > 0 else { return 0 }
    let scale = exp(shape * log(x) - x - lgamma(shape).0)
    return x < shape + 1
      ? scale * series(shape, x) : 1 - scale * continuedFraction(shape, x)
  }

  /// The `x` at which P(shape, x) is `probability`; 0 for a probability of 0.
  ///
  /// Newton steps from the approximation of Wilson and Hilferty (1931), kept inside a shrinking
  /// bracket; stops at 1e-13 relative.
  package static func inverse(shape: Double, _ probability: Double) -> Double {
    precondition(probability >= 0 && probability < 1, "a probability below 1")
    guard probability > 0 else { return 0 }
    let normal = NormalDistribution.quantile(probability)
    let ninth = 1 / (9 * shape)
    let cube = 1 - ninth + normal * ninth.squareRoot()
    var x = max(shape * cube * cube * cube, shape * 1e-3)
    var low = 0.0
    var high = Double.infinity
    for _ in 0..<200 {
      let excess = regularised(shape: shape, x) - probability
      if excess > 0 { high = x } else { low = x }
      let density = exp((shape - 1) * log(x) - x - lgamma(shape).0)
      var next = x - excess / density
      if !next.isFinite || next <= low || next >= high {
        next = high.isFinite ? (low + high) / 2 : x * 2
      }
      if abs(next - x) <= 1e-13 * x { return next }
      x = next
    }
    return x
  }

  private static func series(_ shape: Double, _ x: Double) -> Double {
    var term = 1 / shape
    var sum = term
    var divisor = shape
    for _ in 0..<10_000 {
      divisor += 1
      term *= x / divisor
      sum += term
      if term < sum * 1e-17 { break }
    }
    return sum
  }

  private static func continuedFraction(_ shape: Double, _ x: Double) -> Double {
    let tiny = 1e-300
    var b = x + 1 - shape
    var c = 1 / tiny
    var d = 1 / b
    var fraction = d
    for index in 1..<10_000 {
      let a = -Double(index) * (Double(index) - shape)
      b += 2
      d = a * d + b
      if abs(d) < tiny { d = tiny }
      c = b + a / c
      if abs(c) < tiny { c = tiny }
      d = 1 / d
      let change = d * c
      fraction *= change
      if abs(change - 1) < 1e-16 { break }
    }
    return fraction
  }
}
