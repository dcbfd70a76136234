import Imaging

/// The numbers that compare a candidate with those around it which are likely hairs.
///
/// Among all the lines of a field most are skin, and what they have in common says little of its
/// hair. So the first table judges each line by itself; its confidences weigh the field's direction,
/// width, length, contrast and density here, and say which line a doubtful one lies on, beside or
/// behind; the second table sees both.
struct CandidateContext {
  static let names = [
    "likely_alignment_near", "likely_coherence_near", "likely_alignment_far",
    "likely_coherence_far", "likely_within_140", "likely_within_400", "likely_within_1200",
    "covered", "covered_by", "surer_distance", "surer_cosine", "surer_confidence",
    "surer_contrast_ratio", "surer_width_ratio", "surer_end_gap", "surer_end_cosine",
    "surer_end_confidence", "ln_width_over_likely", "ln_length_over_likely",
    "contrast_over_likely", "likely_per_square_millimetre", "mean_confidence", "ln_likely_width",
    "confidence",
  ]

  /// A line that is less likely a hair than this is none.
  static let least: Float = 0.05

  /// The reach of a field's direction, near and far, as standard deviations in µm.
  private static let reaches: [Float] = [600, 1500]
  /// Lines further apart than this are not compared, in µm between their middles.
  private static let pairReach: Float = 700
  /// The distance that stands for "none", in µm.
  private static let none: Float = 300

  private let candidates: [HairCandidate]
  private let confidences: [Float]
  private let squareMillimetres: Float
  private let micrometresPerPixel: Float
  private let centres: [SIMD2<Float>]
  private let directions: [SIMD2<Float>]
  /// Every other point of each line.
  private let points: [[SIMD2<Float>]]

  /// Compares candidates whose confidence is the first table's.
  init(_ candidates: [HairCandidate], squareMillimetres: Float, micrometresPerPixel: Float) {
    self.candidates = candidates
    self.squareMillimetres = squareMillimetres
    self.micrometresPerPixel = micrometresPerPixel
    confidences = candidates.map(\.confidence)
    centres = candidates.map { candidate in
      let (low, high) = candidate.line.bounds
      return (low + high) * (0.5 * micrometresPerPixel)
    }
    directions = candidates.map { unit($0.line.points[$0.line.count - 1] - $0.line.points[0]) }
    points = candidates.map { candidate in
      stride(from: 0, to: candidate.line.count, by: 2).map {
        candidate.line.points[$0] * micrometresPerPixel
      }
    }
  }

  /// The features of every candidate, in the order of ``names``.
  var features: [[Float]] {
    guard !candidates.isEmpty else { return [] }
    let weights = confidences.map { $0 * $0 }
    let width = weightedMedian(candidates.map(\.widthMicrometres), weights)
    let length = weightedMedian(candidates.map(\.lengthMicrometres), weights)
    let contrast = max(weightedMedian(candidates.map(\.profile.contrast), weights), 0.01)
    let sum = confidences.reduce(0, +)
    let shared: [Float] = [
      sum / squareMillimetres, sum / Float(confidences.count), logarithm(width),
    ]
    return candidates.indices.map { index in
      let candidate = candidates[index]
      let relative: [Float] = [
        logarithm(candidate.widthMicrometres / width),
        logarithm(candidate.lengthMicrometres / length),
        max(candidate.profile.contrast, 0.01) / contrast,
      ]
      return around(index) + surer(than: index) + relative + shared + [confidences[index]]
    }
  }

  /// How well a line follows the likely hairs around it and how well those agree, near and far, and
  /// how many there are.
  private func around(_ index: Int) -> [Float] {
    var sums = [SIMD2<Float>](repeating: SIMD2(0, 0), count: 2)
    var totals: [Float] = [1e-9, 1e-9]
    var counts: [Float] = [0, 0, 0]
    for other in candidates.indices where other != index {
      let offset = centres[other] - centres[index]
      let squared = dot(offset, offset)
      let confidence = confidences[other]
      for (place, reach) in CandidateContext.reaches.enumerated() {
        // A rational bell, as wide as a Gaussian of that deviation at half height.
        let near = 1 / (1 + squared / (1.39 * reach * reach))
        let weight =
          near * near * confidence * confidence * candidates[other].lengthMicrometres
        sums[place] += doubled(directions[other]) * weight
        totals[place] += weight
      }
      for (place, reach) in [Float(140), 400, 1200].enumerated() where squared < reach * reach {
        counts[place] += confidence
      }
    }
    var found: [Float] = []
    for place in 0..<2 {
      let mean = sums[place] / totals[place]
      found += [dot(doubled(directions[index]), mean), norm(mean)]
    }
    return found + counts
  }

  /// What the surer lines nearby say: how far one covers this, which runs closest, and which ends
  /// closest to its ends.
  private func surer(than index: Int) -> [Float] {
    var covered: (share: Float, confidence: Float) = (0, 0)
    var beside: [Float] = [CandidateContext.none, 0, 0, 1, 1]
    var ends: [Float] = [CandidateContext.none, 0, 0]
    for other in candidates.indices where isSurer(other, than: index) {
      let offset = centres[other] - centres[index]
      guard dot(offset, offset) < CandidateContext.pairReach * CandidateContext.pairReach else {
        continue
      }
      let confidence = confidences[other]
      let (mean, share, gap) = distances(from: index, to: other)
      if share * confidence > covered.share { covered = (share * confidence, confidence) }
      let cosine = abs(dot(directions[index], directions[other]))
      if mean < beside[0] {
        beside = [
          mean, cosine, confidence,
          max(candidates[index].profile.contrast, 0.01)
            / max(candidates[other].profile.contrast, 0.01),
          candidates[index].widthMicrometres / candidates[other].widthMicrometres,
        ]
      }
      if gap < ends[0] { ends = [gap, cosine, confidence] }
    }
    return [covered.share, covered.confidence] + beside + ends
  }

  private func isSurer(_ other: Int, than index: Int) -> Bool {
    confidences[other] > confidences[index]
      || (confidences[other] == confidences[index] && other < index)
  }

  /// The mean distance of a line's points to another line in µm, the share of them within its half
  /// width, and the distance of the nearest two ends.
  private func distances(
    from index: Int, to other: Int
  ) -> (mean: Float, share: Float, gap: Float) {
    let half = 0.5 * candidates[other].widthMicrometres + 5
    var sum: Float = 0
    var near = 0
    for point in points[index] {
      var best = Float.infinity
      for there in points[other] {
        let offset = there - point
        best = min(best, dot(offset, offset))
      }
      let distance = best.squareRoot()
      sum += distance
      if distance < half { near += 1 }
    }
    var gap = Float.infinity
    for here in [points[index][0], points[index][points[index].count - 1]] {
      for there in [points[other][0], points[other][points[other].count - 1]] {
        gap = min(gap, norm(there - here))
      }
    }
    let count = Float(points[index].count)
    return (sum / count, Float(near) / count, gap)
  }
}

/// The value at which half of the weight is reached.
private func weightedMedian(_ values: [Float], _ weights: [Float]) -> Float {
  let order = values.indices.sorted { values[$0] < values[$1] }
  let half = 0.5 * weights.reduce(0, +)
  var sum: Float = 0
  for index in order {
    sum += weights[index]
    if sum >= half { return values[index] }
  }
  return values[order[order.count - 1]]
}

/// The vector at twice the angle, in which a line and its reverse are the same.
func doubled(_ direction: SIMD2<Float>) -> SIMD2<Float> {
  SIMD2(direction.x * direction.x - direction.y * direction.y, 2 * direction.x * direction.y)
}
