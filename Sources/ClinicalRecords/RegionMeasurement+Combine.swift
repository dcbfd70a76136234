extension RegionMeasurement {
  /// Combines the measurements of one region at one session of a visit.
  ///
  /// - Throws: ``RecordError`` with code `invalidValue` when there is none, one has no acquisition,
  ///   or they are of more than one region and visit.
  public static func combine(_ measurements: [HairMeasurement]) throws -> RegionMeasurement {
    let keys = measurements.compactMap(\.acquisition)
    guard let first = keys.first, keys.count == measurements.count,
      keys.allSatisfy({ $0.regionVisit == first.regionVisit })
    else {
      throw RecordError(
        .invalidValue, subject: "measurements to combine",
        hint: "combine the pictures of one region at one session of a visit")
    }
    return combine(zip(measurements, keys).map { RegionPart($0, key: $1) }, of: first.regionVisit)
  }

  /// Combines the parts of one region at one session of a visit.
  ///
  /// Parts that were measured by other versions, settings or cut-offs than the first are not
  /// compared with it: every figure is then missing with the reason `analysis_differs`, or
  /// `light_differs` where they differ in nothing but the channel. Without a part that passed its
  /// quality gate the reason is `image_rejected`.
  ///
  /// - Precondition: there is at least one part.
  public static func combine(_ parts: [RegionPart], of visit: RegionVisit) -> RegionMeasurement {
    precondition(!parts.isEmpty, "a region has at least one picture")
    let ordered = parts.sorted {
      ($0.placement, $0.field, $0.attempt) < ($1.placement, $1.field, $1.attempt)
    }
    var selected: [RegionPart] = []
    var attempts: [Attempt] = []
    for part in ordered {
      let taken = selected.contains { $0.placement == part.placement && $0.field == part.field }
      let use: Attempt.Use =
        !part.quality.accepted ? .rejected : taken ? .accepted : .selected
      if use == .selected { selected.append(part) }
      attempts.append(
        Attempt(
          placement: part.placement, field: part.field, attempt: part.attempt, use: use,
          reasons: part.quality.reasons, squareCentimetres: part.measuredArea.squareCentimetres,
          scale: part.scale))
    }
    let cutOffs = ordered[0].cutOffs
    let combination = RegionCombination(selected, cutOffs: cutOffs, level: ordered[0].level)
    return RegionMeasurement(
      regionVisit: visit, intervalLevel: ordered[0].level, cutOffs: cutOffs,
      provenance: ordered[0].provenance, attempts: attempts, figures: combination.figures)
  }
}

/// The arithmetic of one region: fields summed within a placement, placements averaged.
private struct RegionCombination {
  private let placements: [PlacementFigures]
  private let cutOffs: CutOffs
  private let level: Double
  private let scaleUncertainty: Double
  private let reason: String?
  private let fieldCount: Int
  private let pictureCount: Int

  init(_ selected: [RegionPart], cutOffs: CutOffs, level: Double) {
    self.cutOffs = cutOffs
    self.level = level
    fieldCount = Set(selected.map(\.field)).count
    pictureCount = selected.count
    // Pictures of one calibration share its error; the largest stands for all.
    let uncertainty = selected.map(\.scale.relativeUncertainty).reduce(0, max)
    scaleUncertainty = uncertainty
    if selected.isEmpty {
      reason = "image_rejected"
    } else {
      let obstacles = selected.compactMap { $0.obstacle(to: selected[0]) }
      reason = obstacles.contains("analysis_differs") ? "analysis_differs" : obstacles.first
    }
    let numbers = Set(selected.map(\.placement)).sorted()
    placements = numbers.map { number in
      PlacementFigures(
        selected.filter { $0.placement == number }, cutOffs: cutOffs, level: level,
        scaleUncertainty: uncertainty)
    }
  }

  var figures: [RegionFigure] {
    let sets = HairSet.reported(for: cutOffs)
    let notThin = HairSet.notThin(for: cutOffs)
    return sets.map { figure(.count, $0) } + sets.map { figure(.density, $0) }
      + [
        .terminalShare, .thinHairShare, .meanDiameter, .medianDiameter, .diameterCV,
        .cumulativeThickness,
      ].map { figure($0, .all) } + [figure(.cumulativeThickness, notThin)]
      + [.follicularUnitCount, .hairsPerFollicularUnit, .interfollicularDistance]
      .map { figure($0, .all) }
  }

  private func figure(_ quantity: HairQuantity, _ set: HairSet) -> RegionFigure {
    let each = placements.map { $0.figure(quantity, set) }
    let known = each.compactMap { figure -> Figure.Value? in
      if case .known(let value) = figure { value } else { nil }
    }
    let values = known.map(\.value)
    let basis = FigureBasis(quantity, set, of: placements.map(\.hairs))
    let combined: Figure
    if let reason {
      combined = .missing(reason)
    } else if let moments = SampleMoments(values) {
      combined = averaged(known, mean: moments.mean)
    } else {
      combined = each.first ?? .missing("image_rejected")
    }
    return RegionFigure(
      quantity: quantity, hairs: set.name, figure: combined,
      uncertainties: uncertainties(of: combined, quantity, set, values),
      placementValues: reason == nil ? values : [],
      hairCount: basis.hairCount, unresolvedCount: basis.unresolvedCount,
      isCautioned: basis.isCautioned, fieldCount: fieldCount,
      pictureCount: pictureCount, placementCount: placements.count,
      squareCentimetres: RegionCombination.mean(placements.map(\.area)))
  }

  /// 0 when there is none.
  private static func mean(_ values: [Double]) -> Double {
    values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count)
  }

  /// The mean over placements; they share the skin and with it the sampling error, so the ends of
  /// their intervals are averaged too.
  private func averaged(_ known: [Figure.Value], mean: Double) -> Figure {
    let lows = known.compactMap(\.low)
    let highs = known.compactMap(\.high)
    let complete = lows.count == known.count && highs.count == known.count
    let count = Double(known.count)
    return .known(
      Figure.Value(
        mean, low: complete ? lows.reduce(0, +) / count : nil,
        high: complete ? highs.reduce(0, +) / count : nil, unit: known.first?.unit,
        interval: complete ? known.first?.interval : nil))
  }

  /// Shafts are measured anew at each placement, so these errors are independent.
  private var meanDiameterError: Double? {
    let errors = placements.compactMap(\.meanDiameterError)
    guard !errors.isEmpty else { return nil }
    return errors.reduce(0) { $0 + $1 * $1 }.squareRoot() / Double(errors.count)
  }

  private func uncertainties(
    of figure: Figure, _ quantity: HairQuantity, _ set: HairSet, _ values: [Double]
  ) -> [RegionFigure.Uncertainty] {
    guard case .known(let value) = figure else { return [] }
    let unit = value.unit
    let halfWidths = placements.compactMap { $0.samplingHalfWidth(quantity, set) }
    let sampling: Figure =
      halfWidths.count == placements.count
      ? Figure(
        halfWidths.reduce(0, +) / Double(halfWidths.count)
          / NormalDistribution.twoSidedQuantile(level: level), unit: unit)
      : .missing("no_interval")
    let placement: Figure =
      SampleMoments(values)?.standardDeviation.map {
        Figure($0 / Double(values.count).squareRoot(), unit: unit)
      } ?? .missing("one_placement")
    let detection: Figure =
      quantity == .meanDiameter
      ? meanDiameterError.map { Figure($0, unit: unit) } ?? .missing("not_estimated")
      : .missing("not_estimated")
    return [
      .init(source: .sampling, standardError: sampling, method: quantity.samplingMethod),
      .init(
        source: .placement, standardError: placement, method: "standard_deviation_of_placements"),
      .init(
        source: .detection, standardError: detection,
        method: quantity == .meanDiameter ? "shaft_standard_errors" : "none"),
      .init(
        source: .scale,
        standardError: Figure(
          abs(value.value) * quantity.scaleExponent * scaleUncertainty, unit: unit),
        method: "calibration"),
    ]
  }
}

/// The figures of one placement: its fields taken together as ratios of sums.
private struct PlacementFigures {
  let hairs: [CountedHair]
  let area: Double
  private let units: [FollicularUnits]
  private let arithmetic: FigureArithmetic
  private let samplingOnly: FigureArithmetic
  private let cutOffs: CutOffs

  init(_ fields: [RegionPart], cutOffs: CutOffs, level: Double, scaleUncertainty: Double) {
    hairs = fields.flatMap(\.hairs)
    area = fields.reduce(0) { $0 + $1.measuredArea.squareCentimetres }
    units = fields.map {
      FollicularUnits(of: $0.hairs, micrometresPerPixel: $0.scale.micrometresPerPixel)
    }
    arithmetic = FigureArithmetic(area: area, scaleUncertainty: scaleUncertainty, level: level)
    samplingOnly = FigureArithmetic(area: area, scaleUncertainty: 0, level: level)
    self.cutOffs = cutOffs
  }

  func figure(_ quantity: HairQuantity, _ set: HairSet) -> Figure {
    figure(quantity, set, by: arithmetic)
  }

  /// Half the width of the interval of sampling alone; `nil` when there is none.
  func samplingHalfWidth(_ quantity: HairQuantity, _ set: HairSet) -> Double? {
    guard case .known(let value) = figure(quantity, set, by: samplingOnly), let low = value.low,
      let high = value.high
    else { return nil }
    return (high - low) / 2
  }

  /// The error that the shafts' own standard errors leave in the mean diameter.
  var meanDiameterError: Double? {
    let errors = hairs.compactMap(\.diameter?.standardError)
    guard !errors.isEmpty else { return nil }
    return errors.reduce(0) { $0 + $1 * $1 }.squareRoot() / Double(errors.count)
  }

  private func figure(
    _ quantity: HairQuantity, _ set: HairSet, by arithmetic: FigureArithmetic
  ) -> Figure {
    let members = hairs.filter { set.contains($0) }
    let diameters = members.compactMap(\.diameter?.value)
    let none = members.isEmpty ? "no_hairs" : "no_diameters"
    let moments = SampleMoments(diameters)
    switch quantity {
    case .count: return arithmetic.count(members.count)
    case .density: return arithmetic.density(count: Double(members.count))
    case .terminalShare:
      let terminal = members.count { $0.class == .terminal }
      return arithmetic.share(
        terminal, of: terminal + members.count { $0.class == .vellus }, none: none)
    case .thinHairShare:
      return arithmetic.share(
        diameters.count { $0 < cutOffs.thinBelow }, of: diameters.count, none: none)
    case .meanDiameter: return arithmetic.meanDiameter(moments, hairs: members.count)
    case .medianDiameter: return arithmetic.medianDiameter(moments, hairs: members.count)
    case .diameterCV: return arithmetic.variation(moments, hairs: members.count)
    case .cumulativeThickness:
      return arithmetic.cumulativeThickness(diameters: diameters, hairs: Double(members.count))
    case .follicularUnitCount:
      return unitTotal.map { Figure(Double($0)) } ?? .missing(unitReason)
    case .hairsPerFollicularUnit:
      return unitTotal.map { total in
        Figure(Double(hairs.count { $0.follicularUnit != nil }) / Double(total))
      } ?? .missing(unitReason)
    case .interfollicularDistance: return meanDistance
    }
  }

  private var unitTotal: Int? {
    let total = units.compactMap(\.count).reduce(0, +)
    return total > 0 ? total : nil
  }

  private var unitReason: String { hairs.isEmpty ? "no_hairs" : "units_not_formed" }

  /// Fields weigh as their units: the sum of distances over the number of units.
  private var meanDistance: Figure {
    let fields = units.compactMap { field -> (sum: Double, count: Double)? in
      guard let count = field.count, let mean = field.meanNearestDistanceMillimetres else {
        return nil
      }
      return (mean * Double(count), Double(count))
    }
    let count = fields.reduce(0) { $0 + $1.count }
    guard count > 0 else { return .missing(unitTotal == nil ? unitReason : "one_unit") }
    return Figure(fields.reduce(0) { $0 + $1.sum } / count, unit: "mm")
  }
}

extension RegionPart {
  /// Why two parts are not compared; `nil` when they were measured in one way.
  fileprivate func obstacle(to other: RegionPart) -> String? {
    guard cutOffs == other.cutOffs, level == other.level else { return "analysis_differs" }
    return provenance.obstacle(to: other.provenance)
  }
}

extension MeasurementProvenance {
  /// Why figures of two measurements are not compared; `nil` when they were made in one way.
  func obstacle(to other: MeasurementProvenance) -> String? {
    guard stage == other.stage, version == other.version, model == other.model,
      settings == other.settings
    else { return "analysis_differs" }
    return channel == other.channel ? nil : "light_differs"
  }
}
