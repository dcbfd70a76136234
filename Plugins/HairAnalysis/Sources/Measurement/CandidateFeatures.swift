import Imaging

/// The numbers by which a hair is told from a line that is none.
///
/// Dimensionless or in µm, so that they mean the same at every magnification; relative ones compare
/// with the field's own hairs. The order is part of the classifier's table: `names` is checked against
/// it when the table is made.
struct CandidateFeatures {
  static let names = [
    "ln_width", "ln_length", "contrast", "ln_strength_over_texture", "width_variation",
    "sound_share",
    "chord_over_length", "ln_width_over_median", "ln_length_over_median", "contrast_over_median",
    "alignment", "coherence", "neighbours", "beside_high", "beside_low",
    "flank_slope", "roughness", "offset_over_width", "dark_share", "new_share", "tint",
    "low_density", "beyond_high", "beyond_low", "stronger_distance", "stronger_cosine",
    "stronger_length_ratio", "stronger_contrast_ratio", "turn", "peak",
    "lines_per_square_millimetre",
    "stronger_overlap", "tint_high", "tint_low",
  ]

  var texture: Float
  var width: Int
  var height: Int
  var micrometresPerPixel: Float

  var squareMillimetres: Float {
    Float(width * height) * micrometresPerPixel * micrometresPerPixel * 1e-6
  }

  /// Fills in the features of every candidate; `verdicts` are those of the explain-away pass.
  func fill(
    _ candidates: inout [HairCandidate], verdicts: [ExplainAway.Verdict], density: BilinearSampler,
    tint: (SIMD2<Float>) -> Float
  ) {
    guard !candidates.isEmpty else { return }
    let field = FieldStatistics(candidates, micrometresPerPixel: micrometresPerPixel)
    for index in candidates.indices {
      candidates[index].features = features(
        of: index, candidates, verdicts[index], field, density: density, tint: tint)
    }
  }

  private func features(
    of index: Int, _ all: [HairCandidate], _ verdict: ExplainAway.Verdict,
    _ field: FieldStatistics, density: BilinearSampler, tint: (SIMD2<Float>) -> Float
  ) -> [Float] {
    let hair = all[index]
    let profile = hair.profile
    let contrast = max(profile.contrast, 0.01)
    let line = hair.line
    let chord = norm(line.points[line.count - 1] - line.points[0])
    let direction = field.direction(around: index)
    let along = line.points.map { density($0.x, $0.y) }.sorted()
    let first = beyond(line.reversed, density: density, tint: tint)
    let last = beyond(line, density: density, tint: tint)
    let tints = stride(from: 0, to: line.count, by: 2).map { tint(line.points[$0]) }
    let stronger = nearestStronger(to: index, all, field)
    return [
      logarithm(hair.widthMicrometres), logarithm(hair.lengthMicrometres), profile.contrast,
      logarithm(hair.strength / texture), profile.widthDeviation / max(profile.width, 0.1),
      profile.soundShare, chord * micrometresPerPixel / max(hair.lengthMicrometres, 1),
      logarithm(hair.widthMicrometres / field.width),
      logarithm(hair.lengthMicrometres / field.length), profile.contrast / field.contrast,
      direction.alignment, direction.coherence,
      Float(field.neighbours(of: index, within: 140)),
      max(profile.besideLeft, profile.besideRight) / contrast,
      min(profile.besideLeft, profile.besideRight) / contrast, profile.flankSlope / contrast,
      profile.roughness, abs(profile.offset) / max(profile.width, 0.1), verdict.darkShare,
      verdict.newShare, median(tints), quantile(sorted: along, 0.1) / contrast,
      max(first.density, last.density) / contrast, min(first.density, last.density) / contrast,
      stronger.distance, stronger.cosine, stronger.lengthRatio, stronger.contrastRatio,
      totalTurn(line), quantile(sorted: along, 0.5), Float(all.count) / squareMillimetres,
      stronger.overlap,
      max(first.tint, last.tint), min(first.tint, last.tint),
    ]
  }

  /// The mean density and tint from 17 to 50 µm past the last point.
  private func beyond(
    _ line: Polyline, density: BilinearSampler, tint: (SIMD2<Float>) -> Float
  ) -> (density: Float, tint: Float) {
    let outward = line.outwardDirection
    let end = line.points[line.count - 1]
    var sum: Float = 0
    var blue: Float = 0
    for step in [Float(3), 5, 7, 9] {
      let point = end + outward * step
      sum += density(point.x, point.y)
      blue += tint(point)
    }
    return (0.25 * sum, 0.25 * blue)
  }

  private func totalTurn(_ line: Polyline) -> Float {
    guard line.count > 8 else { return 0 }
    var turn: Float = 0
    var before = unit(line.points[4] - line.points[0])
    for index in stride(from: 8, to: line.count, by: 4) {
      let now = unit(line.points[index] - line.points[index - 4])
      turn += abs(cross(before, now))
      before = now
    }
    return turn
  }

  private struct Stronger {
    var distance: Float = 300
    var cosine: Float = 0
    var lengthRatio: Float = 1
    var contrastRatio: Float = 1
    var overlap: Float = 0
  }

  /// The candidate of greater weight that this line runs closest to on average.
  private func nearestStronger(
    to index: Int, _ all: [HairCandidate], _ field: FieldStatistics
  ) -> Stronger {
    let line = all[index].line
    let reach = 300 / micrometresPerPixel
    let (low, high) = line.bounds
    var found = Stronger()
    // Candidates come in order of weight, so the stronger are those before.
    for other in 0..<index {
      let bounds = field.bounds[other]
      guard bounds.low.x < high.x + reach, bounds.high.x > low.x - reach,
        bounds.low.y < high.y + reach, bounds.high.y > low.y - reach
      else { continue }
      let (mean, near) = distances(from: line, to: all[other])
      let distance = mean * micrometresPerPixel
      if distance < found.distance {
        found.distance = distance
        found.cosine = abs(dot(field.directions[index], field.directions[other]))
        found.lengthRatio = all[index].lengthMicrometres / all[other].lengthMicrometres
        found.contrastRatio = all[index].profile.contrast / all[other].profile.contrast
        found.overlap = near
      }
    }
    return found
  }

  /// The mean distance of a line's points to another line, and the share within its half width.
  private func distances(from line: Polyline, to other: HairCandidate) -> (Float, Float) {
    let half = 0.5 * other.profile.width + 1
    var sum: Float = 0
    var near = 0
    var count = 0
    for index in stride(from: 0, to: line.count, by: 3) {
      var best = Float.infinity
      for step in stride(from: 0, to: other.line.count, by: 2) {
        let offset = other.line.points[step] - line.points[index]
        best = min(best, dot(offset, offset))
      }
      let distance = best.squareRoot()
      sum += distance
      if distance < half { near += 1 }
      count += 1
    }
    return (sum / Float(count), Float(near) / Float(count))
  }
}

/// What the candidates of a field have in common.
private struct FieldStatistics {
  let width: Float
  let length: Float
  let contrast: Float
  let directions: [SIMD2<Float>]
  let bounds: [(low: SIMD2<Float>, high: SIMD2<Float>)]
  private let centres: [SIMD2<Float>]
  private let weights: [Float]
  private let micrometresPerPixel: Float

  /// How far the direction of hair is taken to hold, as a standard deviation: whorls turn over mm.
  private static let directionReachMicrometres: Float = 1500

  init(_ candidates: [HairCandidate], micrometresPerPixel: Float) {
    width = median(candidates.map(\.widthMicrometres))
    length = median(candidates.map(\.lengthMicrometres))
    contrast = max(median(candidates.map(\.profile.contrast)), 0.01)
    directions = candidates.map { unit($0.line.points[$0.line.count - 1] - $0.line.points[0]) }
    bounds = candidates.map(\.line.bounds)
    centres = bounds.map { ($0.low + $0.high) * 0.5 }
    weights = candidates.map { $0.lengthMicrometres * $0.profile.contrast }
    self.micrometresPerPixel = micrometresPerPixel
  }

  /// How well a candidate follows the hairs around it, and how well they agree, both within ±1.
  func direction(around index: Int) -> (alignment: Float, coherence: Float) {
    var sum = SIMD2<Float>(0, 0)
    var total: Float = 0
    let reach = FieldStatistics.directionReachMicrometres / micrometresPerPixel
    for other in centres.indices where other != index {
      let offset = centres[other] - centres[index]
      // A rational bell, as wide as a Gaussian of that deviation at half height.
      let near = 1 / (1 + dot(offset, offset) / (1.39 * reach * reach))
      let weight = weights[other] * near * near
      sum += doubled(directions[other]) * weight
      total += weight
    }
    guard total > 0 else { return (0, 0) }
    let mean = sum / total
    return (dot(doubled(directions[index]), mean), norm(mean))
  }

  func neighbours(of index: Int, within micrometres: Float) -> Int {
    let reach = micrometres / micrometresPerPixel
    var count = 0
    for other in centres.indices where other != index {
      let offset = centres[other] - centres[index]
      if dot(offset, offset) < reach * reach { count += 1 }
    }
    return count
  }
}

/// The natural logarithm of one positive number, by the kernel that planes use.
func logarithm(_ value: Float) -> Float {
  naturalLogarithm(SIMD8<Float>(repeating: max(value, 1e-6)))[0]
}
