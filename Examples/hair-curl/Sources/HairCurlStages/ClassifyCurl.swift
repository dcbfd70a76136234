public import ClinicalRecords
public import StageKit

/// What the stage can be set to.
public struct CurlSettings: StageSettings {
  /// How much of a hair one curvature is taken from, in mm.
  public var windowMm = 1.0
  /// Hair that bends at least so is wavy, in 1/mm.
  public var wavyFrom = 0.05
  /// Hair that bends at least so is curly, in 1/mm.
  public var curlyFrom = 0.25

  /// Makes the defaults.
  public init() {}

  /// Each setting once.
  public static var declarations: [SettingDeclaration] {
    [
      SettingDeclaration(
        "window_mm", .number(0.3...10, unit: "mm"),
        "How much of a hair one curvature is taken from; shorter hairs are left out."),
      SettingDeclaration(
        "wavy_from", .number(0.001...10, unit: "/mm"),
        "Hair that bends at least so is wavy: 0.05 is a curl 40 mm across."),
      SettingDeclaration(
        "curly_from", .number(0.001...10, unit: "/mm"),
        "Hair that bends at least so is curly: 0.25 is a curl 8 mm across."),
    ]
  }

  /// The cut-offs have an order.
  public func problems() -> [SettingProblem] {
    curlyFrom > wavyFrom
      ? []
      : [SettingProblem("curly_from", "it is not above 'wavy_from'", hint: "raise it")]
  }
}

/// Takes a hair measurement, makes the curvature and class of each hair and their summary.
public struct ClassifyCurl: Transform {
  /// What it declares of itself.
  public static let manifest = StageManifest(
    id: "curl.classify",
    summary: "Measures how hair curls, as the curvature of each hair's centre line.",
    resultVersion: "1", workingSetBytes: 16 << 20)
  /// The schema of what it makes.
  public static let made = SchemaID("curl.hair", 1, 0)
  /// The stage for a plugin's list.
  public static var entry: StageEntry { StageEntry(ClassifyCurl.self, makes: made) }

  private let settings: CurlSettings

  /// Opens the stage.
  public init(settings: CurlSettings, context: StageContext) async throws {
    self.settings = settings
  }

  /// Measures every counted hair that is at least one window long.
  public func process(
    _ measurement: HairMeasurement, in delivery: DeliveryContext
  ) async throws -> ForeignRecord {
    var curls: [HairCurl] = []
    var tooShort = 0
    for hair in measurement.hairs where hair.counted {
      try Task.checkCancellation()
      if let curl = HairCurl(
        hair, micrometresPerPixel: measurement.scale.micrometresPerPixel, settings: settings)
      {
        curls.append(curl)
      } else {
        tooShort += 1
      }
    }
    let summary = CurlSummary(curls, tooShort: tooShort, accepted: measurement.quality.accepted)
    return ForeignRecord(
      schema: ClassifyCurl.made, from: measurement,
      value: try CanonicalJSONEncoder().document(CurlRecord(summary: summary, hairs: curls)))
  }

  /// 200 bytes of text a hair, and the summary.
  public func outputByteCount(for measurement: HairMeasurement) -> Int {
    4096 + 200 * measurement.hairs.count
  }
}

/// What is filed.
private struct CurlRecord: Encodable {
  let summary: CurlSummary
  let hairs: [HairCurl]
}

/// The figures of one picture; each has a value or the reason why there is none.
public struct CurlSummary: Sendable, Equatable, Encodable {
  /// Hairs that were measured.
  public let measuredCount: Figure
  /// Counted hairs shorter than one window.
  public let tooShortCount: Figure
  /// The median curvature with its quartiles, in 1/mm.
  public let medianCurvature: Figure
  /// The first quartile.
  public let lowerQuartile: Figure
  /// The third quartile.
  public let upperQuartile: Figure
  /// The share of hairs of each class among those that could be resolved.
  public let shares: [String: Figure]

  /// Sums hairs up.
  ///
  /// - Parameter accepted: whether the picture passed the gate of the hair measurement; without it
  ///   nothing but counts is given.
  public init(_ curls: [HairCurl], tooShort: Int, accepted: Bool) {
    measuredCount = Figure(Double(curls.count))
    tooShortCount = Figure(Double(tooShort))
    let reason = accepted ? "no_hair_long_enough" : "picture_not_accepted"
    let curvatures = accepted ? curls.map(\.curvature).sorted() : []
    func quantile(_ share: Double) -> Figure {
      guard let last = curvatures.indices.last else { return .missing(reason) }
      let place = share * Double(last)
      let below = Int(place)
      let above = min(below + 1, last)
      let value =
        curvatures[below] + (curvatures[above] - curvatures[below]) * (place - Double(below))
      return Figure(value, unit: "/mm")
    }
    medianCurvature = quantile(0.5)
    lowerQuartile = quantile(0.25)
    upperQuartile = quantile(0.75)
    let resolved = accepted ? curls.filter { $0.class != .unresolved } : []
    shares = Dictionary(
      uniqueKeysWithValues: HairCurl.Class.allCases.filter { $0 != .unresolved }.map { name in
        let part = resolved.count { $0.class == name }
        return (
          name.rawValue,
          resolved.isEmpty
            ? .missing(curls.isEmpty || !accepted ? reason : "no_hair_resolved")
            : .share(part, of: resolved.count)
        )
      })
  }
}

extension Figure {
  /// A share with Wilson's 95 % interval (JASA 22, 1927, 209).
  fileprivate static func share(_ part: Int, of whole: Int) -> Figure {
    let (share, count, z) = (Double(part) / Double(whole), Double(whole), 1.959964)
    let middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    let half =
      z / (1 + z * z / count)
      * (share * (1 - share) / count + z * z / (4 * count * count)).squareRoot()
    return .known(
      Value(share, low: max(0, middle - half), high: min(1, middle + half), interval: "sampling"))
  }
}
