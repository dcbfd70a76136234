/// The change of a density between two visits of one region, from its two counts.
///
/// Secondary: hairs are not matched, so it mixes what changed with where the probe was put.
public struct RegionChange: Codable, Sendable, Equatable {
  /// Which hairs, such as `all` or `>=30um`.
  public let hairs: String
  /// The later density minus the earlier one, in /cm².
  public let difference: Figure
  /// The later density over the earlier one.
  public let rateRatio: Figure
  /// The level of both intervals.
  public let intervalLevel: Double
  /// Whether both visits share one scale, whose error then cancels in the ratio.
  public let scaleIsShared: Bool
  /// Always `difference of two counts, secondary`.
  public let note: String

  /// Compares two visits of one region of one subject.
  ///
  /// The ratio has the exact conditional interval, the difference that of Zou and Donner (2008).
  /// A scale error that both visits share is added once to the difference and not to the ratio.
  ///
  /// - Throws: ``RecordError`` with code `invalidValue` when they are not of one region and subject
  ///   or have different levels.
  public init(
    from baseline: RegionMeasurement, to followUp: RegionMeasurement, hairs: String = "all"
  ) throws {
    let (first, second) = (baseline.regionVisit, followUp.regionVisit)
    guard first.study == second.study, first.subject == second.subject,
      first.region == second.region, first.side == second.side,
      baseline.intervalLevel == followUp.intervalLevel
    else {
      throw RecordError(
        .invalidValue, subject: "visits to compare",
        hint: "compare two visits of one region of one subject")
    }
    self.hairs = hairs
    intervalLevel = baseline.intervalLevel
    note = "difference of two counts, secondary"
    let scales = (baseline.selectedScales, followUp.selectedScales)
    scaleIsShared = scales.0.allSatisfy { one in scales.1.allSatisfy { one.sharesError(with: $0) } }
    let sides = (baseline.figure(.density, hairs: hairs), followUp.figure(.density, hairs: hairs))
    if let reason = RegionChange.obstacle(baseline, followUp, sides.0, sides.1) {
      difference = .missing(reason)
      rateRatio = .missing(reason)
      return
    }
    guard let before = sides.0, let after = sides.1 else {
      preconditionFailure("both densities are known")
    }
    let uncertainty = (
      scales.0.map(\.relativeUncertainty).reduce(0, max),
      scales.1.map(\.relativeUncertainty).reduce(0, max)
    )
    let change = DensityChange(
      before: before, after: after, uncertainty: uncertainty, shared: scaleIsShared,
      level: intervalLevel)
    difference = change.difference
    rateRatio = change.ratio
  }

  private static func obstacle(
    _ baseline: RegionMeasurement, _ followUp: RegionMeasurement, _ before: RegionFigure?,
    _ after: RegionFigure?
  ) -> String? {
    guard let before, let after, baseline.cutOffs == followUp.cutOffs else {
      return "analysis_differs"
    }
    if case .missing(let reason) = before.figure { return reason }
    if case .missing(let reason) = after.figure { return reason }
    return baseline.provenance.obstacle(to: followUp.provenance)
  }
}

/// The arithmetic of two densities that are both known.
private struct DensityChange {
  let comparison: RateComparison
  let uncertainty: (Double, Double)
  let shared: Bool
  let level: Double

  init(
    before: RegionFigure, after: RegionFigure, uncertainty: (Double, Double), shared: Bool,
    level: Double
  ) {
    // Placements see the same skin: the count that sampling acts on is that of one of them.
    comparison = RateComparison(
      baselineCount: (before.figure.value ?? 0) * before.squareCentimetres,
      baselineArea: before.squareCentimetres,
      followUpCount: (after.figure.value ?? 0) * after.squareCentimetres,
      followUpArea: after.squareCentimetres)
    self.uncertainty = uncertainty
    self.shared = shared
    self.level = level
  }

  var difference: Figure {
    let value = comparison.difference
    let interval = comparison.differenceInterval(level: level)
    let first = comparison.baselineCount / comparison.baselineArea
    let second = comparison.followUpCount / comparison.followUpArea
    let error =
      shared
      ? 2 * max(uncertainty.0, uncertainty.1) * abs(value)
      : length(2 * uncertainty.0 * first, 2 * uncertainty.1 * second)
    let reach = NormalDistribution.twoSidedQuantile(level: level) * error
    return .known(
      Figure.Value(
        value, low: value - length(value - interval.low, reach),
        high: value + length(interval.high - value, reach), unit: "/cm2",
        interval: FigureArithmetic.samplingAndScale))
  }

  var ratio: Figure {
    guard let value = comparison.ratio, let interval = comparison.ratioInterval(level: level) else {
      return .missing("no_hairs")
    }
    let widened =
      shared
      ? interval
      : interval.widened(
        about: value, byRelative: 2 * length(uncertainty.0, uncertainty.1), level: level)
    return .known(
      Figure.Value(
        value, low: widened.low, high: widened.high,
        interval: shared ? FigureArithmetic.sampling : FigureArithmetic.samplingAndScale))
  }

  private func length(_ one: Double, _ other: Double) -> Double {
    (one * one + other * other).squareRoot()
  }
}

extension RegionMeasurement {
  /// The scales of the pictures that the figures stand on.
  fileprivate var selectedScales: [ImageScale] {
    attempts.filter { $0.use == .selected }.map(\.scale)
  }
}

extension ImageScale {
  /// Whether an error of one scale is the error of the other: one calibration record, or one number
  /// typed for both.
  public func sharesError(with other: ImageScale) -> Bool {
    if let calibration { return calibration == other.calibration }
    return other.calibration == nil && source == other.source
      && micrometresPerPixel == other.micrometresPerPixel
  }
}
