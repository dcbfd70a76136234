/// Fields and placements of one region at one session of a visit, combined (STUDY §2).
///
/// Identified and stored.
///
/// Fields are summed: counts over areas. Placements are averaged; they look at the same skin, so
/// their number narrows no sampling interval. Of the attempts at one field the first that passed
/// its quality gate is used, never one for its result. Regions are never pooled.
public struct RegionMeasurement: StoredRecord, Equatable {
  /// `anagen.region-measurement/1.2`; 1.1 added the count of pictures, 1.2 that of hairs left out.
  public static let schema = SchemaID("anagen.region-measurement", 1, 2)

  /// The schema id, written first.
  public let schema: SchemaID
  /// Which region of whom, and when.
  public let regionVisit: RegionVisit
  /// The level of every interval.
  public let intervalLevel: Double
  /// Where vellus ends and thin begins.
  public let cutOffs: CutOffs
  /// What made the measurements; one and the same for all that are combined.
  public let provenance: MeasurementProvenance
  /// Every attempt, used or not, in order of placement, field and attempt.
  public let attempts: [Attempt]
  /// The combined figures.
  public let figures: [RegionFigure]

  init(
    regionVisit: RegionVisit, intervalLevel: Double, cutOffs: CutOffs,
    provenance: MeasurementProvenance, attempts: [Attempt], figures: [RegionFigure]
  ) {
    schema = RegionMeasurement.schema
    self.regionVisit = regionVisit
    self.intervalLevel = intervalLevel
    self.cutOffs = cutOffs
    self.provenance = provenance
    self.attempts = attempts
    self.figures = figures
  }

  /// One picture of the region and what became of it.
  public struct Attempt: Codable, Sendable, Equatable {
    /// What became of a picture.
    public enum Use: String, Codable, Sendable, CaseIterable {
      /// Its figures are in the combination.
      case selected
      /// It passed, but an earlier attempt had passed already.
      case accepted
      /// It did not pass its quality gate.
      case rejected
    }
    /// The placement, from 1.
    public let placement: Int
    /// The field, from 1.
    public let field: Int
    /// The attempt, from 1.
    public let attempt: Int
    /// What became of it.
    public let use: Use
    /// Why it was rejected.
    public let reasons: [String]
    /// Its measured area in cm².
    public let squareCentimetres: Double
    /// Its µm per pixel.
    public let scale: ImageScale
  }

  /// The identity of the region's visit.
  public var identity: RecordIdentity {
    RecordIdentity(
      "\(RegionMeasurement.schema.name):\(regionVisit.study)/\(regionVisit.subject)/"
        + "\(regionVisit.visit)/\(regionVisit.session)/\(regionVisit.region)/\(regionVisit.side)")
  }
  /// Always identified: it names the subject.
  public var privacy: PrivacyLabel { .identified }
  /// An estimate: 512 bytes a figure and 256 an attempt.
  public var byteCount: Int { 1024 + figures.count * 512 + attempts.count * 256 }

  /// The figure of a quantity on a set of hairs.
  public func figure(_ quantity: HairQuantity, hairs: String = "all") -> RegionFigure? {
    figures.first { $0.quantity == quantity && $0.hairs == hairs }
  }
}

/// One figure of a region with what it stands on.
public struct RegionFigure: Codable, Sendable, Equatable {
  /// What it measures.
  public let quantity: HairQuantity
  /// Which hairs, such as `all` or `>=30um`.
  public let hairs: String
  /// The value with the interval of sampling and scale, or why there is none.
  public let figure: Figure
  /// The four sources of uncertainty, apart.
  public let uncertainties: [Uncertainty]
  /// The value of each placement, in order; what repeatability is computed from.
  public let placementValues: [Double]
  /// Hairs that the figure is made of on a placement's fields together, mean over placements; for
  /// figures of diameters those that have one.
  ///
  /// With ``squareCentimetres`` what the figure stands on. Placements look at the same skin, so
  /// their sum would count its hairs twice.
  public let hairCount: Double
  /// Counted hairs that the figure leaves out for want of a diameter or class
  /// (``FigureBasis/unresolvedCount``).
  public let unresolvedCount: Double?
  /// Whether they are more than ``FigureBasis/mostUnresolved``; `nil` in records before 1.2.
  public let isCautioned: Bool?
  /// Patches of skin used; every placement looks at the same ones.
  public let fieldCount: Int
  /// Pictures used, over all fields and placements.
  public let pictureCount: Int
  /// Placements used.
  public let placementCount: Int
  /// The area of a placement's fields together in cm², mean over placements.
  public let squareCentimetres: Double

  /// One source of uncertainty.
  public struct Uncertainty: Codable, Sendable, Equatable {
    /// Where an error comes from (STUDY §2).
    public enum Source: String, Codable, Sendable, CaseIterable {
      /// Which skin was seen.
      case sampling
      /// Where the probe was put.
      case placement
      /// Which hairs the analysis found, and how it measured them.
      case detection
      /// µm per pixel; shared by all pictures of one calibration.
      case scale
    }
    /// Where it comes from.
    public let source: Source
    /// The standard error in the figure's unit, or why it is not known.
    public let standardError: Figure
    /// How it was found, such as `garwood_1936`.
    public let method: String
  }

  /// The standard error of a source; `nil` when it is not known.
  public func standardError(_ source: Uncertainty.Source) -> Double? {
    uncertainties.first { $0.source == source }?.standardError.value
  }
}

/// What a combination takes of one picture's measurement, identified or released.
public struct RegionPart: Sendable {
  let placement: Int
  let field: Int
  let attempt: Int
  let measuredArea: MeasuredArea
  let scale: ImageScale
  let hairs: [CountedHair]
  let cutOffs: CutOffs
  let level: Double
  let quality: MeasurementQuality
  let provenance: MeasurementProvenance

  /// Takes what a combination needs of a measurement and its place in the schedule.
  public init(_ measurement: HairMeasurement, key: AcquisitionKey) {
    placement = key.placement
    field = key.field
    attempt = key.attempt
    measuredArea = measurement.measuredArea
    scale = measurement.scale
    hairs = measurement.hairs.compactMap(CountedHair.init)
    cutOffs = measurement.cutOffs
    level = measurement.intervalLevel
    quality = measurement.quality
    provenance = measurement.provenance
  }

  /// Takes what a combination needs of a released measurement.
  public init(_ measurement: ReleasedMeasurement, of acquisition: ReleasedAcquisition) {
    placement = acquisition.placement
    field = acquisition.field
    attempt = acquisition.attempt
    measuredArea = measurement.measuredArea
    scale = measurement.scale
    hairs = measurement.hairs.compactMap(CountedHair.init)
    cutOffs = measurement.cutOffs
    level = measurement.intervalLevel
    quality = measurement.quality
    provenance = measurement.provenance
  }
}
