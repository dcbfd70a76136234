import ClinicalRecords
import Imaging

/// The candidates that are hairs, measured on the picture's own pixels.
struct TracedHairs: Sendable {
  /// The candidates taken, in the order of their weight.
  let candidates: [HairCandidate]
  /// Their centre lines in pixels of the picture.
  let lines: [Polyline]
  let shafts: [DiameterMeasurement.Shaft?]
  let polarity: [Polarity.Verdict]
  let pointSpread: Double?
  private let settings: HairAnalyserSettings
  private let micrometresPerPixel: Double
  private let size: SIMD2<Double>

  /// A root this near to the picture's border lies outside, in µm: shafts are followed to one sample of
  /// the working scale.
  static let borderMicrometres = 6.0
  /// No other shaft within this distance of one that stands alone, in µm.
  static let isolationMicrometres: Float = 130

  init(
    _ field: FieldExamination, _ light: LinearLight, settings: HairAnalyserSettings,
    micrometresPerPixel: Double, pool: FramePool
  ) {
    var kept: [HairCandidate] = []
    var cues: [[Float]] = []
    for (candidate, cue) in zip(field.candidates, field.cues) {
      var candidate = candidate
      candidate.confidence = CandidateClassifier.second.confidence(of: candidate.features)
      guard Double(candidate.confidence) >= settings.leastConfidence else { continue }
      kept.append(candidate)
      cues.append(cue)
    }
    candidates = kept
    lines = kept.map { candidate in
      Polyline(points: candidate.line.points.map(field.geometry.picturePoint))
    }
    polarity = Polarity(micrometresPerPixel: WorkingPicture.micrometresPerPixel).verdicts(
      on: kept.map(\.line), cues: cues)
    let widths = DiameterMeasurement(
      lines.map { $0.resampled() }, expected: kept.map(\.widthMicrometres),
      alone: TracedHairs.standAlone(kept), in: light.intensity(field.channel, pool: pool),
      micrometresPerPixel: Float(micrometresPerPixel), fixed: settings.pointSpreadMicrometres)
    shafts = widths.shafts
    pointSpread = widths.pointSpread
    self.settings = settings
    self.micrometresPerPixel = micrometresPerPixel
    size = SIMD2(Double(light.width), Double(light.height))
  }

  /// The records of all hairs, surest first.
  func records(region: MeasuredRegion, mask: Plane<UInt8>) -> [Hair] {
    let order = candidates.indices.sorted {
      candidates[$0].confidence == candidates[$1].confidence
        ? $0 < $1 : candidates[$0].confidence > candidates[$1].confidence
    }
    let paths = order.map { path(of: $0) }
    let units = UnitFormation().units(
      of: paths.map { SIMD2($0[0][0], $0[0][1]) }, micrometresPerPixel: micrometresPerPixel)
    return order.indices.map { rank in
      record(
        order[rank], id: rank, path: paths[rank], unit: units[rank], region: region, mask: mask)
    }
  }

  private func record(
    _ index: Int, id: Int, path: [[Double]], unit: Int, region: MeasuredRegion, mask: Plane<UInt8>
  ) -> Hair {
    let root = path[0]
    let tip = path[path.count - 1]
    let shaft = shafts[index]
    let rootLeaves = leavesFrame(root)
    let isMasked = maskCovers(root, mask)
    var flags: [String] = []
    if rootLeaves || leavesFrame(tip) { flags.append("leaves_frame") }
    if shaft?.isCrowded == true { flags.append("overlapped") }
    if shaft?.isUnresolved == true { flags.append("thin_unresolved") }
    if shaft == nil { flags.append("no_width") }
    return Hair(
      id: id, centreline: path, root: root, tip: tip,
      rootCertainty: rounded(polarity[index].certainty, 1e3),
      diameter: shaft.map {
        Hair.Diameter(value: rounded($0.value, 1e2), standardError: rounded($0.standardError, 1e2))
      }, length: rounded(Double(candidates[index].lengthMicrometres), 10),
      class: shaftClass(shaft), follicularUnit: unit,
      counted: !rootLeaves && !isMasked && region.contains(root[0], root[1]),
      confidence: rounded(Double(candidates[index].confidence), 1e3), flags: flags)
  }

  /// From root to tip, a point every eight pixels or so: shafts bend over hundreds of µm.
  private func path(of index: Int) -> [[Double]] {
    let line = polarity[index].isReversed ? lines[index].reversed : lines[index]
    let spacing = Float(40 / micrometresPerPixel)
    return line.resampled(step: max(spacing, 2)).points.map { point in
      [
        rounded(min(max(Double(point.x), 0), size.x - 1), 100),
        rounded(min(max(Double(point.y), 0), size.y - 1), 100),
      ]
    }
  }

  private func shaftClass(_ shaft: DiameterMeasurement.Shaft?) -> Hair.Class {
    guard let shaft else { return .unresolved }
    let cutOff = settings.cutOffs.vellusAtMost
    // Blur only widens: a shaft that looks thin is thin. One that blur hides cannot be told.
    if shaft.isUnresolved && shaft.halfDepthWidth > cutOff { return .unresolved }
    return shaft.value > cutOff ? .terminal : .vellus
  }

  private func leavesFrame(_ point: [Double]) -> Bool {
    let margin = max(1, TracedHairs.borderMicrometres / micrometresPerPixel)
    return point[0] < margin || point[1] < margin || point[0] > size.x - 1 - margin
      || point[1] > size.y - 1 - margin
  }

  private func maskCovers(_ point: [Double], _ mask: Plane<UInt8>) -> Bool {
    let x = min(max(Int(point[0].rounded()), 0), mask.width - 1)
    let y = min(max(Int(point[1].rounded()), 0), mask.height - 1)
    return mask[x, y] != 0
  }

  private static func standAlone(_ candidates: [HairCandidate]) -> [Bool] {
    let reach = isolationMicrometres / WorkingPicture.micrometresPerPixel
    let bounds = candidates.map(\.line.bounds)
    return candidates.indices.map { index in
      let middle = candidates[index].line.points[candidates[index].line.count / 2]
      return candidates.indices.allSatisfy { other in
        guard other != index else { return true }
        let (low, high) = bounds[other]
        let inside = pointwiseMin(pointwiseMax(middle, low), high)
        guard norm(inside - middle) < reach else { return true }
        return candidates[other].line.points.allSatisfy { norm($0 - middle) >= reach }
      }
    }
  }
}

/// Rounded to `1 / steps`, so that records hold what was measured and no more.
private func rounded(_ value: Double, _ steps: Double) -> Double {
  (value * steps).rounded() / steps
}

extension LinearLight {
  /// The light of one channel at the picture's own resolution.
  func intensity(_ channel: MeasurementChannel, pool: FramePool) -> Plane<Float> {
    switch self {
    case .grey(let plane): plane
    case .colour(let red, let green, let blue): channel.mixture(of: red, green, blue, pool: pool)
    }
  }
}
