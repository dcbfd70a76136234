/// The blur of a picture, from how soft the flanks of its sharpest shafts are.
enum PointSpread {
  /// The spread taken where no shaft lets it be seen, in µm: the middle of what the devices known to
  /// us show at 20x to 70x (6 to 10 µm).
  static let usualMicrometres = 7.5
  /// Shafts below this width confuse width and blur, in µm.
  static let narrowestShaft = 45.0
  /// The fewest shafts that an estimate rests on.
  static let fewestShafts = 3

  /// The spread's standard deviation in µm, or nil where too few shafts show it.
  ///
  /// - Parameter profiles: of shafts that stand alone.
  static func estimate(_ profiles: [ShaftWidth.Aligned]) -> Double? {
    let wide = profiles.filter { $0.halfDepthWidth >= narrowestShaft && !$0.isCrowded }
    // The forty first (the strongest) are plenty for a quantile.
    let sigmas = wide.prefix(40).compactMap { profile -> Double? in
      let start = BarFit.Start(
        width: profile.halfDepthWidth, sigma: usualMicrometres, fitsSigma: true)
      guard let fit = BarFit(positions: profile.positions, light: profile.light, start: start),
        fit.residual < 0.1 * fit.depth, fit.width > 2 * fit.sigma
      else { return nil }
      return fit.sigma
    }
    guard sigmas.count >= fewestShafts else { return nil }
    // The lower third: shafts out of focus, lifted from the skin or bent only add to the blur.
    let sorted = sigmas.sorted()
    return sorted[(sorted.count - 1) / 3]
  }
}
