import ClinicalRecords

/// What the tables say of one acquisition: its released picture and measurement, each when there
/// is one; the measurement, with its hairs as far as combining needs them, only while its region is
/// written.
struct AcquisitionRow: Sendable {
  let key: ReleasedAcquisition
  let label: PrivacyLabel
  var image: ImageFacts?
  var measurement: MeasurementFacts?
  /// Where the released measurement is found again.
  private(set) var measuredAt: Int?
  /// What became of its figures; `nil` when no stage made or refused any.
  var figures: Disposition?
  /// What became of its picture; `nil` when no stage released or refused it.
  var picture: Disposition?

  /// The released picture's facts.
  struct ImageFacts: Sendable {
    let name: String
    let sha256: String
    let byteCount: Int
    let width: Int
    let height: Int
  }

  /// A released measurement without its hairs.
  struct MeasurementFacts: Sendable {
    let summary: HairSummary
    let scale: ImageScale
    let area: MeasuredArea
    let cutOffs: CutOffs
    let level: Double
    let quality: MeasurementQuality
    let provenance: MeasurementProvenance
    let hairsFound: Int
    let width: Int
    let height: Int
    let part: RegionPart

    init(_ measurement: ReleasedMeasurement, of key: ReleasedAcquisition) {
      summary = measurement.summary
      scale = measurement.scale
      area = measurement.measuredArea
      cutOffs = measurement.cutOffs
      level = measurement.intervalLevel
      quality = measurement.quality
      provenance = measurement.provenance
      hairsFound = measurement.hairs.count
      width = measurement.width
      height = measurement.height
      part = RegionPart(measurement, of: key)
    }
  }

  /// An acquisition whose picture a person took out.
  init(withdrawn key: ReleasedAcquisition, label: PrivacyLabel) {
    self.init(key: key, label: label)
    (figures, picture) = (.withdrawn, .withdrawn)
  }

  init(key: ReleasedAcquisition, label: PrivacyLabel) {
    (self.key, self.label) = (key, label)
  }

  /// Adds what another record of the same acquisition releases.
  ///
  /// - Parameter index: where the record is found again.
  mutating func add(_ released: Released, at index: Int) {
    switch released.body {
    case .acquisition: break
    case .image(let image):
      self.image = ImageFacts(
        name: image.name, sha256: image.picture.sha256.hexadecimal,
        byteCount: image.picture.byteCount, width: image.width, height: image.height)
      picture = Disposition(picture: released.removals)
    case .measurement: measuredAt = index
    }
  }

  /// Adds the measurement's figures.
  mutating func measure(_ released: Released) {
    guard case .measurement(let measured) = released.body else { return }
    measurement = MeasurementFacts(measured, of: key)
    figures = Disposition(measured.quality)
  }

  /// States why what is missing is missing.
  mutating func complete(with refusals: Refusals) {
    let refused = Disposition(refusals.of(key.reference))
    if figures == nil { figures = refused }
    if picture == nil { picture = refused }
  }
}

/// One measured acquisition.
struct MeasurementRow: Sendable {
  let key: ReleasedAcquisition
  let facts: AcquisitionRow.MeasurementFacts
}

/// One figure, of a picture or of a region at a visit.
struct FigureRow: Sendable {
  let level: String
  let key: ReleasedAcquisition
  let quantity: HairQuantity
  let hairs: String
  let figure: Figure
  let confidence: Double
  let area: Double
  let basis: FigureBasis
  let fieldCount: Int
  let placementCount: Int
  /// What became of the picture; `nil` where pictures are combined.
  var use: Disposition.State?
  var standardErrors: [RegionFigure.Uncertainty.Source: Double] = [:]

  var value: Figure.Value? { if case .known(let value) = figure { value } else { nil } }
  var missing: String? { if case .missing(let reason) = figure { reason } else { nil } }
}

/// One hair of a released measurement.
struct HairRow: Sendable {
  let key: ReleasedAcquisition
  let hair: Hair
}

/// Orders acquisitions by subject, visit of the schedule, region and place in it: nothing of when
/// somebody joined but what the subject number itself tells.
struct ScheduleOrder: Sendable {
  private let visits: [String: Int]

  init(_ study: Study) {
    visits = Dictionary(
      study.visits.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  func precedes(_ left: ReleasedAcquisition, _ right: ReleasedAcquisition) -> Bool {
    if left.subject != right.subject {
      return NaturalOrder.precedes(left.subject, right.subject)
    }
    let ranks = (visits[left.visit] ?? .max, visits[right.visit] ?? .max)
    if ranks.0 != ranks.1 { return ranks.0 < ranks.1 }
    let texts = (
      [left.visit, left.session, left.region, left.side],
      [right.visit, right.session, right.region, right.side]
    )
    if texts.0 != texts.1 { return texts.0.lexicographicallyPrecedes(texts.1) }
    return (left.placement, left.field, left.attempt, left.reference)
      < (right.placement, right.field, right.attempt, right.reference)
  }
}
