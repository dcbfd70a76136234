/// The ridge strength and direction of every sample, over one or more scales.
///
/// A ridge is a bright line: the second derivative across it is strongly negative, along it small.
/// With eigenvalues `e1 <= e2` of the Hessian the strength at scale `sigma` is
/// `(-e1 - suppression * |e2|) * sigma^1.6`, which is positive on lines and low on blobs and edges
/// (after Frangi 1998 and Lindeberg 1998; the exponent below Lindeberg's 2 keeps broad skin relief
/// from outweighing thin hair).
///
/// The direction is kept as half of the doubled-angle vector of the Hessian,
/// `difference = (xx - yy) / 2` and `cross = xy`, at the scale that won, so that no angle is ever
/// computed for the great many samples that are no ridge.
public struct HessianRidge: Sendable {
  /// The strength of the best scale; 0 where no ridge is.
  public var strength: Plane<Float>
  /// `(xx - yy) / 2` of the Hessian at that scale.
  public var difference: Plane<Float>
  /// `xy` of the Hessian at that scale.
  public var cross: Plane<Float>

  /// Makes a field without any ridge.
  public init(width: Int, height: Int, pool: FramePool? = nil) {
    strength = Plane(width: width, height: height, repeating: 0, pool: pool)
    difference = Plane(width: width, height: height, repeating: 0, pool: pool)
    cross = Plane(width: width, height: height, repeating: 0, pool: pool)
  }

  /// Takes over every sample where the ridge of `smoothed` is stronger than what is held.
  ///
  /// - Parameters:
  ///   - smoothed: the image already blurred to the scale, of this field's size. Derivatives are
  ///     central differences of it, good to 8 % from a blur of 1.6 samples on.
  ///   - weight: what strengths are multiplied by, `sigma^1.6`.
  ///   - suppression: the share of `|e2|` that is taken off, 0.7 by default.
  public mutating func include(smoothed: Plane<Float>, weight: Float, suppression: Float = 0.7) {
    let width = smoothed.width
    let height = smoothed.height
    precondition(width == strength.width && height == strength.height, "planes of one size")
    smoothed.withUnsafeSamples { source in
      strength.withUnsafeMutableSamples { strengths in
        difference.withUnsafeMutableSamples { differences in
          cross.withUnsafeMutableSamples { crosses in
            guard let image = source.baseAddress, let strong = strengths.baseAddress,
              let half = differences.baseAddress, let mixed = crosses.baseAddress
            else { return }
            var y = 0
            while y < height {
              let rows = HessianRows(
                above: image + max(0, y &- 1) &* width, middle: image + y &* width,
                below: image + min(height &- 1, y &+ 1) &* width)
              let start = y &* width
              ridgeRow(
                rows, width: width, weight: weight, suppression: suppression,
                strength: strong + start, difference: half + start, cross: mixed + start)
              y &+= 1
            }
          }
        }
      }
    }
  }

  /// Takes over a field computed at half the size, by bilinear interpolation.
  ///
  /// Sample `(i, j)` of `coarse` is the mean of the four samples from `(2i, 2j)` on, as
  /// ``Plane/halved(pool:)`` makes it. The caller has put the factor 1/4 of second derivatives at
  /// half size into the weight.
  public mutating func include(halfSize coarse: HessianRidge) {
    let width = strength.width
    let height = strength.height
    let coarseWidth = coarse.strength.width
    let coarseHeight = coarse.strength.height
    coarse.withUnsafeFields { strongCoarse, halfCoarse, mixedCoarse in
      withUnsafeMutableFields { strong, half, mixed in
        var y = 0
        while y < height {
          let (top, bottom, share) = halfSizeNeighbours(y, count: coarseHeight)
          var x = 0
          while x < width {
            let (left, right, across) = halfSizeNeighbours(x, count: coarseWidth)
            let topLeft = top &* coarseWidth &+ left
            let topRight = top &* coarseWidth &+ right
            let bottomLeft = bottom &* coarseWidth &+ left
            let bottomRight = bottom &* coarseWidth &+ right
            let weightTopLeft = (1 - share) * (1 - across)
            let weightTopRight = (1 - share) * across
            let weightBottomLeft = share * (1 - across)
            let weightBottomRight = share * across
            let upper =
              strongCoarse[topLeft] * weightTopLeft + strongCoarse[topRight] * weightTopRight
            let value =
              upper + strongCoarse[bottomLeft] * weightBottomLeft
              + strongCoarse[bottomRight] * weightBottomRight
            let index = y &* width &+ x
            if value > strong[index] {
              strong[index] = value
              half[index] =
                halfCoarse[topLeft] * weightTopLeft + halfCoarse[topRight] * weightTopRight
                + halfCoarse[bottomLeft] * weightBottomLeft
                + halfCoarse[bottomRight] * weightBottomRight
              mixed[index] =
                mixedCoarse[topLeft] * weightTopLeft + mixedCoarse[topRight] * weightTopRight
                + mixedCoarse[bottomLeft] * weightBottomLeft
                + mixedCoarse[bottomRight] * weightBottomRight
            }
            x &+= 1
          }
          y &+= 1
        }
      }
    }
  }

  private func withUnsafeFields(
    _ body: (UnsafePointer<Float>, UnsafePointer<Float>, UnsafePointer<Float>) -> Void
  ) {
    strength.withUnsafeSamples { strengths in
      difference.withUnsafeSamples { differences in
        cross.withUnsafeSamples { crosses in
          guard let first = strengths.baseAddress, let second = differences.baseAddress,
            let third = crosses.baseAddress
          else { return }
          body(first, second, third)
        }
      }
    }
  }

  private mutating func withUnsafeMutableFields(
    _ body: (
      UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>
    ) -> Void
  ) {
    strength.withUnsafeMutableSamples { strengths in
      difference.withUnsafeMutableSamples { differences in
        cross.withUnsafeMutableSamples { crosses in
          guard let first = strengths.baseAddress, let second = differences.baseAddress,
            let third = crosses.baseAddress
          else { return }
          body(first, second, third)
        }
      }
    }
  }
}

/// The two half-size samples around full-size sample `position`, and the share of the second.
@inline(__always)
private func halfSizeNeighbours(_ position: Int, count: Int) -> (Int, Int, Float) {
  // Centre of half-size sample i is 2i + 0.5.
  let lower = (position &- 1) >> 1
  let share: Float = position & 1 == 0 ? 0.75 : 0.25
  let first = min(max(lower, 0), count &- 1)
  let second = min(max(lower &+ 1, 0), count &- 1)
  return (first, second, share)
}

private struct HessianRows {
  let above: UnsafePointer<Float>
  let middle: UnsafePointer<Float>
  let below: UnsafePointer<Float>
}

@inline(__always)
private func load8(_ pointer: UnsafePointer<Float>) -> SIMD8<Float> {
  UnsafeRawPointer(pointer).loadUnaligned(as: SIMD8<Float>.self)
}

private func ridgeRow(
  _ rows: HessianRows, width: Int, weight: Float, suppression: Float,
  strength: UnsafeMutablePointer<Float>, difference: UnsafeMutablePointer<Float>,
  cross: UnsafeMutablePointer<Float>
) {
  ridgeSample(
    rows, at: 0, last: width - 1, weight: weight, suppression: suppression,
    strength: strength, difference: difference, cross: cross)
  var x = 1
  while x &+ 9 <= width {
    let centre = load8(rows.middle + x)
    let xx = load8(rows.middle + x - 1) + load8(rows.middle + x + 1) - 2 * centre
    let yy = load8(rows.above + x) + load8(rows.below + x) - 2 * centre
    let xy =
      0.25
      * (load8(rows.above + x - 1) - load8(rows.above + x + 1)
        - load8(rows.below + x - 1) + load8(rows.below + x + 1))
    let mean = 0.5 * (xx + yy)
    let half = 0.5 * (xx - yy)
    let spread = (half * half + xy * xy).squareRoot()
    let second = mean + spread
    let magnitude = second.replacing(with: -second, where: second .< 0)
    let value = (spread - mean - suppression * magnitude) * weight
    let known = load8(strength + x)
    let better = value .> known
    if any(better) {
      store8(known.replacing(with: value, where: better), strength + x)
      store8(load8(difference + x).replacing(with: half, where: better), difference + x)
      store8(load8(cross + x).replacing(with: xy, where: better), cross + x)
    }
    x &+= 8
  }
  while x < width {
    ridgeSample(
      rows, at: x, last: width - 1, weight: weight, suppression: suppression,
      strength: strength, difference: difference, cross: cross)
    x &+= 1
  }
}

@inline(__always)
private func store8(_ value: SIMD8<Float>, _ pointer: UnsafeMutablePointer<Float>) {
  UnsafeMutableRawPointer(pointer).storeBytes(of: value, as: SIMD8<Float>.self)
}

private func ridgeSample(
  _ rows: HessianRows, at x: Int, last: Int, weight: Float, suppression: Float,
  strength: UnsafeMutablePointer<Float>, difference: UnsafeMutablePointer<Float>,
  cross: UnsafeMutablePointer<Float>
) {
  let left = max(0, x &- 1)
  let right = min(last, x &+ 1)
  let xx = rows.middle[left] + rows.middle[right] - 2 * rows.middle[x]
  let yy = rows.above[x] + rows.below[x] - 2 * rows.middle[x]
  let xy = 0.25 * (rows.above[left] - rows.above[right] - rows.below[left] + rows.below[right])
  let mean = 0.5 * (xx + yy)
  let half = 0.5 * (xx - yy)
  let spread = (half * half + xy * xy).squareRoot()
  let value = (spread - mean - suppression * abs(mean + spread)) * weight
  guard value > strength[x] else { return }
  strength[x] = value
  difference[x] = half
  cross[x] = xy
}
