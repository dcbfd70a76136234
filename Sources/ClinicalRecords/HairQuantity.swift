/// What a figure measures, with its unit and definition: the one vocabulary of registry, tables
/// and reports (STUDY §3).
public enum HairQuantity: String, Codable, Sendable, CaseIterable {
  /// Hairs whose root lies in the measured area.
  case count
  /// Hairs per cm².
  case density
  /// Terminal over terminal plus vellus.
  case terminalShare = "terminal_share"
  /// The share below the thin cut-off.
  case thinHairShare = "thin_hair_share"
  /// The mean shaft diameter.
  case meanDiameter = "mean_diameter"
  /// The median shaft diameter.
  case medianDiameter = "median_diameter"
  /// Standard deviation over mean of the diameters.
  case diameterCV = "diameter_cv"
  /// Sum of diameters over area.
  case cumulativeThickness = "cumulative_thickness"
  /// Follicular units with a counted hair.
  case follicularUnitCount = "follicular_unit_count"
  /// Counted hairs over units.
  case hairsPerFollicularUnit = "hairs_per_follicular_unit"
  /// Mean distance of a unit to its nearest neighbour.
  case interfollicularDistance = "interfollicular_distance"

  /// The unit; never empty: a share is in `1`, a count in `hairs`.
  public var unit: String {
    switch self {
    case .count: "hairs"
    case .density: "/cm2"
    case .terminalShare, .thinHairShare, .diameterCV: "1"
    case .meanDiameter, .medianDiameter: "um"
    case .cumulativeThickness: "mm/cm2"
    case .follicularUnitCount: "units"
    case .hairsPerFollicularUnit: "hairs/unit"
    case .interfollicularDistance: "mm"
    }
  }

  /// The name that people read.
  public var title: String {
    switch self {
    case .count: "Hair count"
    case .density: "Hair density"
    case .terminalShare: "Terminal share"
    case .thinHairShare: "Thin hair share"
    case .meanDiameter: "Mean diameter"
    case .medianDiameter: "Median diameter"
    case .diameterCV: "Diameter CV"
    case .cumulativeThickness: "Cumulative thickness"
    case .follicularUnitCount: "Follicular units"
    case .hairsPerFollicularUnit: "Hairs per unit"
    case .interfollicularDistance: "Interfollicular distance"
    }
  }

  /// What is computed from what, and the interval's method, in one or two sentences.
  public var definition: String {
    switch self {
    case .count:
      "Hairs whose root lies in the measured area. A count is what was seen and has no interval."
    case .density:
      "Hairs whose root lies in the measured area, over that area; sum of counts over sum of areas "
        + "for several fields. Exact Poisson interval (Garwood 1936)."
    case .terminalShare:
      "Terminal over terminal plus vellus hairs; a hair is terminal above the vellus cut-off. "
        + "Exact binomial interval (Clopper and Pearson 1934)."
    case .thinHairShare:
      "Hairs below the thin cut-off over hairs with a diameter. Exact binomial interval (Clopper "
        + "and Pearson 1934)."
    case .meanDiameter:
      "Mean shaft diameter of the hairs with a diameter. Student's interval. It falls when "
        + "treatment revives vellus hair, so it never stands alone."
    case .medianDiameter:
      "Median shaft diameter of the hairs with a diameter. Interval between order statistics "
        + "(Thompson 1936)."
    case .diameterCV:
      "Coefficient of variation: standard deviation over mean of the diameters. Not the share of "
        + "hairs that print calls 'diversity'. Interval of Vangel (1996)."
    case .cumulativeThickness:
      "Density times mean diameter: the diameters of all hairs side by side, in mm on each cm2. "
        + "Interval of Fay and Feuer (1997)."
    case .follicularUnitCount: "Follicular units with at least one counted hair."
    case .hairsPerFollicularUnit: "Counted hairs that belong to a unit, over units."
    case .interfollicularDistance:
      "Mean distance from a follicular unit to its nearest neighbour."
    }
  }

  /// How often a relative error of µm per pixel enters a relative error of the figure.
  package var scaleExponent: Double {
    switch self {
    case .density: 2
    case .meanDiameter, .medianDiameter, .cumulativeThickness, .interfollicularDistance: 1
    default: 0
    }
  }

  /// The method of the sampling interval, as registries name it.
  package var samplingMethod: String {
    switch self {
    case .density: "garwood_1936"
    case .terminalShare, .thinHairShare: "clopper_pearson_1934"
    case .meanDiameter: "student"
    case .medianDiameter: "thompson_1936"
    case .diameterCV: "vangel_1996"
    case .cumulativeThickness: "fay_feuer_1997"
    default: "none"
    }
  }
}

extension HairSummary {
  /// One figure with what it measures and on which hairs.
  public struct Entry: Sendable, Equatable {
    /// What it measures.
    public let quantity: HairQuantity
    /// Which hairs: `all`, `terminal`, `vellus`, `unresolved`.
    public let hairs: String
    /// The figure.
    public let figure: Figure

    init(_ quantity: HairQuantity, _ hairs: String, _ figure: Figure) {
      self.quantity = quantity
      self.hairs = hairs
      self.figure = figure
    }
  }

  /// How many hairs were counted of a set; `nil` where nothing could be counted.
  public func count(of hairs: String) -> Double? {
    entries.first { $0.quantity == .count && $0.hairs == hairs }?.figure.value
  }

  /// Every figure, in the order of the summary.
  public var entries: [Entry] {
    [
      Entry(.count, "all", hairCount), Entry(.density, "all", hairDensity),
      Entry(.count, "terminal", terminalCount), Entry(.count, "vellus", vellusCount),
      Entry(.count, "unresolved", unresolvedCount), Entry(.terminalShare, "all", terminalShare),
      Entry(.thinHairShare, "all", thinHairShare), Entry(.meanDiameter, "all", meanDiameter),
      Entry(.medianDiameter, "all", medianDiameter), Entry(.diameterCV, "all", diameterCV),
      Entry(.cumulativeThickness, "all", cumulativeThickness),
      Entry(.follicularUnitCount, "all", follicularUnitCount),
      Entry(.hairsPerFollicularUnit, "all", hairsPerFollicularUnit),
      Entry(.interfollicularDistance, "all", interfollicularDistance),
    ]
  }
}
