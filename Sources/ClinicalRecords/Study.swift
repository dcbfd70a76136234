/// A study as its file states it (STUDY §4): who, when, where, how it is measured.
///
/// Made by `PipelineFiles` from `study.yaml`, or ``open(id:)`` for material without a protocol.
public struct Study: Sendable, Equatable, Codable {
  /// Whether rows may still change.
  public enum Status: String, Sendable, Codable, CaseIterable {
    /// In preparation.
    case draft
    /// Capturing.
    case active
    /// Closed to change.
    case locked
    /// The allocation has been opened.
    case unmasked
  }

  /// The study's id, such as `NCT06764329`.
  public var id: String
  /// The protocol's name, if stated.
  public var protocolName: String?
  /// The study file's own version.
  public var version: String
  /// Whether rows may still change.
  public var status: Status
  /// Keys whose values are assumptions until confirmed; printed by each run.
  public var assumed: [String]
  /// Names of trial sites by code.
  public var sites: [String: String]
  /// The pattern every subject number matches; any subject when `nil`.
  public var subjectPattern: String?
  /// What is asked beside the subject number to catch a wrong one, such as `year_of_birth`.
  public var subjectChecks: [String] = []
  /// How many subjects are planned, if stated.
  public var plannedSubjects: Int?
  /// Who may take part, if stated.
  public var eligibility: Eligibility?
  /// The arms by label; who is in which is kept elsewhere, encrypted.
  public var arms: Arms?
  /// The day number of the anchor event, such as 1; there is no day 0.
  public var anchorDay: Int
  /// The anchor event, such as `injection`.
  public var anchorEvent: String?
  /// The visits, in order; any visit when empty.
  public var visits: [Visit]
  /// The sessions of a visit; `D0` alone when none is stated.
  public var sessions: [Session]
  /// The regions; any region when empty.
  public var regions: [Region]
  /// The patch of scalp the study names; the whole picture when `nil`.
  public var targetArea: TargetArea?
  /// The optics and the scale the protocol asks for.
  public var imaging: Imaging
  /// Where classes of thickness end.
  public var cutOffs: CutOffs
  /// Who may not know what: `participant`, `investigator`, `operator`, `reader`.
  public var masked: [String]
  /// What the operator is shown of a picture: `quality`, or `figures` in an open study.
  public var operatorSees: String = "figures"
  /// When the allocation may be opened: `after_lock`.
  public var unmask: String?
  /// How pictures are analysed, if stated.
  public var analysis: Analysis?
  /// How readers check the analysis, if stated.
  public var review: Review?
  /// The outcomes, in order.
  public var outcomes: [Outcome]
  /// The reasons for which a value may be missing; any when empty.
  public var missingReasons: [String] = []
  /// The deviations that may be noted; any when empty.
  public var deviations: [String] = []
  /// What may be handed on, by name.
  public var exports: [ExportProfile] = []
  /// How file names tell the acquisition, such as `{subject}_{visit}_{region}_{field}.jpg`.
  public var filePattern: String?
  /// The SHA-256 of the study file's bytes; `nil` for the open study.
  public var fileDigest: ContentDigest?

  /// One visit of the schedule.
  public struct Visit: Sendable, Equatable, Codable {
    /// The visit's name, such as `BL`.
    public var name: String
    /// The planned study day.
    public var day: Int
    /// Days before and after the planned day that still count; holds 0.
    public var window: ClosedRange<Int>
    /// What the visit comes before on its day, such as `injection`.
    public var before: String?
    /// How often the probe is put on each spot.
    public var placements: Int
    /// Whether it is the visit of the primary outcome.
    public var primary: Bool

    /// Makes a visit.
    public init(
      name: String, day: Int, window: ClosedRange<Int>, before: String? = nil,
      placements: Int = 1, primary: Bool = false
    ) {
      self.name = name
      self.day = day
      self.window = window
      self.before = before
      self.placements = placements
      self.primary = primary
    }
  }

  /// One session of a visit.
  public struct Session: Sendable, Equatable, Codable {
    /// `D0`, or `D2` of a phototrichogram.
    public var name: String
    /// Hours after clipping, of a phototrichogram's second session.
    public var hoursAfterClip: ClosedRange<Double>?

    /// Makes a session.
    public init(name: String, hoursAfterClip: ClosedRange<Double>? = nil) {
      self.name = name
      self.hoursAfterClip = hoursAfterClip
    }
  }

  /// One region of the scalp.
  public struct Region: Sendable, Equatable, Codable {
    /// The code that keys and files use, such as `VX`.
    public var code: String
    /// The anatomical word: frontal, mid_scalp, vertex, temporal, parietal, occipital, unknown.
    public var region: String
    /// left, right, midline or unknown.
    public var side: String
    /// What it is for, such as `primary` or `untreated_control`.
    public var role: String
    /// How many patches of skin are photographed.
    public var fields: Int
    /// How the same skin is found again, if stated.
    public var relocation: Relocation?

    /// Makes a region.
    public init(
      code: String, region: String, side: String = "unknown", role: String = "primary",
      fields: Int = 1, relocation: Relocation? = nil
    ) {
      self.code = code
      self.region = region
      self.side = side
      self.role = role
      self.fields = fields
      self.relocation = relocation
    }
  }

  /// The patch of scalp the study names.
  public struct TargetArea: Sendable, Equatable, Codable {
    /// Its shape.
    public enum Shape: String, Sendable, Codable, CaseIterable {
      /// `width` is the diameter.
      case circle
      /// `width` by `height`.
      case rectangle
    }
    /// Its shape.
    public var shape: Shape
    /// Diameter or width in µm.
    public var widthMicrometres: Double
    /// Height in µm; the diameter of a circle.
    public var heightMicrometres: Double
    /// How far the measured area is inset, in µm.
    public var guardMicrometres: Double
    /// The least share of the area that must be readable, 0 to 1.
    public var leastReadable: Double

    /// Makes a target area.
    public init(
      shape: Shape, widthMicrometres: Double, heightMicrometres: Double, guardMicrometres: Double,
      leastReadable: Double
    ) {
      self.shape = shape
      self.widthMicrometres = widthMicrometres
      self.heightMicrometres = heightMicrometres
      self.guardMicrometres = guardMicrometres
      self.leastReadable = leastReadable
    }
  }

  /// What the protocol asks of pictures.
  public struct Imaging: Sendable, Equatable, Codable {
    /// `clipped`, `long` or `unknown`.
    public var hairState: String
    /// How long clipped stubs may be, in µm, if stated.
    public var stubMicrometres: ClosedRange<Double>?
    /// Whether hair is dyed, if stated.
    public var dyed: Bool?
    /// The optics' profile name, if stated.
    public var opticsProfile: String?
    /// The optics' field in µm, width and height, if stated.
    public var fieldMicrometres: [Double]?
    /// The lighting, such as `cross_polarised`, if stated.
    public var lighting: String?
    /// Whether the optics touch the skin, if stated.
    public var contact: Bool?
    /// What is between glass and skin, such as `ultrasound_gel`, if stated.
    public var immersion: String?
    /// Whether the scale must come from a calibration record (trial mode).
    public var scaleFromCalibration: Bool
    /// The oldest calibration that may be used, in days.
    public var calibrationMaxAgeDays: Int?
    /// The largest relative uncertainty of the scale.
    public var maxRelativeUncertainty: Double?
    /// The most retakes.
    public var maxAttempts: Int
    /// Which attempt counts, by quality alone: `first_that_passes` or `best_quality`.
    public var keptAttempt: String

    /// Makes what an open study asks: nothing.
    public init(
      hairState: String = "unknown", opticsProfile: String? = nil,
      fieldMicrometres: [Double]? = nil, scaleFromCalibration: Bool = false,
      calibrationMaxAgeDays: Int? = nil, maxRelativeUncertainty: Double? = nil,
      maxAttempts: Int = 5, keptAttempt: String = "first_that_passes"
    ) {
      self.hairState = hairState
      self.opticsProfile = opticsProfile
      self.fieldMicrometres = fieldMicrometres
      self.scaleFromCalibration = scaleFromCalibration
      self.calibrationMaxAgeDays = calibrationMaxAgeDays
      self.maxRelativeUncertainty = maxRelativeUncertainty
      self.maxAttempts = maxAttempts
      self.keptAttempt = keptAttempt
    }
  }

  /// One outcome of the protocol.
  public struct Outcome: Sendable, Equatable, Codable {
    /// The outcome's id.
    public var id: String
    /// `primary` or `secondary`.
    public var role: String
    /// What is measured, such as `density`; `nil` for imported outcomes.
    public var measure: String?
    /// Which hairs, such as `>=30um`.
    public var hairs: String?
    /// The region's code.
    public var region: String?
    /// The visit.
    public var at: String?
    /// The visit that change is taken from.
    public var changeFrom: String?
    /// The unit.
    public var unit: String?
    /// The file that an outcome measured elsewhere is imported from.
    public var importFile: String?
    /// The lowest and highest grade of an imported outcome.
    public var grades: ClosedRange<Int>?
    /// Who grades: `investigator` or `participant`.
    public var rater: String?
    /// The test of the statistical analysis plan, such as `ancova`.
    public var test: String?
    /// What the test adjusts for.
    public var covariates: [String] = []

    /// Makes an outcome.
    public init(
      id: String, role: String, measure: String? = nil, hairs: String? = nil,
      region: String? = nil, at: String? = nil, changeFrom: String? = nil, unit: String? = nil
    ) {
      self.id = id
      self.role = role
      self.measure = measure
      self.hairs = hairs
      self.region = region
      self.at = at
      self.changeFrom = changeFrom
      self.unit = unit
    }
  }

  /// A study that takes any subject, visit and region and knows no schedule.
  public static func open(id: String = "open") -> Study {
    Study(
      id: id, protocolName: nil, version: "1.0", status: .draft, assumed: [], sites: [:],
      subjectPattern: nil, plannedSubjects: nil, anchorDay: 1, anchorEvent: nil, visits: [],
      sessions: [], regions: [], targetArea: nil, imaging: Imaging(), cutOffs: CutOffs(),
      masked: [], outcomes: [], filePattern: nil, fileDigest: nil)
  }

  /// Whether any subject, visit and region is taken.
  public var isOpen: Bool { visits.isEmpty && regions.isEmpty && subjectPattern == nil }

  /// The visit called `name`, if the study has one.
  public func visit(_ name: String) -> Visit? { visits.first { $0.name == name } }

  /// The region with this code, if the study has one.
  public func region(_ code: String) -> Region? { regions.first { $0.code == code } }
}
