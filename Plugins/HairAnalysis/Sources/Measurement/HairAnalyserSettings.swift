public import ClinicalRecords

/// What a measurement holds fixed.
///
/// A detector that adapts to each picture fakes a gain when treatment darkens and thickens hair, so
/// a study fixes channel, thresholds and point spread for a subject's region across visits; `nil`
/// lets the picture decide.
public struct HairAnalyserSettings: Sendable, Equatable, Codable {
  /// The channel that is measured.
  public var channel: MeasurementChannel?
  /// The ridge strength of plain skin that thresholds are multiples of.
  public var skinTexture: Double?
  /// The standard deviation of the point spread in µm.
  public var pointSpreadMicrometres: Double?
  /// A line is traced from where its ridge is this many times the skin's texture.
  ///
  /// A tracer alone does best at 7 on real fields; with two tables behind it, 3 brings in thin and
  /// fair hair without more false lines.
  public var startMultiple = 3.0
  /// A line is followed down to this many times the skin's texture.
  public var followMultiple = 2.0
  /// A candidate counts as a hair from this confidence on; the default gives no count bias on the
  /// tuning half of the classifier's real fields.
  public var leastConfidence = CandidateClassifier.balancedConfidence
  /// Where vellus ends and thin begins.
  public var cutOffs = CutOffs()

  /// The defaults: everything follows the picture.
  public init() {}
}
