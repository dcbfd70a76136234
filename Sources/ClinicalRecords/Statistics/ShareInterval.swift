/// Intervals for a share of things counted.
package enum ShareInterval {
  /// The exact interval (Clopper and Pearson 1934, Biometrika 26:404): its coverage is never below
  /// the level, as that of the exact Poisson interval that counts have.
  ///
  /// - Precondition: `total` is above 0 and `part` is 0 to `total`.
  package static func exact(part: Int, total: Int, level: Double) -> ConfidenceInterval {
    precondition(total > 0 && (0...total).contains(part), "a part of a total above 0")
    let tail = (1 - level) / 2
    let (inside, outside) = (Double(part), Double(total - part))
    return ConfidenceInterval(
      low: part == 0 ? 0 : IncompleteBeta.inverse(tail, a: inside, b: outside + 1),
      high: part == total ? 1 : IncompleteBeta.inverse(1 - tail, a: inside + 1, b: outside))
  }
}
