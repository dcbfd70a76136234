extension HairSummary {
  /// Computes the figures of one picture from the hairs that were counted in it.
  ///
  /// Hairs that are not `counted` change nothing. Every interval covers `sampling` (which skin was
  /// seen) and, where µm per pixel enters the figure, `scale`; a figure that cannot be known says
  /// why: `no_measured_area`, `no_hairs`, `no_diameters`, `one_diameter`, `units_not_formed`,
  /// `one_unit`.
  ///
  /// - Density: hairs over area, Garwood's exact Poisson interval.
  /// - Shares: of the hairs whose class (``terminalShare``) or diameter (``thinHairShare``) is
  ///   known, the exact binomial interval of Clopper and Pearson.
  /// - Mean, median and coefficient of variation: of the hairs with a diameter; Student's, the
  ///   binomial order statistics' and Vangel's intervals.
  /// - Cumulative thickness: hairs over area times mean diameter, so that a hair without a
  ///   diameter counts as a mean one; the interval of Fay and Feuer.
  /// - Units: with at least one counted hair; their place is the mean of those hairs' roots.
  ///
  /// - Parameters:
  ///   - hairs: every hair found.
  ///   - measuredArea: where they were counted.
  ///   - scale: µm per pixel; its relative uncertainty counts twice in an area.
  ///   - cutOffs: where thin and vellus end; classes stand in the hairs.
  ///   - level: the intervals' level, above 0 and below 1.
  public init(
    hairs: [Hair], measuredArea: MeasuredArea, scale: ImageScale, cutOffs: CutOffs, level: Double
  ) {
    precondition(level > 0 && level < 1, "a level between 0 and 1")
    let counted = hairs.compactMap(CountedHair.init)
    let diameters = counted.compactMap(\.diameter?.value)
    let moments = SampleMoments(diameters)
    let arithmetic = FigureArithmetic(
      area: measuredArea.squareCentimetres, scaleUncertainty: scale.relativeUncertainty,
      level: level)
    let terminal = counted.count { $0.class == .terminal }
    let vellus = counted.count { $0.class == .vellus }
    let units = FollicularUnits(
      of: counted, micrometresPerPixel: scale.micrometresPerPixel)
    self.init(
      hairCount: arithmetic.count(counted.count),
      hairDensity: arithmetic.density(count: Double(counted.count)),
      terminalCount: arithmetic.count(terminal),
      vellusCount: arithmetic.count(vellus),
      unresolvedCount: arithmetic.count(counted.count - terminal - vellus),
      terminalShare: arithmetic.share(
        terminal, of: terminal + vellus, none: counted.isEmpty ? "no_hairs" : "no_diameters"),
      thinHairShare: arithmetic.share(
        diameters.count { $0 < cutOffs.thinBelow }, of: diameters.count,
        none: counted.isEmpty ? "no_hairs" : "no_diameters"),
      meanDiameter: arithmetic.meanDiameter(moments, hairs: counted.count),
      medianDiameter: arithmetic.medianDiameter(moments, hairs: counted.count),
      diameterCV: arithmetic.variation(moments, hairs: counted.count),
      cumulativeThickness: arithmetic.cumulativeThickness(
        diameters: diameters, hairs: Double(counted.count)),
      follicularUnitCount: units.count.map { Figure(Double($0)) } ?? .missing(units.reason),
      hairsPerFollicularUnit: units.hairsPerUnit.map { Figure($0) } ?? .missing(units.reason),
      interfollicularDistance: units.meanNearestDistanceMillimetres.map { Figure($0, unit: "mm") }
        ?? .missing(units.reason))
  }
}
