import Imaging

/// Walks from strong ridge points to their neighbours and gathers them into lines.
///
/// Hysteresis: a walk starts at a point of at least `high` and continues over points of at least
/// `low`, each within two pixels, in a cone of 53 degrees around the direction of travel (cosine
/// 0.6) and with a ridge direction within 37 degrees of it (cosine 0.8). The direction of travel is
/// a running mean, so that a crossing hair cannot divert the walk.
struct RidgeLinking: Sendable {
  /// The strength that starts a line.
  var high: Float
  /// The strength that continues one.
  var low: Float
  /// The fewest points of a line that is kept.
  var fewestPoints = 6

  /// The lines among `points`, strongest start first; ties go by position, so order is fixed.
  func lines(
    among points: [RidgePoint], width: Int, height: Int, pool: FramePool
  ) -> [Polyline] {
    var plane = Plane<Int32>(width: width, height: height, pool: pool) { $0.update(repeating: -1) }
    var seeds: [Int32] = []
    plane.withUnsafeMutableSamples { grid in
      for (index, point) in points.enumerated() where point.strength >= low {
        grid[Int(point.y) * width + Int(point.x)] = Int32(index)
        if point.strength >= high { seeds.append(Int32(index)) }
      }
    }
    seeds.sort { first, second in
      let left = points[Int(first)].strength
      let right = points[Int(second)].strength
      return left == right ? first < second : left > right
    }
    var lines: [Polyline] = []
    points.withUnsafeBufferPointer { points in
      plane.withUnsafeMutableSamples { grid in
        for seed in seeds {
          let start = points[Int(seed)]
          let cell = Int(start.y) &* width &+ Int(start.x)
          guard grid[cell] >= 0 else { continue }
          grid[cell] = -1
          let forward = walk(
            from: start, direction: start.direction, points, grid, width: width, height: height)
          let backward = walk(
            from: start, direction: -start.direction, points, grid, width: width, height: height)
          guard forward.count + backward.count + 1 >= fewestPoints else { continue }
          lines.append(Polyline(points: backward.reversed() + [start.position] + forward))
        }
      }
    }
    return lines
  }

  private func walk(
    from start: RidgePoint, direction: SIMD2<Float>, _ points: UnsafeBufferPointer<RidgePoint>,
    _ grid: UnsafeMutableBufferPointer<Int32>, width: Int, height: Int
  ) -> [SIMD2<Float>] {
    var x = Int(start.x)
    var y = Int(start.y)
    var heading = direction
    var path: [SIMD2<Float>] = []
    while true {
      var best: Int32 = -1
      var lowestCost = Float.infinity
      for row in max(1, y - 2)...min(height - 2, y + 2) {
        for column in max(1, x - 2)...min(width - 2, x + 2) {
          let candidate = grid[row &* width &+ column]
          guard candidate >= 0 else { continue }
          let offset = SIMD2(Float(column - x), Float(row - y))
          let distance = norm(offset)
          let cosine = dot(offset, heading) / distance
          guard cosine >= 0.6 else { continue }
          let agreement = abs(dot(points[Int(candidate)].direction, heading))
          guard agreement >= 0.8 else { continue }
          let cost = distance * (1 + (1 - cosine) * 2 + (1 - agreement) * 3)
          if cost < lowestCost {
            lowestCost = cost
            best = candidate
          }
        }
      }
      guard best >= 0 else { return path }
      let next = points[Int(best)]
      let turned = dot(next.direction, heading) < 0 ? -next.direction : next.direction
      heading = unit(heading * 0.6 + turned * 0.4)
      x = Int(next.x)
      y = Int(next.y)
      grid[y &* width &+ x] = -1
      path.append(next.position)
    }
  }
}
