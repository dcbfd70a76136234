import ClinicalRecords

/// A hair of a scene: what matters to figures, the rest as plain as it can be.
func hair(
  _ id: Int, at root: [Double] = [10, 10], diameter: Double? = 60, unit: Int? = nil,
  counted: Bool = true, cutOff: Double = 40
) -> Hair {
  Hair(
    id: id, centreline: [root, [root[0] + 50, root[1] + 50]], root: root,
    tip: [root[0] + 50, root[1] + 50], rootCertainty: 0.99,
    diameter: diameter.map { Hair.Diameter(value: $0, standardError: 1) }, length: 350,
    class: diameter.map { $0 > cutOff ? .terminal : .vellus } ?? .unresolved,
    follicularUnit: unit, counted: counted, confidence: 0.9, flags: [])
}

/// An area without outline detail.
func area(_ squareCentimetres: Double) -> MeasuredArea {
  MeasuredArea(
    squareCentimetres: squareCentimetres,
    outline: [[-0.5, -0.5], [999.5, -0.5], [999.5, 799.5], [-0.5, 799.5]],
    guardMicrometres: 0, maskedSquareCentimetres: 0)
}

/// 5 µm per pixel.
func scale(_ relativeUncertainty: Double = 0.003, calibration: String? = nil) -> ImageScale {
  ImageScale(
    micrometresPerPixel: 5, relativeUncertainty: relativeUncertainty, source: .argument,
    calibration: calibration)
}

/// A measurement of `terminal` and `vellus` hairs at a place in the schedule.
func measurement(
  terminal: Int, vellus: Int = 0, on squareCentimetres: Double = 0.5, subject: String = "01-001",
  visit: String = "BL", region: String = "VX", placement: Int = 1, field: Int = 1,
  attempt: Int = 1, accepted: Bool = true, scale used: ImageScale = scale()
) -> HairMeasurement {
  let hairs =
    (0..<terminal).map { hair($0, at: [Double($0 * 10), 20], diameter: 60, unit: $0 / 2) }
    + (0..<vellus).map { hair(terminal + $0, at: [Double($0 * 10), 90], diameter: 25) }
  let patch = area(squareCentimetres)
  let digest = ContentDigest(bytes: [UInt8](repeating: UInt8(attempt), count: 32))
  return HairMeasurement(
    image: MeasuredImage(file: "a.jpg", sha256: digest, width: 1000, height: 800),
    acquisition: AcquisitionKey(
      study: "S1", subject: subject, visit: visit, region: region, placement: placement,
      field: field, attempt: attempt), scale: used, measuredArea: patch, cutOffs: CutOffs(),
    summary: HairSummary(
      hairs: hairs, measuredArea: patch, scale: used, cutOffs: CutOffs(), level: 0.95),
    hairs: hairs,
    quality: MeasurementQuality(
      accepted: accepted, reasons: accepted ? [] : ["blurred: hold still"], sharpness: 0.8,
      pointSpreadSigmaMicrometres: nil, glareShare: 0.01, exposure: "good"),
    provenance: MeasurementProvenance(
      stage: "hair.analyse", version: "1.0.0", model: "sha256:0", settings: "sha256:0",
      channel: "luma"))
}
