public import ClinicalRecords
public import Imaging
import StageKit

extension CapturedImage {
  /// A picture of nobody, as a run would hand it over; its bytes are no picture that can be decoded.
  public static func sample() -> CapturedImage {
    let bytes = Array("a sample".utf8)
    return CapturedImage(
      acquisition: AcquisitionKey(study: "open", subject: "S-001", visit: "V1", region: "VX"),
      original: StoredContent(
        bytes: bytes, sha256: SHA256Digest.of(bytes), mediaType: "image/jpeg"),
      fileName: "sample.jpg")
  }
}

extension CalibratedImage {
  /// A picture of nobody with light that a test knows.
  ///
  /// - Parameters:
  ///   - light: linear light, 0 for black to 1 for white.
  ///   - micrometresPerPixel: how much skin a pixel shows.
  public static func sample(
    light: LinearLight, micrometresPerPixel: Double = 5
  ) -> CalibratedImage {
    CalibratedImage(
      captured: .sample(), light: light,
      scale: ImageScale(
        micrometresPerPixel: micrometresPerPixel, relativeUncertainty: 0.01, source: .argument))
  }
}

extension Hair {
  /// A hair along a line that a test knows, counted and whole.
  ///
  /// - Parameters:
  ///   - centreline: its points in pixels from root to tip, at least two.
  ///   - micrometresPerPixel: the scale of the measurement that it will be part of.
  public static func sample(
    _ id: Int, along centreline: [[Double]], diameter: Double = 60,
    micrometresPerPixel: Double = 5
  ) -> Hair {
    precondition(centreline.count >= 2, "a hair has a root and a tip")
    var length = 0.0
    for (from, to) in zip(centreline, centreline.dropFirst()) {
      let (x, y) = (to[0] - from[0], to[1] - from[1])
      length += (x * x + y * y).squareRoot() * micrometresPerPixel
    }
    return Hair(
      id: id, centreline: centreline, root: centreline[0],
      tip: centreline[centreline.count - 1], rootCertainty: 0.99,
      diameter: Diameter(value: diameter, standardError: 1), length: length,
      class: diameter > CutOffs().vellusAtMost ? .terminal : .vellus, follicularUnit: nil,
      counted: true, confidence: 0.95, flags: [])
  }
}

extension HairMeasurement {
  /// The measurement of a picture of nobody with hairs that a test knows, 1280 x 960 pixels.
  public static func sample(
    hairs: [Hair], micrometresPerPixel: Double = 5
  ) -> HairMeasurement {
    let (width, height) = (1280, 960)
    let side = micrometresPerPixel / 10_000
    let area = MeasuredArea(
      squareCentimetres: Double(width * height) * side * side,
      outline: [
        [-0.5, -0.5], [Double(width) - 0.5, -0.5], [Double(width) - 0.5, Double(height) - 0.5],
        [-0.5, Double(height) - 0.5],
      ], guardMicrometres: 0, maskedSquareCentimetres: 0)
    let captured = CapturedImage.sample()
    let scale = ImageScale(
      micrometresPerPixel: micrometresPerPixel, relativeUncertainty: 0.01, source: .argument)
    return HairMeasurement(
      image: MeasuredImage(
        file: captured.fileName, sha256: captured.original.sha256, width: width, height: height),
      acquisition: captured.acquisition, scale: scale, measuredArea: area, cutOffs: CutOffs(),
      summary: HairSummary(
        hairs: hairs, measuredArea: area, scale: scale, cutOffs: CutOffs(), level: 0.95),
      hairs: hairs,
      quality: MeasurementQuality(
        accepted: true, reasons: [], sharpness: 0.8, pointSpreadSigmaMicrometres: nil,
        glareShare: 0, exposure: "good"),
      provenance: MeasurementProvenance(
        stage: "sample", version: "1", model: "sha256:0", settings: "sha256:0", channel: "luma"))
  }
}
