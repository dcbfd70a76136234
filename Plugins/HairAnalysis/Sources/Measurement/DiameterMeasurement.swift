import ClinicalRecords
import Imaging

/// The diameters of a picture's hairs, with the point spread that they share.
struct DiameterMeasurement: Sendable {
  /// The diameter of one shaft.
  struct Shaft: Sendable {
    /// In µm.
    var value: Double
    /// The standard error of the mean along the shaft, in µm.
    var standardError: Double
    /// The full width at half depth, which no fit has touched, in µm.
    var halfDepthWidth: Double
    /// Whether the shaft is too narrow for its blur: the width rests on the assumed depth.
    var isUnresolved: Bool
    /// Whether a neighbour's shaft touches this one's profile.
    var isCrowded: Bool
  }

  /// One for each line; nil where no bar was seen.
  let shafts: [Shaft?]
  /// The point spread's standard deviation in µm; nil where no shaft showed it.
  let pointSpread: Double?

  /// How much longer than the blur a stretch is before its width tells something new, in spreads.
  private static let independentStretch = 4.0
  /// The smallest standard error that is stated, in µm: edges of shafts are not bars.
  private static let leastError = 0.3

  /// Measures lines given in pixels of the picture.
  ///
  /// - Parameters:
  ///   - intensity: the light of the measured channel.
  ///   - expected: the widths seen at the working scale, in µm.
  ///   - alone: which of them stand alone, for the estimate of the point spread.
  ///   - fixed: the point spread, where a study holds it.
  init(
    _ lines: [Polyline], expected: [Float], alone: [Bool], in intensity: Plane<Float>,
    micrometresPerPixel: Float, fixed: Double?
  ) {
    let aligned = intensity.withSampler { sampler in
      let width = ShaftWidth(intensity: sampler, micrometresPerPixel: micrometresPerPixel)
      return zip(lines, expected).map { width.aligned(along: $0, expectedWidth: $1) }
    }
    let isolated = zip(aligned, alone).compactMap { $1 ? $0 : nil }
    let estimate = PointSpread.estimate(isolated) ?? PointSpread.estimate(aligned.compactMap { $0 })
    pointSpread = fixed ?? estimate
    let sigma = pointSpread ?? PointSpread.usualMicrometres
    shafts = aligned.map { $0.flatMap { DiameterMeasurement.shaft($0, sigma: sigma) } }
  }

  private static func shaft(_ profile: ShaftWidth.Aligned, sigma: Double) -> Shaft? {
    let start = BarFit.Start(width: profile.halfDepthWidth, sigma: sigma, fitsSigma: false)
    guard let fit = BarFit(positions: profile.positions, light: profile.light, start: start),
      fit.depth > 0, fit.width < 2 * profile.halfDepthWidth + 10,
      abs(fit.centre) < profile.halfDepthWidth
    else { return nil }
    let stretches = max(1, profile.length / (independentStretch * sigma))
    // The standard error of a median is 1.25 times that of a mean.
    let spread = 1.2533 * profile.rowDeviation / stretches.squareRoot()
    let error = (spread * spread + fit.widthError * fit.widthError).squareRoot()
    // A fit that the residuals leave open is no measurement.
    guard error.isFinite, error < fit.width else { return nil }
    return Shaft(
      value: fit.width, standardError: max(leastError, error),
      halfDepthWidth: profile.halfDepthWidth, isUnresolved: fit.width < 2 * sigma,
      isCrowded: profile.isCrowded)
  }
}
