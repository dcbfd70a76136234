package import Imaging

/// How good a frame is for measuring hair: sharp, well exposed, still.
package struct FrameScore: Sendable {
  /// Variance of the Laplacian over squared mean, on the centre: higher is sharper.
  ///
  /// Derivative measures lead published comparisons of focus measures (Pertuz et al. 2013,
  /// doi 10.1016/j.patcog.2012.11.011); the division makes it blind to brightness.
  package let sharpness: Double
  /// The share of the centre that is white.
  package let whiteShare: Double
  /// Luma at points of a grid, to be held against a neighbour's.
  package let grid: [UInt8]

  /// Of each side, what is looked at: a probe's rim and vignette lie outside of 60 %.
  private static let centre = 0.6
  // Luma of 250 and above is beyond what an encoder tells apart from clipped.
  private static let white = 250
  /// Above this share a frame is over-exposed: glare on a wet film seldom covers 2 % of a field.
  private static let mostWhite = 0.05
  /// Mean difference of neighbours over mean luma above which the probe moved.
  ///
  /// A shift by one hair's width over a field with 10 % of it covered changes some 10 % of the
  /// points by half the mean: 0.05.
  private static let mostMotion = 0.05
  private static let gridStep = 8

  /// Scores luma, which may be at a fraction of the frame's size as long as all compared are.
  package init(_ luma: Plane<UInt8>) {
    let width = luma.width
    let rows = FrameScore.middle(luma.height)
    let columns = FrameScore.middle(width)
    var sum = 0
    var laplacianSum = 0
    var laplacianSquares = 0
    var whites = 0
    var grid: [UInt8] = []
    luma.withUnsafeSamples { samples in
      for row in rows {
        for column in columns {
          let at = row * width + column
          let value = Int(samples[at])
          let laplacian =
            4 * value - Int(samples[at - 1]) - Int(samples[at + 1]) - Int(samples[at - width])
            - Int(samples[at + width])
          sum += value
          laplacianSum += laplacian
          laplacianSquares += laplacian * laplacian
          if value >= FrameScore.white { whites += 1 }
        }
      }
      for row in stride(from: rows.lowerBound, to: rows.upperBound, by: FrameScore.gridStep) {
        for column in stride(
          from: columns.lowerBound, to: columns.upperBound, by: FrameScore.gridStep)
        {
          grid.append(samples[row * width + column])
        }
      }
    }
    let count = Double(rows.count * columns.count)
    let mean = Double(sum) / count
    let laplacianMean = Double(laplacianSum) / count
    let variance = Double(laplacianSquares) / count - laplacianMean * laplacianMean
    sharpness = mean > 0 ? variance / (mean * mean) : 0
    whiteShare = Double(whites) / count
    self.grid = grid
  }

  /// Whether too much of it is white.
  package var isOverExposed: Bool { whiteShare > FrameScore.mostWhite }

  /// Whether the probe moved between this frame and a neighbour.
  package func hasMoved(since neighbour: FrameScore) -> Bool {
    guard grid.count == neighbour.grid.count, !grid.isEmpty else { return true }
    var difference = 0
    var sum = 0
    for (one, other) in zip(grid, neighbour.grid) {
      difference += abs(Int(one) - Int(other))
      sum += Int(one)
    }
    return Double(difference) > FrameScore.mostMotion * Double(max(1, sum))
  }

  /// The middle of a side, one sample away from its ends.
  private static func middle(_ length: Int) -> Range<Int> {
    let margin = max(1, Int(Double(length) * (1 - centre) / 2))
    return margin..<max(margin + 1, length - margin)
  }
}
