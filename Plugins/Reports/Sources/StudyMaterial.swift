import ClinicalRecords
import StageKit

/// What a report is written from: every measurement of a study without its hairs, combined by
/// region and visit, in the order of subject number and schedule.
struct StudyMaterial: Sendable {
  /// One picture's measurement and where to find it again.
  struct Picture: Sendable {
    let key: AcquisitionKey
    let index: Int
    let file: String
    let quality: MeasurementQuality
    let scale: ImageScale
    let provenance: MeasurementProvenance
    let squareCentimetres: Double
    let hairCount: Figure
  }

  /// One region of one subject at one session of a visit.
  struct VisitOfRegion: Sendable {
    let visit: String
    let combined: RegionMeasurement
    let pictures: [Picture]

    /// The picture of an attempt.
    func picture(of attempt: RegionMeasurement.Attempt) -> Picture? {
      pictures.first {
        ($0.key.placement, $0.key.field, $0.key.attempt)
          == (attempt.placement, attempt.field, attempt.attempt)
      }
    }
  }

  /// One region of one subject over its visits.
  struct RegionOfSubject: Sendable {
    let region: String
    let side: String
    let session: String
    let visits: [VisitOfRegion]

    /// The region at a visit.
    func at(_ visit: String) -> VisitOfRegion? { visits.first { $0.visit == visit } }
  }

  /// One subject.
  struct Subject: Sendable {
    let subject: String
    let regions: [RegionOfSubject]
  }

  let study: Study
  let subjects: [Subject]
  /// The visits of the schedule, then those that no schedule names.
  let visits: [String]
  /// Measurements of bare files, which belong to no subject.
  let withoutAcquisition: Int
  /// Pictures that could not be measured, in the order of subjects.
  let failed: [FailedPictures.Picture]
  /// What the list of pictures says otherwise than before.
  let changes: [ListChange]

  /// Reads every record once; a record's hairs are let go as soon as its region is combined.
  ///
  /// Records come in the order of their identities, which begin with what identifies a region at a
  /// visit: its pictures come together, so the hairs of one region are in memory. In another order
  /// the ones before are read again.
  static func gather(
    _ records: ProjectedRecords<HairMeasurement>, study: Study
  ) async throws -> StudyMaterial {
    var found: [RegionVisit: VisitOfRegion] = [:]
    var open: [(picture: Picture, part: RegionPart)] = []
    func close() async throws {
      guard let visit = open.first?.picture.key.regionVisit else { return }
      for picture in found[visit]?.pictures ?? [] {
        let measurement = try await records.record(at: picture.index).record
        open.append((picture, RegionPart(measurement, key: picture.key)))
      }
      found[visit] = VisitOfRegion(
        visit: visit.visit, combined: RegionMeasurement.combine(open.map(\.part), of: visit),
        pictures: open.map(\.picture).sorted { NaturalOrder.precedes($0.key.path, $1.key.path) })
      open = []
    }
    var bare = 0
    for index in 0..<records.count {
      let measurement = try await records.record(at: index).record
      guard let key = measurement.acquisition else {
        bare += 1
        continue
      }
      let picture = Picture(
        key: key, index: index, file: measurement.image.file, quality: measurement.quality,
        scale: measurement.scale, provenance: measurement.provenance,
        squareCentimetres: measurement.measuredArea.squareCentimetres,
        hairCount: measurement.summary.hairCount)
      if let last = open.last?.picture.key, last.regionVisit != key.regionVisit {
        try await close()
      }
      open.append((picture, RegionPart(measurement, key: key)))
    }
    try await close()
    return StudyMaterial(
      study: study, found: found, withoutAcquisition: bare,
      failed: FailedPictures.pictures(of: records.refused), changes: records.listChanges)
  }

  private init(
    study: Study, found: [RegionVisit: VisitOfRegion], withoutAcquisition: Int,
    failed: [FailedPictures.Picture], changes: [ListChange]
  ) {
    self.study = study
    self.failed = failed
    self.changes = changes
    self.withoutAcquisition = withoutAcquisition
    let scheduled = study.visits.map(\.name)
    let others = Set(found.keys.map(\.visit)).subtracting(scheduled).sorted()
    let visits = scheduled + others
    self.visits = visits
    let rank = Dictionary(uniqueKeysWithValues: visits.enumerated().map { ($1, $0) })
    let bySubject = Dictionary(grouping: found.keys, by: \.subject)
    subjects = bySubject.keys.sorted(by: NaturalOrder.precedes).map { subject in
      let spots = Dictionary(grouping: bySubject[subject] ?? []) {
        [$0.region, $0.side, $0.session]
      }
      let regions = spots.keys.sorted { StudyMaterial.precedes($0, $1, study) }.map { spot in
        RegionOfSubject(
          region: spot[0], side: spot[1], session: spot[2],
          visits: (spots[spot] ?? []).sorted { (rank[$0.visit] ?? 0) < (rank[$1.visit] ?? 0) }
            .compactMap { found[$0] })
      }
      return Subject(subject: subject, regions: regions)
    }
  }

  /// Regions stand in the study file's order, others after them by name.
  private static func precedes(_ left: [String], _ right: [String], _ study: Study) -> Bool {
    func rank(_ code: String) -> Int {
      study.regions.firstIndex { $0.code == code } ?? study.regions.count
    }
    let ranks = (rank(left[0]), rank(right[0]))
    return ranks.0 == ranks.1 ? left.lexicographicallyPrecedes(right) : ranks.0 < ranks.1
  }

  /// The placements' values of a quantity in a region over all subjects, for repeatability.
  func repeats(
    of quantity: HairQuantity, hairs: String, region: String, side: String
  ) -> [[Double]] {
    subjects.flatMap { subject in
      subject.regions.filter { $0.region == region && $0.side == side }.flatMap { spot in
        spot.visits.compactMap { $0.combined.figure(quantity, hairs: hairs)?.placementValues }
      }
    }
  }

  /// The level of the intervals, when there is any figure.
  var intervalLevel: Double {
    subjects.first?.regions.first?.visits.first?.combined.intervalLevel ?? 0.95
  }
}

extension StudyMaterial.RegionOfSubject {
  /// The region's name as people read it, such as `VX · vertex, midline`.
  func title(in study: Study) -> String {
    var parts: [String] = []
    if let region = study.region(region)?.region, region != self.region { parts.append(region) }
    if side != "unknown" { parts.append(side) }
    if session != "D0" { parts.append("session \(session)") }
    return parts.isEmpty ? region : "\(region) · \(parts.joined(separator: ", "))"
  }

  /// The first and the last visit, when there are two.
  var ends: (StudyMaterial.VisitOfRegion, StudyMaterial.VisitOfRegion)? {
    guard let first = visits.first, let last = visits.last, visits.count > 1 else { return nil }
    return (first, last)
  }

  /// The change of a density from the first to the last visit.
  func change(hairs: String) throws -> RegionChange? {
    guard let (first, last) = ends else { return nil }
    return try RegionChange(from: first.combined, to: last.combined, hairs: hairs)
  }
}
