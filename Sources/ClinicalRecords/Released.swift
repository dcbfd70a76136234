/// What may leave: a record after the declared removals, with the report of what was removed.
///
/// Stored; pseudonymised or deidentified, by profile. Identified records are other types, so a
/// sink that takes `Released` cannot even be handed one.
public struct Released: StoredRecord, Equatable {
  /// `anagen.released/1.1`; 1.1 added the acquisition alone.
  public static let schema = SchemaID("anagen.released", 1, 1)

  /// What is released.
  public enum Body: Codable, Sendable, Equatable {
    /// That a picture was taken, whatever became of it.
    case acquisition
    /// A row of figures with every hair.
    case measurement(ReleasedMeasurement)
    /// A picture.
    case image(ReleasedImage)
  }

  /// The acquisition, recoded as the profile asks.
  public let acquisition: ReleasedAcquisition
  /// What is released.
  public let body: Body
  /// What was removed, and by which rule.
  public let removals: [Removal]
  /// `pseudonymised` or `deidentified`.
  public let label: PrivacyLabel

  /// Makes a released record.
  ///
  /// - Precondition: `label` is below `identified`.
  public init(
    acquisition: ReleasedAcquisition, body: Body, removals: [Removal], label: PrivacyLabel
  ) {
    precondition(label < .identified, "what is identified is not released")
    self.acquisition = acquisition
    self.body = body
    self.removals = removals
    self.label = label
  }

  /// The keyed reference and the kind of body.
  public var identity: RecordIdentity {
    switch body {
    case .acquisition: Released.identity(of: .acquisition, reference: acquisition.reference)
    case .measurement: Released.identity(of: .measurement, reference: acquisition.reference)
    case .image: Released.identity(of: .image, reference: acquisition.reference)
    }
  }
  /// The label.
  public var privacy: PrivacyLabel { label }
  /// The body's size.
  public var byteCount: Int {
    switch body {
    case .acquisition: 1024
    case .measurement(let measurement):
      4096 + measurement.hairs.reduce(0) { $0 + 256 + 16 * $1.centreline.count }
    case .image(let image): 1024 + image.picture.byteCount
    }
  }
  /// The picture, when there is one.
  public var contents: [StoredContent] {
    if case .image(let image) = body { [image.picture] } else { [] }
  }
}

extension Released {
  /// Which kind of body a released record has.
  public enum Kind: String, Sendable, CaseIterable {
    /// The acquisition alone.
    case acquisition
    /// A row of figures.
    case measurement
    /// A picture.
    case image
  }

  /// The identity of what is released of an acquisition.
  public static func identity(of kind: Kind, reference: String) -> RecordIdentity {
    RecordIdentity("\(schema.name):\(kind.rawValue)/\(reference)")
  }
}

/// An acquisition as it may leave: no date, no file name, no digest, no serial number.
public struct ReleasedAcquisition: Codable, Sendable, Equatable, Hashable {
  /// A keyed reference to the original, the same in every export made with one key.
  public let reference: String
  /// The study's id.
  public let study: String
  /// The trial subject number, or a random code that stands for it.
  public let subject: String
  /// The visit's name.
  public let visit: String
  /// The day relative to the study's anchor; day 1 is the anchor, there is no day 0.
  public let studyDay: Int?
  /// The session of the visit.
  public let session: String
  /// The region's code.
  public let region: String
  /// The side.
  public let side: String
  /// The placement, from 1.
  public let placement: Int
  /// The field, from 1.
  public let field: Int
  /// The attempt, from 1.
  public let attempt: Int

  /// Makes a released acquisition.
  public init(
    reference: String, study: String, subject: String, visit: String, studyDay: Int?,
    session: String, region: String, side: String, placement: Int, field: Int, attempt: Int
  ) {
    self.reference = reference
    self.study = study
    self.subject = subject
    self.visit = visit
    self.studyDay = studyDay
    self.session = session
    self.region = region
    self.side = side
    self.placement = placement
    self.field = field
    self.attempt = attempt
  }
}

/// A measurement without what identifies: the picture's name and digest are gone.
public struct ReleasedMeasurement: Codable, Sendable, Equatable {
  /// Pixels a row of the picture measured.
  public let width: Int
  /// Rows of the picture measured.
  public let height: Int
  /// µm per pixel.
  public let scale: ImageScale
  /// The measured area.
  public let measuredArea: MeasuredArea
  /// Where classes of thickness end.
  public let cutOffs: CutOffs
  /// The level of every interval.
  public let intervalLevel: Double
  /// The figures.
  public let summary: HairSummary
  /// Every hair.
  public let hairs: [Hair]
  /// The quality.
  public let quality: MeasurementQuality
  /// What made these figures.
  public let provenance: MeasurementProvenance

  /// Takes from a measurement all but its picture's name and digest and its acquisition.
  public init(_ measurement: HairMeasurement) {
    width = measurement.image.width
    height = measurement.image.height
    scale = measurement.scale
    measuredArea = measurement.measuredArea
    cutOffs = measurement.cutOffs
    intervalLevel = measurement.intervalLevel
    summary = measurement.summary
    hairs = measurement.hairs
    quality = measurement.quality
    provenance = measurement.provenance
  }
}

/// A picture after its removals.
public struct ReleasedImage: Codable, Sendable, Equatable {
  /// The picture's bytes.
  public let picture: StoredContent
  /// The name it is written under: a keyed code with the format's extension.
  public let name: String
  /// Pixels a row, as displayed.
  public let width: Int
  /// Rows, as displayed.
  public let height: Int

  /// Makes a released picture.
  public init(picture: StoredContent, name: String, width: Int, height: Int) {
    self.picture = picture
    self.name = name
    self.width = width
    self.height = height
  }
}

/// One thing that was removed from a record before it was released.
public struct Removal: Codable, Sendable, Equatable {
  /// What carried it, such as `jpeg.app1.exif`; never its value.
  public let carrier: String
  /// What was done: `removed`, `replaced`, `recoded`, `kept`.
  public let action: String
  /// The rule that asked for it.
  public let rule: String

  /// Makes an entry of the report.
  public init(carrier: String, action: String, rule: String) {
    self.carrier = carrier
    self.action = action
    self.rule = rule
  }
}
