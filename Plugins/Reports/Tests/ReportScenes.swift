import ClinicalRecords
import Foundation
import ImageCodecs
import Imaging
import Reports
import StageKit
import StageTesting

/// A run's folder with measurements and their originals, as reports find them.
final class ReportScene {
  let path: String
  let host = TestHost()
  var study = Study.open(id: "S1")
  var refused: [Refused] = []
  private var records: [(HairMeasurement, DeliveryContext)] = []

  init() throws {
    path = NSTemporaryDirectory() + "anagen-report-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  var context: StageContext { host.context(study: study, folder: path) }

  /// Adds a measured picture; without `original` only its measurement is there.
  func add(
    _ subject: String, _ visit: String, region: String = "VX", placement: Int = 1, field: Int = 1,
    attempt: Int = 1, hairs: Int = 30, reasons: [String] = [], original: [UInt8]? = grey()
  ) throws {
    let key = AcquisitionKey(
      study: study.id, subject: subject, visit: visit, region: region, placement: placement,
      field: field, attempt: attempt)
    let measured = measurement(hairs, key: key, reasons: reasons)
    let parent = original.map { bytes in
      host.store(
        CapturedImage(
          acquisition: key, original: context.content(bytes, mediaType: "image/png"),
          fileName: "a.png"))
    }
    records.append((measured, host.delivery(context, origin: host.store(measured, parent: parent))))
  }

  func visitReport(_ settings: VisitReport.Settings = .init()) async throws {
    try await VisitReport(settings: settings, context: context).project(projected)
  }

  func studyReport(_ settings: StudyReport.Settings = .init()) async throws {
    try await StudyReport(settings: settings, context: context).project(projected)
  }

  func page(_ name: String) throws -> String {
    try String(contentsOfFile: "\(path)/private/report/\(name)", encoding: .utf8)
  }

  func pages() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: "\(path)/private/report").sorted()
  }

  /// Forgets all records of a subject.
  func remove(_ subject: String) {
    records.removeAll { $0.0.acquisition?.subject == subject }
  }

  private var projected: ProjectedRecords<HairMeasurement> {
    let sorted = records.sorted { $0.0.identity < $1.0.identity }
    let host = host
    let context = context
    let fixed = sorted.map { ($0.0, $0.1.origin) }
    return ProjectedRecords(count: fixed.count, refused: refused) {
      (fixed[$0].0, host.delivery(context, origin: fixed[$0].1))
    }
  }
}

/// A mid-grey picture of 200 x 160 pixels as PNG.
func grey() -> [UInt8] {
  let plane = Plane<UInt8>(width: 200, height: 160, repeating: 128)
  do {
    return try PNGEncoder().encode(InterleavedImage(channels: 1, samples: plane))
  } catch {
    preconditionFailure("a grey picture can be encoded: \(error)")
  }
}

/// A measurement of level hairs on a picture of 200 x 160 pixels at 50 µm: 10 x 8 mm.
func measurement(_ count: Int, key: AcquisitionKey?, reasons: [String] = []) -> HairMeasurement {
  let hairs = (0..<count).map { number -> Hair in
    let row = Double(10 + number * 4 % 130)
    return Hair(
      id: number, centreline: [[40, row], [90, row]], root: [40, row], tip: [90, row],
      rootCertainty: 0.9, diameter: .init(value: number % 4 == 0 ? 25 : 65, standardError: 1),
      length: 2500, class: number % 4 == 0 ? .vellus : .terminal, follicularUnit: number / 2,
      counted: true, confidence: 0.9, flags: [])
  }
  let area = MeasuredArea(
    squareCentimetres: 0.5, outline: [[20, 5], [180, 5], [180, 155], [20, 155]],
    guardMicrometres: 0, maskedSquareCentimetres: 0)
  let scale = ImageScale(
    micrometresPerPixel: 50, relativeUncertainty: 0.003, source: .profile, calibration: "cal-7",
    ageDays: 3)
  return HairMeasurement(
    image: MeasuredImage(
      file: "a.png", sha256: ContentDigest(bytes: [UInt8](repeating: 1, count: 32)), width: 200,
      height: 160), acquisition: key, scale: scale, measuredArea: area, cutOffs: CutOffs(),
    summary: HairSummary(
      hairs: hairs, measuredArea: area, scale: scale, cutOffs: CutOffs(), level: 0.95),
    hairs: hairs,
    quality: MeasurementQuality(
      accepted: reasons.isEmpty, reasons: reasons, sharpness: 0.83,
      pointSpreadSigmaMicrometres: 7.1, glareShare: 0.012, exposure: "good"),
    provenance: MeasurementProvenance(
      stage: "hair.analyse", version: "1", model: "sha256:1", settings: "sha256:2",
      channel: "luma"))
}
