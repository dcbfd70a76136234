import ClinicalRecords

/// The true figures of a region at a visit, on the area that was measured: rendered pictures only.
///
/// Fields are added up and placements averaged, as with measurements.
struct RegionTruth {
  /// Hairs with their root in the area; a mean where there are several placements.
  let count: Double
  /// Hairs on 1 cm².
  let density: Double
  /// The median of mean diameters in µm; `nil` without hairs.
  let medianDiameter: Double?
  /// Terminal over vellus; `nil` without vellus hair.
  let ratio: Double?

  /// Counts the true hairs of measurements of one region; `nil` when one has no known truth.
  init?(of measurements: [HairMeasurement], by file: PhantomTruthFile) {
    let accepted = measurements.filter(\.quality.accepted)
    let placements = Set(accepted.compactMap(\.acquisition?.placement)).count
    var hairs: [PhantomTruthFile.Hair] = []
    var area = 0.0
    for measurement in accepted {
      guard let found = file.hairs(in: measurement) else { return nil }
      hairs += found
      // The truth counts hairs under overlays too, so its area is the whole outline's.
      area +=
        measurement.measuredArea.squareCentimetres
        + measurement.measuredArea.maskedSquareCentimetres
    }
    guard placements > 0, area > 0 else { return nil }
    let diameters = hairs.map(\.diameterMicrometres).sorted()
    let vellus = hairs.count(where: \.vellus)
    count = Double(hairs.count) / Double(placements)
    density = Double(hairs.count) / area
    let middle = diameters.count / 2
    medianDiameter =
      diameters.isEmpty
      ? nil
      : diameters.count % 2 == 1
        ? diameters[middle] : (diameters[middle - 1] + diameters[middle]) / 2
    ratio = vellus > 0 ? Double(hairs.count - vellus) / Double(vellus) : nil
  }
}
