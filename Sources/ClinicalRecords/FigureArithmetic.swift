/// Makes figures with their intervals from counts and diameters on one area (STUDY §2).
package struct FigureArithmetic: Sendable {
  /// What the interval covers when µm per pixel does not enter the figure.
  package static let sampling = "sampling"
  /// What the interval covers when it does.
  package static let samplingAndScale = "sampling+scale"

  /// The least area that a figure is counted on: a quarter of a square millimetre, the field of one
  /// hair; the leavings of a picture that is masked nearly whole give no density.
  package static let leastArea = 0.0025

  /// The measured area in cm².
  package let area: Double
  /// The standard uncertainty of µm per pixel, relative to it.
  package let scaleUncertainty: Double
  /// The intervals' level.
  package let level: Double

  /// Takes an area, a scale and a level.
  package init(area: Double, scaleUncertainty: Double, level: Double) {
    self.area = area
    self.scaleUncertainty = scaleUncertainty
    self.level = level
  }

  private var isMeasured: Bool { area >= FigureArithmetic.leastArea }

  /// A whole count, which has no interval: it is what was seen.
  package func count(_ count: Int) -> Figure {
    isMeasured ? Figure(Double(count)) : .missing("no_measured_area")
  }

  /// Hairs per cm².
  ///
  /// - Parameter count: hairs on the area; the mean over placements of one patch need not be whole.
  package func density(count: Double) -> Figure {
    guard isMeasured else { return .missing("no_measured_area") }
    let value = count / area
    let interval = PoissonInterval.exact(count: count, level: level).scaled(by: 1 / area)
      .widened(about: value, byRelative: 2 * scaleUncertainty, level: level)
    return figure(value, interval, unit: "/cm2", covers: FigureArithmetic.samplingAndScale)
  }

  /// A share of things counted; `none` says why there is no total.
  package func share(_ part: Int, of total: Int, none: String) -> Figure {
    guard isMeasured else { return .missing("no_measured_area") }
    guard total > 0 else { return .missing(none) }
    return figure(
      Double(part) / Double(total), ShareInterval.exact(part: part, total: total, level: level),
      unit: nil, covers: FigureArithmetic.sampling)
  }

  /// The mean diameter in µm.
  package func meanDiameter(_ moments: SampleMoments?, hairs: Int) -> Figure {
    diameter(moments, hairs: hairs, \.mean) { $0.meanInterval(level: level) }
  }

  /// The median diameter in µm.
  package func medianDiameter(_ moments: SampleMoments?, hairs: Int) -> Figure {
    diameter(moments, hairs: hairs, \.median) { $0.medianInterval(level: level) }
  }

  /// The diameters' coefficient of variation, which no scale enters.
  package func variation(_ moments: SampleMoments?, hairs: Int) -> Figure {
    guard isMeasured else { return .missing("no_measured_area") }
    guard let moments else { return .missing(hairs == 0 ? "no_hairs" : "no_diameters") }
    guard let value = moments.variationCoefficient else { return .missing("one_diameter") }
    return figure(
      value, moments.variationInterval(level: level), unit: nil,
      covers: FigureArithmetic.sampling)
  }

  /// Density times mean diameter, in mm/cm².
  ///
  /// It is the sum of diameters over the area when each hair has one. A diameter goes with µm per pixel and an area with its square, so the scale enters once.
  ///
  /// - Parameter hairs: counted hairs, with or without a diameter.
  package func cumulativeThickness(diameters: [Double], hairs: Double) -> Figure {
    guard isMeasured else { return .missing("no_measured_area") }
    guard hairs > 0 else { return .missing("no_hairs") }
    guard !diameters.isEmpty, diameters.allSatisfy({ $0 > 0 }) else {
      return .missing("no_diameters")
    }
    let factor = hairs / Double(diameters.count) / 1000 / area
    let value = diameters.reduce(0, +) * factor
    let interval = PoissonInterval.sum(ofWeights: diameters, level: level).scaled(by: factor)
      .widened(about: value, byRelative: scaleUncertainty, level: level)
    return figure(value, interval, unit: "mm/cm2", covers: FigureArithmetic.samplingAndScale)
  }

  private func diameter(
    _ moments: SampleMoments?, hairs: Int, _ value: (SampleMoments) -> Double,
    _ interval: (SampleMoments) -> ConfidenceInterval?
  ) -> Figure {
    guard isMeasured else { return .missing("no_measured_area") }
    guard let moments else { return .missing(hairs == 0 ? "no_hairs" : "no_diameters") }
    let estimate = value(moments)
    return figure(
      estimate,
      interval(moments)?.widened(about: estimate, byRelative: scaleUncertainty, level: level),
      unit: "um", covers: FigureArithmetic.samplingAndScale)
  }

  private func figure(
    _ value: Double, _ interval: ConfidenceInterval?, unit: String?, covers: String
  ) -> Figure {
    .known(
      Figure.Value(
        value, low: interval?.low, high: interval?.high, unit: unit,
        interval: interval == nil ? nil : covers))
  }
}
