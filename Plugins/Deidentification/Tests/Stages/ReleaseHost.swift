import ClinicalRecords
import Crypto
import Deidentification
import Foundation
import StageKit
import StageTesting

/// A host with captured images in store, over a data folder of its own.
struct ReleaseHost {
  let host = TestHost(secrets: ["key": Array(repeating: 65, count: 40), "short": [1, 2]])
  let folder: DataFolder
  /// The picture that deliveries come from.
  let origin: LedgerReference?

  init(ancestor: CapturedImage?, others: [CapturedImage] = []) {
    let path = "\(NSTemporaryDirectory())/anagen-deid-\(UUID().uuidString)"
    folder = DataFolder(path: path)
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      preconditionFailure("no temporary folder: \(error)")
    }
    for other in others { _ = host.store(other) }
    origin = ancestor.map { [host] in host.store($0) }
  }

  func context(_ study: Study = .open(id: "T1")) -> StageContext {
    host.context(study: study, folder: folder.path)
  }

  func delivery(_ study: Study = .open(id: "T1")) -> DeliveryContext {
    host.delivery(context(study), origin: origin)
  }
}

/// A captured image and its measurement, with canaries in every name.
struct Acquired {
  let captured: CapturedImage
  let measurement: HairMeasurement

  static let fileName = "Surname_Given_19750312.jpg"

  init(
    _ bytes: [UInt8], subject: String = "01-001", visit: String = "BL", date: String = "2026-03-01",
    region: String = "VX", placement: Int = 1
  ) {
    let key = AcquisitionKey(
      study: "T1", subject: subject, visit: visit, region: region, placement: placement)
    let digest = ContentDigest(bytes: SHA256.hash(data: bytes))
    captured = CapturedImage(
      acquisition: key,
      original: StoredContent(bytes: bytes, sha256: digest, mediaType: "image/jpeg"),
      fileName: Acquired.fileName, date: CalendarDate(iso: date),
      device: CaptureDevice(model: "usb:a168:0840", serial: "SERIAL-77"))
    let none = Figure(1)
    measurement = HairMeasurement(
      image: MeasuredImage(file: Acquired.fileName, sha256: digest, width: 640, height: 400),
      acquisition: key,
      scale: ImageScale(
        micrometresPerPixel: 5, relativeUncertainty: 0.003, source: .profile,
        calibration: "SERIAL-77/2026-02-27", ageDays: 2),
      measuredArea: MeasuredArea(
        squareCentimetres: 0.1, outline: [[0, 0], [1, 0], [1, 1]], guardMicrometres: 0,
        maskedSquareCentimetres: 0),
      cutOffs: CutOffs(),
      summary: HairSummary(
        hairCount: none, hairDensity: none, terminalCount: none, vellusCount: none,
        unresolvedCount: none, terminalShare: none, thinHairShare: none, meanDiameter: none,
        medianDiameter: none, diameterCV: none, cumulativeThickness: none,
        follicularUnitCount: none, hairsPerFollicularUnit: none, interfollicularDistance: none),
      hairs: [],
      quality: MeasurementQuality(
        accepted: true, reasons: [], sharpness: 1, pointSpreadSigmaMicrometres: nil,
        glareShare: 0, exposure: "good"),
      provenance: MeasurementProvenance(
        stage: "hair.analyse", version: "1", model: "sha256:0", settings: "sha256:0",
        channel: "luma"))
  }

  /// Everything that must not be in a released record.
  var identifying: [String] {
    [
      "Surname", "1975", "2026-03", "SERIAL", captured.original.sha256.hexadecimal,
      "usb:a168",
    ]
  }
}

/// The settings of a release.
func releaseSettings(_ profile: ReleaseProfile, linkingKey: String? = nil) -> ReleaseSettings {
  var settings = ReleaseSettings()
  settings.profile = profile
  settings.key = SecretReference(name: "key")
  settings.linkingKey = linkingKey
  return settings
}
