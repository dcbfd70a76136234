import Imaging

/// Joins pieces of one shaft that glare, a crossing or a gap has parted.
///
/// Two passes: a near one for any gap of 80 µm whose ends agree within 24 degrees, and a far one to
/// 250 µm within 13 degrees, which also asks that the bridge be dark: its 15th percentile at least
/// 45 % of the median density of the paler piece. A join's cost is the gap plus what the directions
/// disagree by; the cheapest joins go first and an end joins once a round.
struct SegmentMerging: Sendable {
  /// The scale of the plane that the lines lie in.
  var micrometresPerPixel: Float

  private struct Pass {
    var reach: Float
    var cosine: Float
    var slackCosine: Float
    var needsDarkBridge: Bool
  }

  private struct End {
    var line: Int
    var isLast: Bool
    var position: SIMD2<Float>
    var outward: SIMD2<Float>
  }

  private struct Join {
    var cost: Float
    var first: Int
    var second: Int
  }

  /// The lines after joining, resampled to one point a pixel.
  func merged(_ lines: [Polyline], density: Plane<Float>) -> [Polyline] {
    let passes = [
      Pass(
        reach: 80 / micrometresPerPixel, cosine: 0.9135, slackCosine: 0.8660, needsDarkBridge: false
      ),
      Pass(
        reach: 250 / micrometresPerPixel, cosine: 0.9744, slackCosine: 0.9455, needsDarkBridge: true
      ),
    ]
    var current = lines.filter { $0.count >= 5 }
    for pass in passes {
      // A shaft in more than seven pieces does not occur; the bound only ends a pathological case.
      for _ in 0..<6 {
        guard let next = round(current, pass, density: density) else { break }
        current = next
      }
    }
    return current
  }

  private func round(_ lines: [Polyline], _ pass: Pass, density: Plane<Float>) -> [Polyline]? {
    var ends: [End] = []
    ends.reserveCapacity(lines.count * 2)
    for (index, line) in lines.enumerated() {
      ends.append(
        End(
          line: index, isLast: false, position: line.points[0],
          outward: line.reversed.outwardDirection))
      ends.append(
        End(
          line: index, isLast: true, position: line.points[line.count - 1],
          outward: line.outwardDirection))
    }
    var joins = density.withSampler { sampler in
      possibleJoins(ends, lines, pass, density: sampler)
    }
    guard !joins.isEmpty else { return nil }
    joins.sort { first, second in
      first.cost == second.cost
        ? (first.first, first.second) < (second.first, second.second) : first.cost < second.cost
    }
    var isUsed = [Bool](repeating: false, count: lines.count)
    var joined: [Polyline] = []
    for join in joins {
      let first = ends[join.first]
      let second = ends[join.second]
      guard !isUsed[first.line], !isUsed[second.line] else { continue }
      isUsed[first.line] = true
      isUsed[second.line] = true
      let head = first.isLast ? lines[first.line] : lines[first.line].reversed
      let tail = second.isLast ? lines[second.line].reversed : lines[second.line]
      joined.append(Polyline(points: head.points + tail.points).resampled())
    }
    return lines.indices.filter { !isUsed[$0] }.map { lines[$0] } + joined
  }

  private func possibleJoins(
    _ ends: [End], _ lines: [Polyline], _ pass: Pass, density: BilinearSampler
  ) -> [Join] {
    // Ends sorted by x: only neighbours within reach are compared.
    let order = ends.indices.sorted {
      ends[$0].position.x == ends[$1].position.x
        ? $0 < $1 : ends[$0].position.x < ends[$1].position.x
    }
    var joins: [Join] = []
    for rank in order.indices {
      let one = order[rank]
      for other in order[(rank + 1)...] {
        if ends[other].position.x - ends[one].position.x >= pass.reach { break }
        let (first, second) = one < other ? (one, other) : (other, one)
        if let cost = cost(of: ends[first], ends[second], lines, pass, density: density) {
          joins.append(Join(cost: cost, first: first, second: second))
        }
      }
    }
    return joins
  }

  private func cost(
    of first: End, _ second: End, _ lines: [Polyline], _ pass: Pass, density: BilinearSampler
  ) -> Float? {
    guard first.line != second.line else { return nil }
    let gap = second.position - first.position
    let distance = norm(gap)
    guard distance < pass.reach else { return nil }
    let opposition = -dot(first.outward, second.outward)
    guard opposition >= pass.cosine else { return nil }
    var alignment: Float = 1
    if distance > 3 {
      let direction = gap / distance
      alignment = min(dot(direction, first.outward), -dot(direction, second.outward))
      guard alignment >= pass.slackCosine else { return nil }
      if pass.needsDarkBridge {
        let paler = min(
          medianDensity(lines[first.line], density), medianDensity(lines[second.line], density))
        let steps = max(3, Int(distance))
        let bridge = (0..<steps).map { step -> Float in
          let point = first.position + gap * (Float(step) / Float(steps - 1))
          return density.nearest(point.x, point.y)
        }
        guard quantile(bridge, 0.15) >= 0.45 * paler else { return nil }
      }
    }
    return distance + (1 - opposition) * 80 + (1 - alignment) * 80
  }

  private func medianDensity(_ line: Polyline, _ density: BilinearSampler) -> Float {
    median(line.points.map { density.nearest($0.x, $0.y) })
  }
}

extension Polyline {
  /// Where the line would go on past its last point.
  ///
  /// The principal direction of 18 points before the last 3 (ridge ends bend toward blobs), turned
  /// on by half of the change between its two halves, so that a bent hair is followed.
  var outwardDirection: SIMD2<Float> {
    let skip = min(3, max(0, count - 8))
    let last = count - 1 - skip
    let first = max(0, last - 18)
    let tail = points[first..<max(last, first + 2)]
    var centre = SIMD2<Float>(0, 0)
    for point in tail { centre += point }
    centre /= Float(tail.count)
    var xx: Float = 0
    var xy: Float = 0
    var yy: Float = 0
    for point in tail {
      let offset = point - centre
      xx += offset.x * offset.x
      xy += offset.x * offset.y
      yy += offset.y * offset.y
    }
    let half = 0.5 * (xx - yy)
    let spread = (half * half + xy * xy).squareRoot()
    let begin = tail[tail.startIndex]
    let middle = tail[tail.startIndex + tail.count / 2]
    let end = tail[tail.endIndex - 1]
    guard spread > 0 else { return unit(end - begin) }
    let cosine = half / spread
    var direction = SIMD2(
      max(0, 0.5 * (1 + cosine)).squareRoot(), max(0, 0.5 * (1 - cosine)).squareRoot())
    if xy < 0 { direction.y = -direction.y }
    if dot(direction, end - begin) < 0 { direction = -direction }
    let earlier = unit(middle - begin)
    let later = unit(end - middle)
    // A quarter of sine + cosine's turn twice is half the turn, to second order.
    let turn = 0.5 * cross(earlier, later)
    return unit(direction + SIMD2(-direction.y, direction.x) * turn)
  }
}
