import Imaging

/// Tells which lines explain dark skin no stronger line has explained already.
///
/// Greedy, in the order given (best first): of each line it tells how much of its own capsule is dark
/// (over half its contrast) and how much of that is still unexplained. It finds out the second line
/// along the edge of a broad hair and the short cut across a bundle.
struct ExplainAway: Sendable {
  private var explained: Plane<UInt8>

  init(width: Int, height: Int, pool: FramePool) {
    explained = Plane(width: width, height: height, pool: pool) { $0.update(repeating: 0) }
  }

  /// What a capsule holds: its dark share, and the share of that not explained before.
  struct Verdict: Sendable {
    var darkShare: Float
    var newShare: Float
  }

  /// Looks at the capsule around `line` without keeping it.
  func verdict(
    on line: Polyline, diameter: Float, contrast: Float, density: Plane<Float>
  ) -> Verdict {
    var inside = 0
    var dark = 0
    var new = 0
    density.withUnsafeSamples { values in
      explained.withUnsafeSamples { known in
        forEachSample(of: line, radius: 0.5 * diameter) { index in
          inside &+= 1
          guard values[index] > 0.5 * contrast else { return }
          dark &+= 1
          if known[index] == 0 { new &+= 1 }
        }
      }
    }
    return Verdict(
      darkShare: Float(dark) / Float(max(inside, 1)), newShare: Float(new) / Float(max(dark, 1)))
  }

  /// Marks the capsule, one pixel wider on each side, as explained.
  mutating func keep(_ line: Polyline, diameter: Float) {
    let width = explained.width
    let height = explained.height
    explained.withUnsafeMutableSamples { known in
      forEachCapsuleSample(line, radius: 0.5 * diameter + 1, width: width, height: height) {
        known[$0] = 1
      }
    }
  }

  private func forEachSample(of line: Polyline, radius: Float, _ body: (Int) -> Void) {
    forEachCapsuleSample(
      line, radius: radius, width: explained.width, height: explained.height, body)
  }
}

/// Calls `body` once with the index of every sample within `radius` of the line.
func forEachCapsuleSample(
  _ line: Polyline, radius: Float, width: Int, height: Int, _ body: (Int) -> Void
) {
  let radius = max(radius, 0.5)
  let (low, high) = line.bounds
  let left = max(0, Int(low.x - radius))
  let right = min(width - 1, Int(high.x + radius) + 1)
  let top = max(0, Int(low.y - radius))
  let bottom = min(height - 1, Int(high.y + radius) + 1)
  guard left <= right, top <= bottom else { return }
  let columns = right - left + 1
  // Spans of every row: capsules of consecutive points overlap, so each row gathers marks first.
  var marks = [Bool](repeating: false, count: columns * (bottom - top + 1))
  let reach = radius * radius
  for point in line.points {
    let firstRow = max(top, Int((point.y - radius).rounded(.up)))
    let lastRow = min(bottom, Int((point.y + radius).rounded(.down)))
    guard firstRow <= lastRow else { continue }
    for row in firstRow...lastRow {
      let away = Float(row) - point.y
      let half = (max(0, reach - away * away)).squareRoot()
      let from = max(left, Int((point.x - half).rounded(.up)))
      let to = min(right, Int((point.x + half).rounded(.down)))
      var column = from
      while column <= to {
        marks[(row - top) * columns + column - left] = true
        column += 1
      }
    }
  }
  for row in top...bottom {
    for column in left...right where marks[(row - top) * columns + column - left] {
      body(row * width + column)
    }
  }
}
