import Calibration
import ClinicalRecords
import ImageCodecs
import Imaging
import StageKit
import StageTesting
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Files of one test, removed when the value goes.
final class TemporaryFiles {
  private let folder: String
  private let written = Mutex<[String]>([])

  init() throws {
    var template = Array("/tmp/calibration-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw Failure(errno: errno) }
    folder = String(
      decoding: template.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit {
    for path in written.withLock({ $0 }) { unlink(path) }
    rmdir(folder)
  }

  struct Failure: Error { let errno: Int32 }

  /// Writes a file and gives its path.
  func write(_ bytes: [UInt8], to file: String) throws -> String {
    let path = "\(folder)/\(file)"
    guard let stream = fopen(path, "w") else { throw Failure(errno: errno) }
    defer { fclose(stream) }
    guard fwrite(bytes, 1, bytes.count, stream) == bytes.count else { throw Failure(errno: errno) }
    written.withLock { $0.append(path) }
    return path
  }
}

/// One stage with its host, and pictures to give it.
struct CalibrationHarness {
  let host = TestHost()
  var study = Study.open()
  var settings = ApplyCalibration.Settings()

  func stage() async throws -> ApplyCalibration {
    try await ApplyCalibration(settings: settings, context: context)
  }

  var context: StageContext {
    StageContext(stage: "calibrate", study: study, folder: DataFolder(path: "/tmp"), host: host)
  }

  func process(_ captured: CapturedImage) async throws -> CalibratedImage {
    try await stage().process(
      captured, in: DeliveryContext(stage: context, origin: nil, attempt: 1))
  }

  /// The code with which a picture is refused, or what it became.
  func refusal(_ captured: CapturedImage) async -> String {
    do {
      return "\(try await process(captured).scale.micrometresPerPixel)"
    } catch let error as StageError {
      return "\(error.failureClass.rawValue) \(error.code.name)"
    } catch {
      return "\(error)"
    }
  }

  func captured(
    _ bytes: [UInt8], scale: Double? = 2.5, date: CalendarDate? = CalendarDate(iso: "2026-03-10"),
    serial: String? = nil
  ) -> CapturedImage {
    CapturedImage(
      acquisition: AcquisitionKey(study: study.id, subject: "1", visit: "BL", region: "VX"),
      original: context.content(bytes, mediaType: "image/png"), fileName: "a.png", date: date,
      statedMicrometresPerPixel: scale,
      device: serial.map { CaptureDevice(model: "usb:a168:0840", serial: $0) })
  }

  /// A picture of one tone, as PNG.
  static func tone(_ value: UInt8, width: Int = 8, height: Int = 6, channels: Int = 1) throws
    -> [UInt8]
  {
    try PNGEncoder().encode(
      InterleavedImage<UInt8>(
        channels: channels,
        samples: Plane(width: width * channels, height: height, repeating: value)))
  }

  /// One calibration of S7 that holds from 8 to 15 March 2026, and lines to go with it.
  static func profile(_ lines: String...) -> String {
    """
    anagen_calibration: 1
    calibrations:
      - id: scope-7-2026-03
        device_serial: S7
        optics: 20x
        um_per_px: 2.5
        rel_u: 0.002
        made: 2026-03-08
        expires: 2026-03-15

    """ + lines.map { "    \($0)\n" }.joined()
  }
}
