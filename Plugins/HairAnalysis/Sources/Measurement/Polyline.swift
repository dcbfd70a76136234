/// A centre line: points in pixels, x to the right, y down, in the order they are walked.
struct Polyline: Sendable, Equatable {
  var points: [SIMD2<Float>]

  var count: Int { points.count }

  /// The sum of the segments' lengths, in pixels.
  var length: Float {
    var sum: Float = 0
    for index in points.indices.dropFirst() { sum += norm(points[index] - points[index - 1]) }
    return sum
  }

  /// The smallest rectangle around the points, corners included.
  var bounds: (low: SIMD2<Float>, high: SIMD2<Float>) {
    var low = points[0]
    var high = points[0]
    for point in points {
      low = pointwiseMin(low, point)
      high = pointwiseMax(high, point)
    }
    return (low, high)
  }

  /// The same line with points `step` pixels apart, as near as a whole number of steps allows.
  func resampled(step: Float = 1) -> Polyline {
    guard points.count > 1 else { return self }
    let total = length
    let count = max(2, Int((total / step).rounded()) + 1)
    var result: [SIMD2<Float>] = []
    result.reserveCapacity(count)
    var segment = 1
    var walked: Float = 0
    var size = norm(points[1] - points[0])
    for index in 0..<count {
      let wanted = total * Float(index) / Float(count - 1)
      while walked + size < wanted && segment < points.count - 1 {
        walked += size
        segment += 1
        size = norm(points[segment] - points[segment - 1])
      }
      let share = size > 0 ? min(1, (wanted - walked) / size) : 0
      result.append(points[segment - 1] + (points[segment] - points[segment - 1]) * share)
    }
    return Polyline(points: result)
  }

  /// The line with every point replaced by the Gaussian mean of its neighbours; the ends repeat.
  func smoothed(_ taps: [Float]) -> Polyline {
    guard points.count >= 5 else { return self }
    let last = points.count - 1
    let result = points.indices.map { index -> SIMD2<Float> in
      var sum = points[index] * taps[0]
      for distance in 1..<taps.count {
        sum +=
          (points[max(0, index - distance)] + points[min(last, index + distance)])
          * taps[distance]
      }
      return sum
    }
    return Polyline(points: result)
  }

  /// The unit direction at a point, from the neighbours on either side.
  func tangent(at index: Int) -> SIMD2<Float> {
    unit(points[min(points.count - 1, index + 1)] - points[max(0, index - 1)])
  }

  /// The points from the far end on.
  var reversed: Polyline { Polyline(points: points.reversed()) }
}

@inline(__always)
func dot(_ first: SIMD2<Float>, _ second: SIMD2<Float>) -> Float {
  first.x * second.x + first.y * second.y
}

@inline(__always)
func cross(_ first: SIMD2<Float>, _ second: SIMD2<Float>) -> Float {
  first.x * second.y - first.y * second.x
}

@inline(__always)
func norm(_ vector: SIMD2<Float>) -> Float { dot(vector, vector).squareRoot() }

/// The vector at length 1; the zero vector stays as it is.
@inline(__always)
func unit(_ vector: SIMD2<Float>) -> SIMD2<Float> {
  let size = norm(vector)
  return size > 1e-9 ? vector / size : vector
}
