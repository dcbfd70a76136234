import Imaging

/// A sample where the ridge strength is greatest across the ridge.
struct RidgePoint: Sendable {
  var x: Int32
  var y: Int32
  /// The maximum between samples, in pixels.
  var position: SIMD2<Float>
  /// Along the ridge, of length 1, sign arbitrary.
  var direction: SIMD2<Float>
  var strength: Float
}

/// Finds the dark lines of a field over the widths of human hair.
///
/// Four scales of 9, 14, 22 and 32 µm cover shafts from 15 to 110 µm. Blurs are chained, so that each
/// scale costs only the step from the one before; the two coarse ones run at half size.
struct RidgeDetector: Sendable {
  /// The standard deviations of the four scales, in micrometres.
  static let scalesMicrometres: [Float] = [9, 14, 22, 32]

  /// The ridge field of a density plane.
  static func field(
    of density: Plane<Float>, micrometresPerPixel: Float, pool: FramePool
  ) -> HessianRidge {
    var field = HessianRidge(width: density.width, height: density.height, pool: pool)
    let scales = scalesMicrometres.map { $0 / micrometresPerPixel }
    var smoothed = density.gaussianBlurred(sigma: scales[0], pool: pool)
    field.include(smoothed: smoothed, weight: power1Point6(scales[0]))
    smoothed = smoothed.gaussianBlurred(sigma: step(from: scales[0], to: scales[1]), pool: pool)
    field.include(smoothed: smoothed, weight: power1Point6(scales[1]))
    // The mean of four adds a variance of 1/4; second derivatives at half size are fourfold.
    smoothed = smoothed.halved(pool: pool)
    let halved = (scales[1] * scales[1] + 0.25).squareRoot()
    var coarse = HessianRidge(width: smoothed.width, height: smoothed.height, pool: pool)
    smoothed = smoothed.gaussianBlurred(sigma: step(from: halved, to: scales[2]) / 2, pool: pool)
    coarse.include(smoothed: smoothed, weight: power1Point6(scales[2]) / 4)
    smoothed = smoothed.gaussianBlurred(sigma: step(from: scales[2], to: scales[3]) / 2, pool: pool)
    coarse.include(smoothed: smoothed, weight: power1Point6(scales[3]) / 4)
    field.include(halfSize: coarse)
    return field
  }

  /// The local maxima across the ridges of a field, in row order, of at least `floor`.
  ///
  /// - Parameter rowStep: only every so manyth row is looked at.
  static func maxima(of field: HessianRidge, floor: Float, rowStep: Int = 1) -> [RidgePoint] {
    let width = field.strength.width
    let height = field.strength.height
    var points: [RidgePoint] = []
    guard width > 4, height > 4 else { return points }
    field.strength.withUnsafeSamples { strengths in
      field.difference.withUnsafeSamples { differences in
        field.cross.withUnsafeSamples { crosses in
          guard let strength = strengths.baseAddress else { return }
          for y in stride(from: 2, to: height - 2, by: rowStep) {
            var x = 2
            while x < width &- 2 {
              let index = y &* width &+ x
              let value = strength[index]
              if value >= floor,
                mayBeMaximum(
                  strength + index, width: width, value: value, differences[index], crosses[index])
              {
                let direction = alongRidge(differences[index], crosses[index])
                if let offset = maximumOffset(
                  strength + index, width: width, value: value, direction: direction)
                {
                  points.append(
                    RidgePoint(
                      x: Int32(x), y: Int32(y),
                      position: SIMD2(Float(x), Float(y)) + offset,
                      direction: direction, strength: value))
                }
              }
              x &+= 1
            }
          }
        }
      }
    }
    return points
  }

  private static func step(from first: Float, to second: Float) -> Float {
    max(0.3, (second * second - first * first).squareRoot())
  }

  /// `value` to the power 1.6, for values from 1 to 10, by square roots alone (1 + 1/2 + 1/10).
  private static func power1Point6(_ value: Float) -> Float {
    // 0.1 = 1/16 + 1/32 + 1/256 + 1/512 + … ; four terms leave 0.03 %.
    let second = value.squareRoot()
    let sixteenth = second.squareRoot().squareRoot().squareRoot()
    let thirtySecond = sixteenth.squareRoot()
    let smaller = thirtySecond.squareRoot().squareRoot().squareRoot()
    return value * second * sixteenth * thirtySecond * smaller * smaller.squareRoot()
  }
}

/// Whether neither neighbour in the nearest of four directions across the ridge is stronger.
///
/// Spares nearly all samples the square roots of the exact test.
@inline(__always)
private func mayBeMaximum(
  _ centre: UnsafePointer<Float>, width: Int, value: Float, _ difference: Float, _ cross: Float
) -> Bool {
  let step: Int
  if abs(difference) > abs(cross) {
    step = difference > 0 ? width : 1
  } else {
    step = cross > 0 ? width &- 1 : width &+ 1
  }
  return centre[step] <= value && centre[-step] <= value
}

/// The unit vector along the ridge from half the doubled-angle vector of the Hessian.
@inline(__always)
private func alongRidge(_ difference: Float, _ cross: Float) -> SIMD2<Float> {
  let spread = (difference * difference + cross * cross).squareRoot()
  guard spread > 0 else { return SIMD2(1, 0) }
  let cosine = min(max(difference / spread, -1), 1)
  let x = (0.5 * (1 + cosine)).squareRoot()
  let y = (0.5 * (1 - cosine)).squareRoot()
  return SIMD2(x, cross < 0 ? -y : y)
}

/// The sub-pixel offset of the maximum along the normal, or nil where a neighbour is stronger.
@inline(__always)
private func maximumOffset(
  _ centre: UnsafePointer<Float>, width: Int, value: Float, direction: SIMD2<Float>
) -> SIMD2<Float>? {
  let normal = SIMD2(-direction.y, direction.x)
  let before = interpolated(centre, width: width, -normal)
  guard before <= value else { return nil }
  let after = interpolated(centre, width: width, normal)
  guard after <= value else { return nil }
  let curvature = before - 2 * value + after
  guard curvature < -1e-9 else { return SIMD2(0, 0) }
  return normal * min(max(0.5 * (before - after) / curvature, -0.6), 0.6)
}

@inline(__always)
private func interpolated(
  _ centre: UnsafePointer<Float>, width: Int, _ offset: SIMD2<Float>
) -> Float {
  let column = Int(offset.x.rounded(.down))
  let row = Int(offset.y.rounded(.down))
  let across = offset.x - Float(column)
  let down = offset.y - Float(row)
  let from = centre + (row * width + column)
  let top = from[0] + (from[1] - from[0]) * across
  let bottom = from[width] + (from[width &+ 1] - from[width]) * across
  return top + (bottom - top) * down
}
