import Imaging

/// From a density plane to the lines that may be hairs.
struct ShaftTracer: Sendable {
  /// The scale of the density plane.
  var micrometresPerPixel: Float
  /// A line starts where the ridge is this many times the median of all ridge maxima.
  var highMultiple: Float = 7
  /// A line continues down to this many times the median.
  var lowMultiple: Float = 2.4
  /// The texture of plain skin, where a study holds it.
  var fixedTexture: Float?
  /// The shortest line that is looked at, in micrometres.
  var shortestMicrometres: Float = 110

  /// A ridge ends up to half a shaft's width before the shaft does; an end is moved on this far at most.
  static let endReachMicrometres: Float = 67

  /// The candidates of a field in the order of their weight (contrast times length), and the texture:
  /// the median ridge strength of all maxima.
  func candidates(
    in density: Plane<Float>, field: HessianRidge, pool: FramePool
  ) -> (hairs: [HairCandidate], texture: Float) {
    guard let texture = fixedTexture ?? skinTexture(of: field) else { return ([], 0) }
    let linking = RidgeLinking(
      high: max(0.02, highMultiple * texture), low: max(0.008, lowMultiple * texture))
    let points = RidgeDetector.maxima(of: field, floor: linking.low)
    let traced = linking.lines(
      among: points, width: density.width, height: density.height, pool: pool)
    let taps = GaussianKernel(sigma: 1.5).taps
    let lines = traced.map { $0.smoothed(taps).resampled() }
    let merged = SegmentMerging(micrometresPerPixel: micrometresPerPixel).merged(
      lines, density: density)
    return density.withSampler { sampler in
      field.strength.withSampler { strength in
        var found = merged.compactMap { candidate(from: $0, density: sampler, strength: strength) }
        found.sort { weight($0) > weight($1) }
        return (found, texture)
      }
    }
  }

  /// The median strength of all ridge maxima: thresholds follow it from device to device.
  private func skinTexture(of field: HessianRidge) -> Float? {
    // Every fifth row gives some ten thousand maxima a megapixel, a median to half a per cent. The
    // floor only leaves out masked and dead samples: on very smooth skin a higher one would leave
    // nothing but hair.
    let points = RidgeDetector.maxima(of: field, floor: 1e-5, rowStep: 5)
    return points.isEmpty ? nil : median(points.map(\.strength))
  }

  private func weight(_ candidate: HairCandidate) -> Float {
    candidate.profile.contrast * candidate.lengthMicrometres
  }

  private func candidate(
    from merged: Polyline, density: BilinearSampler, strength: BilinearSampler
  ) -> HairCandidate? {
    let line = merged.fittedToDarkPart(
      density: density, reach: ShaftTracer.endReachMicrometres / micrometresPerPixel)
    guard line.count >= 8, !isBubbleRim(line) else { return nil }
    let length = line.length * micrometresPerPixel
    guard length >= shortestMicrometres else { return nil }
    guard
      let profile = ShaftProfile(
        along: line, density: density, micrometresPerPixel: micrometresPerPixel)
    else { return nil }
    let width = profile.width * micrometresPerPixel
    guard length >= 1.6 * width, profile.contrast > 0.06, profile.soundShare > 0.5 else {
      return nil
    }
    let strengths = line.points.map { strength($0.x, $0.y) }
    return HairCandidate(
      line: line, profile: profile, strength: median(strengths), lengthMicrometres: length,
      widthMicrometres: width)
  }

  /// A strong constant curve over a long arc: radius under 380 µm over more than 92 degrees.
  private func isBubbleRim(_ line: Polyline) -> Bool {
    guard line.count >= 12 else { return false }
    let smooth = line.smoothed(GaussianKernel(sigma: 2).taps)
    var turn: Float = 0
    var before = smooth.tangent(at: 0)
    for index in 1..<smooth.count {
      let now = smooth.tangent(at: index)
      turn += cross(before, now)
      before = now
    }
    let total = abs(turn)
    return total > 1.6 && Float(line.count) * micrometresPerPixel / total < 380
  }
}

extension Polyline {
  /// The line with its ends where the density falls under half of its 70th percentile: cut back to
  /// there, or moved on to there by `reach` pixels at most.
  func fittedToDarkPart(density: BilinearSampler, reach: Float) -> Polyline {
    let values = points.map { density($0.x, $0.y) }
    let level = 0.5 * quantile(values, 0.7)
    guard let first = values.firstIndex(where: { $0 > level }),
      let last = values.lastIndex(where: { $0 > level })
    else { return self }
    let dark = Polyline(points: Array(points[first...last]))
    guard dark.count > 4 else { return dark }
    let before = dark.reversed.continuation(above: level, density: density, reach: reach)
    let after = dark.continuation(above: level, density: density, reach: reach)
    return Polyline(points: before.reversed() + dark.points + after)
  }

  /// Points a pixel apart past the last one, for as long as the density stays above `level`.
  private func continuation(
    above level: Float, density: BilinearSampler, reach: Float
  ) -> [SIMD2<Float>] {
    let outward = outwardDirection
    var point = points[count - 1]
    var found: [SIMD2<Float>] = []
    let limit = SIMD2(Float(density.width - 1), Float(density.height - 1))
    while Float(found.count) < reach {
      point += outward
      guard point.x >= 0, point.y >= 0, point.x <= limit.x, point.y <= limit.y,
        density(point.x, point.y) > level
      else { break }
      found.append(point)
    }
    return found
  }
}
