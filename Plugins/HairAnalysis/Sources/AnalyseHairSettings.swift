public import StageKit

/// The settings of `hair.analyse`.
public struct AnalyseHairSettings: StageSettings {
  /// One channel for all, or `automatic`: a region's first picture decides for all its visits.
  public var channel = "automatic"
  /// The ridge strength of plain skin, from an earlier measurement of the same region.
  public var skinTexture: Double?
  /// The point spread's standard deviation in µm.
  public var pointSpreadUm: Double?
  /// How many times the skin's texture a line must reach to be traced.
  public var startMultiple = HairAnalyserSettings().startMultiple
  /// Down to how many times the skin's texture a line is followed.
  public var followMultiple = HairAnalyserSettings().followMultiple
  /// From which confidence on a line counts as a hair.
  public var leastConfidence = HairAnalyserSettings().leastConfidence
  /// The level of the intervals.
  public var intervalLevel = 0.95

  /// The defaults: everything follows the picture.
  public init() {}

  /// Every setting.
  public static var declarations: [SettingDeclaration] {
    [
      SettingDeclaration(
        "channel", .choice(["automatic"] + MeasurementChannel.allCases.map(\.rawValue)),
        "Which light is measured; automatic holds that of a region's first picture at all visits."),
      SettingDeclaration(
        "skin_texture", .number(0.00001...1, unit: nil),
        "Ridge strength of plain skin that thresholds build on; from the picture unless given."),
      SettingDeclaration(
        "point_spread_um", .number(0.5...40, unit: "um"),
        "Standard deviation of the point spread; from the picture unless given."),
      SettingDeclaration(
        "start_multiple", .number(2...50, unit: nil),
        "A line is traced from where its ridge is this many times the skin's texture."),
      SettingDeclaration(
        "follow_multiple", .number(1...50, unit: nil),
        "A line is followed down to this many times the skin's texture."),
      SettingDeclaration(
        "least_confidence", .number(0...1, unit: nil),
        "A line counts as a hair from this confidence on."),
      SettingDeclaration(
        "interval_level", .number(0.5...0.999, unit: nil), "Level of the intervals."),
    ]
  }

  /// Following needs a lower bar than starting.
  public func problems() -> [SettingProblem] {
    guard followMultiple > startMultiple else { return [] }
    return [
      SettingProblem(
        "follow_multiple", "a line would be followed less far than it is started from",
        hint: "give at most 'start_multiple', \(startMultiple)")
    ]
  }

  var analyser: HairAnalyserSettings {
    var settings = HairAnalyserSettings()
    settings.channel = MeasurementChannel(rawValue: channel)
    settings.skinTexture = skinTexture
    settings.pointSpreadMicrometres = pointSpreadUm
    settings.startMultiple = startMultiple
    settings.followMultiple = followMultiple
    settings.leastConfidence = leastConfidence
    return settings
  }
}
