import ClinicalRecords
import Foundation
import Registry
import StageKit
import StageTesting

/// A folder that is removed with the value.
final class TemporaryFolder: Sendable {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "anagen-registry-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func text(_ name: String) throws -> String {
    try String(contentsOfFile: "\(path)/\(name)", encoding: .utf8)
  }

  /// The fields of a table's rows under its header's names; quoted cells hold no line ends here.
  func table(_ name: String) throws -> [[String: String]] {
    let lines = try text("tables/\(name).csv").components(separatedBy: "\r\n").dropLast()
    let header = lines.first.map(cells) ?? []
    return lines.dropFirst().map { line in
      Dictionary(zip(header, cells(line)), uniquingKeysWith: { first, _ in first })
    }
  }

  private func cells(_ line: String) -> [String] {
    var cells: [String] = []
    var cell = ""
    var quoted = false
    for character in line {
      switch character {
      case "\"": quoted.toggle()
      case "," where !quoted:
        cells.append(cell)
        cell = ""
      default: cell.append(character)
      }
    }
    return cells + [cell]
  }
}

/// What a released record of a scene is made from.
struct Release {
  var subject = "01-001"
  var visit = "BL"
  var studyDay: Int? = -3
  var region = "VX"
  var placement = 1
  var field = 1
  var attempt = 1
  var terminal = 40
  var vellus = 10
  var accepted = true
  var calibration: String?
  var reasons = ["blurred: hold still"]

  var key: ReleasedAcquisition {
    ReleasedAcquisition(
      reference: "ref-\(subject)-\(visit)-\(region)-\(placement)-\(field)-\(attempt)",
      study: "S1", subject: subject, visit: visit, studyDay: studyDay, session: "D0",
      region: region, side: "midline", placement: placement, field: field, attempt: attempt)
  }

  var measurement: Released {
    let hairs =
      (0..<terminal).map { hair($0, diameter: 60 + Double($0 % 7), unit: $0 / 2) }
      + (0..<vellus).map { hair(terminal + $0, diameter: 25, unit: nil) }
    let area = MeasuredArea(
      squareCentimetres: 0.5, outline: [[0, 0], [999, 0], [999, 799]], guardMicrometres: 0,
      maskedSquareCentimetres: 0)
    let scale = ImageScale(
      micrometresPerPixel: 5, relativeUncertainty: 0.003,
      source: calibration == nil ? .argument : .profile, calibration: calibration)
    let measured = HairMeasurement(
      image: MeasuredImage(
        file: "surname_given.jpg", sha256: ContentDigest(bytes: [UInt8](repeating: 7, count: 32)),
        width: 1000, height: 800), acquisition: nil, scale: scale, measuredArea: area,
      cutOffs: CutOffs(),
      summary: HairSummary(
        hairs: hairs, measuredArea: area, scale: scale, cutOffs: CutOffs(), level: 0.95),
      hairs: hairs,
      quality: MeasurementQuality(
        accepted: accepted, reasons: accepted ? [] : reasons, sharpness: 0.8,
        pointSpreadSigmaMicrometres: nil, glareShare: 0.01, exposure: "good"),
      provenance: MeasurementProvenance(
        stage: "hair.analyse", version: "1", model: "sha256:1", settings: "sha256:2",
        channel: "luma"))
    return Released(
      acquisition: key, body: .measurement(ReleasedMeasurement(measured)),
      removals: [Removal(carrier: "file name", action: "removed", rule: "allow-list")],
      label: .pseudonymised)
  }

  func image(
    _ bytes: [UInt8], name: String? = nil, removals: [Removal] = [], host: TestHost
  ) -> Released {
    Released(
      acquisition: key,
      body: .image(
        ReleasedImage(
          picture: StoredContent(
            bytes: bytes, sha256: host.sha256(of: bytes), mediaType: "image/jpeg"),
          name: name ?? "\(key.reference).jpg", width: 1000, height: 800)),
      removals: removals, label: .pseudonymised)
  }

  /// The acquisition alone.
  var acquisition: Released {
    Released(acquisition: key, body: .acquisition, removals: [], label: .pseudonymised)
  }

  /// What a sink is told when a stage set this acquisition aside.
  func setAside(
    by stage: String, isHeld: Bool, _ reason: String, beside kind: Released.Kind = .acquisition
  ) -> SetAside {
    SetAside(
      identity: Released.identity(of: kind, reference: key.reference), stage: stage,
      isHeld: isHeld, reason: reason)
  }

  private func hair(_ id: Int, diameter: Double, unit: Int?) -> Hair {
    let root = [Double(id * 12), 100.0]
    return Hair(
      id: id, centreline: [root, [root[0] + 40, 140]], root: root, tip: [root[0] + 40, 140],
      rootCertainty: 0.97, diameter: Hair.Diameter(value: diameter, standardError: 1),
      length: 283, class: diameter > 40 ? .terminal : .vellus, follicularUnit: unit,
      counted: true, confidence: 0.9, flags: id == 0 ? ["leaves_frame"] : [])
  }
}

extension Study {
  /// Two visits and two trial sites.
  static var reference: Study {
    var study = Study.open(id: "S1")
    study.visits = [
      Visit(name: "BL", day: 1, window: -14...0), Visit(name: "W12", day: 85, window: -7...7),
    ]
    study.sites = ["01": "First", "02": "Second"]
    study.imaging.hairState = "clipped"
    return study
  }
}

/// Projects records as the runner does: in the order of their identities.
func project(
  _ records: [Released], setAside: [SetAside] = [], hairs: Bool = false,
  study: Study = .reference, audit: AuditStatement? = nil, host: TestHost,
  into folder: TemporaryFolder
) async throws {
  var settings = RegistryTables.Settings()
  settings.hairs = hairs
  let context = host.context(study: study, folder: folder.path)
  let sorted = records.sorted { $0.identity < $1.identity }
  let projection = try await RegistryTables(settings: settings, context: context)
  try await projection.project(
    ProjectedRecords(count: sorted.count, setAside: setAside, audit: audit) {
      (sorted[$0], host.delivery(context))
    })
}
