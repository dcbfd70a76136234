/// What was measured on one picture: the area, every hair, the summary, the quality.
///
/// Identified and stored; its JSON is public (`anagen.hair-measurement/1.0`).
///
/// Coordinates are pixels of the image as displayed, x right, y down, origin at the centre of the
/// top-left pixel; lengths and diameters µm; areas cm².
public struct HairMeasurement: StoredRecord, Equatable {
  /// `anagen.hair-measurement/1.0`.
  public static let schema = SchemaID("anagen.hair-measurement", 1, 0)

  /// The schema id, written first.
  public let schema: SchemaID
  /// Which picture.
  public let image: MeasuredImage
  /// Which acquisition; absent when a bare file was measured.
  public let acquisition: AcquisitionKey?
  /// µm per pixel.
  public let scale: ImageScale
  /// The patch that could be measured.
  public let measuredArea: MeasuredArea
  /// Where vellus ends and thin begins.
  public let cutOffs: CutOffs
  /// The level of every interval, such as 0.95.
  public let intervalLevel: Double
  /// The figures of this picture.
  public let summary: HairSummary
  /// Every hair found, counted or not.
  public let hairs: [Hair]
  /// Whether the picture is good enough, and why not.
  public let quality: MeasurementQuality
  /// What made these figures.
  public let provenance: MeasurementProvenance

  /// Makes a measurement.
  public init(
    image: MeasuredImage, acquisition: AcquisitionKey?, scale: ImageScale,
    measuredArea: MeasuredArea, cutOffs: CutOffs, intervalLevel: Double = 0.95,
    summary: HairSummary, hairs: [Hair], quality: MeasurementQuality,
    provenance: MeasurementProvenance
  ) {
    schema = HairMeasurement.schema
    self.image = image
    self.acquisition = acquisition
    self.scale = scale
    self.measuredArea = measuredArea
    self.cutOffs = cutOffs
    self.intervalLevel = intervalLevel
    self.summary = summary
    self.hairs = hairs
    self.quality = quality
    self.provenance = provenance
  }

  /// The acquisition's identity; of a bare file, its digest.
  public var identity: RecordIdentity {
    acquisition?.identity(of: HairMeasurement.schema)
      ?? RecordIdentity("\(HairMeasurement.schema.name):\(image.sha256)")
  }
  /// Always identified: it names the file and the subject.
  public var privacy: PrivacyLabel { .identified }
  /// An estimate of the memory that the hairs take: 256 bytes each and 16 a point.
  public var byteCount: Int {
    2048 + hairs.reduce(0) { $0 + 256 + 16 * $1.centreline.count }
  }
}

/// Which picture a measurement was made on.
public struct MeasuredImage: Codable, Sendable, Equatable {
  /// The file's name, without folders.
  public let file: String
  /// The SHA-256 of the original bytes.
  public let sha256: ContentDigest
  /// Pixels a row, as displayed.
  public let width: Int
  /// Rows, as displayed.
  public let height: Int

  /// Makes a reference to a picture.
  public init(file: String, sha256: ContentDigest, width: Int, height: Int) {
    self.file = file
    self.sha256 = sha256
    self.width = width
    self.height = height
  }
}

/// The part of the picture that let us measure.
public struct MeasuredArea: Codable, Sendable, Equatable {
  /// Its size in cm², masks taken off.
  public let squareCentimetres: Double
  /// Its outline in pixels, before masks, as `[x, y]` pairs.
  public let outline: [[Double]]
  /// How far it is inset from the target area, in µm.
  public let guardMicrometres: Double
  /// What masks took off, in cm².
  public let maskedSquareCentimetres: Double

  /// Makes an area.
  public init(
    squareCentimetres: Double, outline: [[Double]], guardMicrometres: Double,
    maskedSquareCentimetres: Double
  ) {
    self.squareCentimetres = squareCentimetres
    self.outline = outline
    self.guardMicrometres = guardMicrometres
    self.maskedSquareCentimetres = maskedSquareCentimetres
  }
}

/// Where classes of thickness end.
public struct CutOffs: Codable, Sendable, Equatable {
  /// Vellus is at most this diameter; TrichoScan 40 µm, Rakowska 30 µm.
  public let vellusAtMost: Double
  /// Thin is below this diameter; Rakowska 30 µm.
  public let thinBelow: Double
  /// Always `um`.
  public let unit: String

  /// Makes cut-offs in µm.
  public init(vellusAtMost: Double = 40, thinBelow: Double = 30) {
    self.vellusAtMost = vellusAtMost
    self.thinBelow = thinBelow
    unit = "um"
  }
}

/// One hair.
public struct Hair: Codable, Sendable, Equatable {
  /// Terminal above the vellus cut-off, vellus at or below, unresolved where the width cannot tell.
  public enum Class: String, Codable, Sendable, CaseIterable { case terminal, vellus, unresolved }

  /// A diameter with its standard error, both in µm.
  public struct Diameter: Codable, Sendable, Equatable {
    /// The mean over the unobstructed part of the shaft.
    public let value: Double
    /// The standard error of that mean.
    public let standardError: Double

    /// Makes a diameter.
    public init(value: Double, standardError: Double) {
      self.value = value
      self.standardError = standardError
    }
  }

  /// The number of the hair in this measurement, from 0.
  public let id: Int
  /// The shaft's centre from root to tip as `[x, y]` pairs in pixels, at least two.
  public let centreline: [[Double]]
  /// Where it leaves the skin, `[x, y]`.
  public let root: [Double]
  /// Where it ends, `[x, y]`.
  public let tip: [Double]
  /// How sure it is that `root` is the root and not the tip, 0.5 to 1.
  public let rootCertainty: Double
  /// The diameter; absent when the shaft could not be measured.
  public let diameter: Diameter?
  /// The length along the centreline in µm.
  public let length: Double
  /// The class.
  public let `class`: Class
  /// Which follicular unit it grows from, if units were formed.
  public let follicularUnit: Int?
  /// Whether its root lies in the measured area.
  public let counted: Bool
  /// How sure it is that this is a hair, 0 to 1.
  public let confidence: Double
  /// What else is known, such as `overlapped`, `leaves_frame`.
  public let flags: [String]

  /// Makes a hair.
  public init(
    id: Int, centreline: [[Double]], root: [Double], tip: [Double], rootCertainty: Double,
    diameter: Diameter?, length: Double, class: Class, follicularUnit: Int?, counted: Bool,
    confidence: Double, flags: [String]
  ) {
    self.id = id
    self.centreline = centreline
    self.root = root
    self.tip = tip
    self.rootCertainty = rootCertainty
    self.diameter = diameter
    self.length = length
    self.class = `class`
    self.follicularUnit = follicularUnit
    self.counted = counted
    self.confidence = confidence
    self.flags = flags
  }
}

/// Whether a picture is good enough to be measured, and what to do if not.
public struct MeasurementQuality: Codable, Sendable, Equatable {
  /// Whether it passed the gate.
  public let accepted: Bool
  /// Why not, in words that an operator can act on: what is wrong, a colon, what to do.
  public let reasons: [String]
  /// 0 (blurred) to 1 (sharp).
  public let sharpness: Double
  /// The point spread's standard deviation in µm, when it could be estimated.
  public let pointSpreadSigmaMicrometres: Double?
  /// The share of the picture lost to glare, 0 to 1.
  public let glareShare: Double
  /// `good`, `dark` or `bright`.
  public let exposure: String

  /// Makes a quality report.
  public init(
    accepted: Bool, reasons: [String], sharpness: Double, pointSpreadSigmaMicrometres: Double?,
    glareShare: Double, exposure: String
  ) {
    self.accepted = accepted
    self.reasons = reasons
    self.sharpness = sharpness
    self.pointSpreadSigmaMicrometres = pointSpreadSigmaMicrometres
    self.glareShare = glareShare
    self.exposure = exposure
  }

  /// What is wrong as stable words, such as `not_sharp`: what stands before a reason's colon.
  public static func codes(of reasons: [String]) -> [String] {
    reasons.map { reason in
      reason.prefix { $0 != ":" }.split(separator: " ").joined(separator: "_").lowercased()
    }
  }
}

/// What made a measurement.
public struct MeasurementProvenance: Codable, Sendable, Equatable {
  /// Whether a program or a person decided.
  public enum Origin: String, Codable, Sendable, CaseIterable {
    /// The program alone.
    case automatic
    /// A person changed the program's result.
    case corrected
    /// A person alone.
    case manual
  }

  /// The stage's id.
  public let stage: String
  /// The stage's result version.
  public let version: String
  /// The digest of the classifier's table, as `sha256:…`.
  public let model: String
  /// The digest of the canonical settings, as `sha256:…`.
  public let settings: String
  /// The channel that was measured, such as `luma`.
  public let channel: String
  /// Who decided.
  public let origin: Origin

  /// Makes a provenance.
  public init(
    stage: String, version: String, model: String, settings: String, channel: String,
    origin: Origin = .automatic
  ) {
    self.stage = stage
    self.version = version
    self.model = model
    self.settings = settings
    self.channel = channel
    self.origin = origin
  }
}
