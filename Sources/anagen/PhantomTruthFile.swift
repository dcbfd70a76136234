import ClinicalRecords
import PipelineFiles
import StageKit

/// What is true of rendered pictures, as `phantom.scalp` writes it with `truth_hairs`: one line of
/// JSON a picture.
struct PhantomTruthFile {
  /// One true hair.
  struct Hair: Decodable {
    let centreline: [[Double]]
    let diameterMicrometres: Double
    let vellus: Bool
    let rootInside: Bool
  }

  private struct Line: Decodable {
    struct Truth: Decodable { let hairs: [Hair] }
    let acquisition: AcquisitionKey
    let truth: Truth
  }

  private let hairs: [String: [Hair]]

  /// Reads the truth that a plan's phantoms wrote; `nil` when it has none or wrote none.
  init?(of plan: Plan) throws {
    var hairs: [String: [Hair]] = [:]
    for stage in plan.stages where stage.entry.manifest.id == "phantom.scalp" {
      guard case .string(let setting)? = stage.settings["truth_hairs"], !setting.isEmpty,
        let path = try PhantomTruthFile.written(setting, below: plan.folder)
      else { continue }
      for line in try FileAccess.read(path).split(separator: UInt8(ascii: "\n")) {
        let line = try RecordDecoder().decode(Line.self, from: Array(line))
        hairs[line.acquisition.path] = line.truth.hairs
      }
    }
    guard !hairs.isEmpty else { return nil }
    self.hairs = hairs
  }

  /// The true hairs whose root lies in the area of a measurement; `nil` without truth of it.
  func hairs(in measurement: HairMeasurement) -> [Hair]? {
    guard let key = measurement.acquisition, let all = hairs[key.path] else { return nil }
    let outline = measurement.measuredArea.outline
    return all.filter { hair in
      guard hair.rootInside, let root = hair.centreline.first, root.count == 2 else { return false }
      return PhantomTruthFile.contains(outline, root[0], root[1])
    }
  }

  /// Whether a point lies in a polygon (crossing number).
  static func contains(_ outline: [[Double]], _ x: Double, _ y: Double) -> Bool {
    guard var before = outline.last else { return false }
    var isInside = false
    for corner in outline {
      if (corner[1] > y) != (before[1] > y),
        x < (before[0] - corner[0]) * (y - corner[1]) / (before[1] - corner[1]) + corner[0]
      {
        isInside.toggle()
      }
      before = corner
    }
    return isInside
  }

  private static func written(_ setting: String, below folder: DataFolder) throws -> String? {
    let path = setting.hasPrefix("/") ? setting : "\(folder.path)/\(setting)"
    return FileAccess.exists(path) ? path : nil
  }
}
