import Calibration
import ClinicalRecords
import Crypto
import HairAnalysis
import ImageCodecs
import PipelineRunner
import Reports
import StageKit

/// One picture that was measured.
struct MeasuredPicture: Sendable {
  /// The figures and every hair.
  let measurement: HairMeasurement
  /// Where the hairs were drawn, if they were.
  let drawnAt: String?
  /// Why they could not be, where they should have been.
  var undrawn: CommandFailure?
  /// What somebody should know of how the picture was read.
  let notes: [String]
}

/// The way from a file to its figures without a run: decode, calibrate, analyse, draw.
///
/// The figures are those that `hair.analyse` gives at its defaults, since it is the same code.
struct PictureMeasurement: Sendable {
  private let scale: ImageScale
  private let analysis: AnalyseHair

  /// Prepares the analysis.
  ///
  /// - Parameters:
  ///   - micrometresPerPixel: finite and above 0.
  ///   - study: target area and cut-offs.
  init(micrometresPerPixel: Double, study: Study) throws {
    scale = ImageScale(
      micrometresPerPixel: micrometresPerPixel,
      relativeUncertainty: ApplyCalibration.Settings().relativeUncertainty, source: .argument)
    analysis = try AnalyseHair(
      settings: AnalyseHairSettings(),
      context: StageContext(
        stage: AnalyseHair.manifest.id, study: study, folder: DataFolder(path: "/"),
        host: BareHost()))
  }

  /// Measures one file.
  ///
  /// - Parameters:
  ///   - path: where it lies.
  ///   - name: what the measurement calls it.
  ///   - drawing: where the hairs are drawn, if they are.
  /// - Throws: ``CommandFailure``, `ImageCodecError`, `StageError`.
  func measure(
    _ path: String, named name: String, drawnAt drawing: String?
  ) throws -> MeasuredPicture {
    let bytes = try FileAccess.read(path)
    let picture = try ImageDecoder().decode(bytes, fileName: name)
    let measurement = try analysis.measurement(
      of: CalibratedImage(
        captured: CapturedImage(
          acquisition: PictureMeasurement.none,
          original: StoredContent(
            bytes: bytes, sha256: ContentDigest(bytes: SHA256.hash(data: bytes)),
            mediaType: picture.header.format.mediaType),
          fileName: name),
        light: StandardTone.light(of: picture), scale: scale),
      acquisition: nil)
    var measured = MeasuredPicture(
      measurement: measurement, drawnAt: drawing, notes: picture.header.notes.map(\.text))
    if let drawing {
      let drawn = MeasurementOverlay().draw(measurement, on: picture.eightBit())
      do {
        try FileAccess.write(
          PNGEncoder(compression: PictureMeasurement.drawingCompression).encode(drawn), to: drawing)
      } catch let failure as CommandFailure {
        // The figures do not need the drawing: a card or a share may be read alone.
        measured = MeasuredPicture(
          measurement: measurement, drawnAt: nil,
          undrawn: CommandFailure(
            failure.status, failure.what,
            hint:
              "\(failure.hint), or draw elsewhere with --out FOLDER, or not at all with --no-overlay"
          ),
          notes: measured.notes)
      }
    }
    return measured
  }

  /// Photographs hardly compress: level 6 takes three times as long as level 3 for 4 % less.
  private static let drawingCompression = 3

  /// A bare file is no acquisition; the measurement says so by naming none.
  private static let none = AcquisitionKey(
    study: "none", subject: "none", visit: "none", region: "unknown")
}
