public import StageKit

/// What `phantom.scalp` renders; every value has a default that suits the reference study.
public struct ScalpPhantomSettings: StageSettings, Equatable {
  /// The seed of everything random.
  public var seed = 1
  /// Subject numbers.
  public var subjects = ["01-001", "01-002"]
  /// Visits, in order; empty for those of the study, or BL and W12 in an open one.
  public var visits: [String] = []
  /// Region codes; empty for those of the study, or VX in an open one.
  public var regions: [String] = []
  /// Fields of each region; 0 as the study says.
  public var fields = 0
  /// Placements of each visit; 0 as the study says.
  public var placements = 0
  /// The first visit's day, `YYYY-MM-DD`.
  public var firstDay = "2026-01-05"

  /// Pixels a row.
  public var width = 1280
  /// Rows.
  public var height = 960
  /// µm per pixel.
  public var umPerPx = 5.0
  /// Whether the records state the scale, as a manifest does.
  public var stateScale = true
  /// The point spread's standard deviation in µm.
  public var pointSpreadUm = 7.0
  /// Its growth to the corners in µm.
  public var edgeDefocusUm = 0.0
  /// The light.
  public var exposure = 1.0
  /// The fall of light to the corners.
  public var vignette = 0.15
  /// The share of the picture with specular patches.
  public var glare = 0.0
  /// Bubbles in the film.
  public var bubbles = 0

  /// Hairs on 1 cm² at the first visit.
  public var density = 170.0
  /// The coefficient of variation of density between subjects.
  public var densitySpread = 0.08
  /// The share of vellus hairs.
  public var vellusShare = 0.20
  /// The mean diameter of terminal hairs in µm.
  public var terminalDiameterUm = 66.0
  /// The share of resting hairs.
  public var telogenShare = 0.12
  /// `clipped` or `long`.
  public var hairState = ScalpDescription.HairState.clipped
  /// Pigment.
  public var hairColour = HairColour.black
  /// The share of hairs without pigment.
  public var greyShare = 0.03
  /// Fitzpatrick type.
  public var skinTone = SkinTone.typeIII
  /// The strength of skin texture.
  public var texture = 1.0
  /// Whether hairs turn around a whorl.
  public var whorl = false

  /// Subjects who respond.
  public var responders: [String] = []
  /// Regions in which they do; empty for all whose role is not a control.
  public var responsiveRegions: [String] = []
  /// Hairs that a responder gains on 1 cm² from each visit to the next.
  public var gainPerCm2 = 25.0
  /// By how much of itself a responder's shaft thickens from each visit to the next.
  public var thickening = 0.06
  /// The share of hairs that everybody sheds from each visit to the next.
  public var shedShare = 0.02

  /// What the device draws into the picture.
  public var burnedIn: [BurnedInPart] = []
  /// The numbers of the pictures that carry it, from 1; empty for all.
  public var burnedInOn: [Int] = []
  /// A further text in the header, such as a name.
  public var headerText = ""
  /// The file format.
  public var format = PictureFormat.jpeg
  /// JPEG quality.
  public var quality = 92
  /// Where to write one row of truth a picture; nowhere when empty.
  public var truth = ""
  /// Where to write every true hair; nowhere when empty.
  public var truthHairs = ""

  /// One part of an overlay.
  public enum BurnedInPart: String, Sendable, Codable, CaseIterable {
    /// The strip of subject code, size, date and time, unit, magnification.
    case header
    /// "not calibrated" in the strip.
    case notCalibrated = "not_calibrated"
    /// A bar of 1.0 mm.
    case scaleBar = "scale_bar"
    /// A red circle of 2 mm radius.
    case circle
  }

  /// A picture file's format.
  public enum PictureFormat: String, Sendable, Codable, CaseIterable {
    /// JPEG without chroma subsampling.
    case jpeg
    /// PNG.
    case png
  }

  /// Twelve pictures in the reference study: two subjects, BL twice placed and W12, two regions.
  public init() {}

  /// Every setting.
  public static var declarations: [SettingDeclaration] {
    schedule + optics + scalp + course + files
  }

  private static let schedule: [SettingDeclaration] = [
    SettingDeclaration("seed", .integer(0...Int(Int32.max)), "Seed of everything random."),
    SettingDeclaration("subjects", .list(.text), "Subject numbers."),
    SettingDeclaration("visits", .list(.text), "Visits in order; empty for the study's."),
    SettingDeclaration("regions", .list(.text), "Region codes; empty for the study's."),
    SettingDeclaration("fields", .integer(0...99), "Fields of a region; 0 as the study says."),
    SettingDeclaration(
      "placements", .integer(0...99), "Placements at each visit; 0 as the study says."),
    SettingDeclaration("first_day", .text, "Day of the first visit, YYYY-MM-DD."),
  ]

  private static let optics: [SettingDeclaration] = [
    SettingDeclaration("width", .integer(64...8192), "Pixels a row."),
    SettingDeclaration("height", .integer(64...8192), "Rows."),
    SettingDeclaration("um_per_px", .number(0.5...50, unit: "um"), "Size of a pixel on the skin."),
    SettingDeclaration("state_scale", .boolean, "Whether the records state the scale."),
    SettingDeclaration(
      "point_spread_um", .number(0...100, unit: "um"), "Standard deviation of the blur."),
    SettingDeclaration(
      "edge_defocus_um", .number(0...100, unit: "um"), "Growth of the blur to the corners."),
    SettingDeclaration("exposure", .number(0.05...4, unit: nil), "Light; 1 is well exposed."),
    SettingDeclaration("vignette", .number(0...0.9, unit: nil), "Fall of light to the corners."),
    SettingDeclaration("glare", .number(0...0.3, unit: nil), "Share of specular patches."),
    SettingDeclaration("bubbles", .integer(0...500), "Bubbles in the immersion film."),
  ]

  private static let scalp: [SettingDeclaration] = [
    SettingDeclaration("density", .number(0...600, unit: "/cm2"), "Hairs at the first visit."),
    SettingDeclaration(
      "density_spread", .number(0...0.5, unit: nil), "Variation of density between subjects."),
    SettingDeclaration("vellus_share", .number(0...1, unit: nil), "Share of vellus hairs."),
    SettingDeclaration(
      "terminal_diameter_um", .number(41...150, unit: "um"), "Mean diameter of terminal hairs."),
    SettingDeclaration("telogen_share", .number(0...1, unit: nil), "Share of resting hairs."),
    SettingDeclaration(
      "hair_state", .choice(ScalpDescription.HairState.allCases.map(\.rawValue)),
      "Stubs or long hair."),
    SettingDeclaration(
      "hair_colour", .choice(HairColour.allCases.map(\.rawValue)), "Colour of pigmented hairs."),
    SettingDeclaration("grey_share", .number(0...1, unit: nil), "Share of hairs without pigment."),
    SettingDeclaration(
      "skin_tone", .choice(SkinTone.allCases.map(\.rawValue)), "Fitzpatrick skin type."),
    SettingDeclaration(
      "texture", .number(0...4, unit: nil), "Strength of skin texture; 1 as in real fields."),
    SettingDeclaration("whorl", .boolean, "Whether hairs turn around a whorl."),
  ]

  private static let course: [SettingDeclaration] = [
    SettingDeclaration("responders", .list(.text), "Subjects whose hair gains."),
    SettingDeclaration(
      "responsive_regions", .list(.text), "Regions that gain; empty for all but controls."),
    SettingDeclaration(
      "gain_per_cm2", .number(0...400, unit: "/cm2"),
      "Hairs that a responder gains from visit to visit."),
    SettingDeclaration(
      "thickening", .number(-0.8...2, unit: nil),
      "Relative growth of a responder's diameters from visit to visit."),
    SettingDeclaration(
      "shed_share", .number(0...1, unit: nil), "Share of hairs that all shed from visit to visit."),
  ]

  private static let files: [SettingDeclaration] = [
    SettingDeclaration(
      "burned_in", .list(.choice(BurnedInPart.allCases.map(\.rawValue))),
      "What the device draws into pictures."),
    SettingDeclaration(
      "burned_in_on", .list(.integer(1...1_000_000)),
      "Numbers of the pictures that carry it, from 1; empty for all."),
    SettingDeclaration("header_text", .text, "A further text in the header, such as a name."),
    SettingDeclaration(
      "format", .choice(PictureFormat.allCases.map(\.rawValue)), "File format of the pictures."),
    SettingDeclaration("quality", .integer(1...100), "JPEG quality."),
    SettingDeclaration(
      "truth", .outputPath, "CSV file with the true figures of each picture; none when empty."),
    SettingDeclaration(
      "truth_hairs", .outputPath,
      "JSON-lines file with every true hair of each picture; none when empty."),
  ]
}
