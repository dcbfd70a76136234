import Foundation

/// Glyphs on one line, and how likely they are text.
struct GlyphChain {
  /// Other strokes of a glyph's size near a chain.
  struct Surroundings {
    /// All of them.
    var strokes = 0
    /// Those of the chain's height.
    var alike = 0
  }

  let glyphs: [Glyph]
  let height: Int
  let left: Int
  let right: Int
  let top: Int
  let bottom: Int

  var width: Int { right - left + 1 }
  /// How far the surroundings reach: three heights, at least a line's usual distance.
  var reach: Int { max(24, 3 * height) }

  init(_ glyphs: [Glyph], height: Int) {
    self.glyphs = glyphs
    self.height = height
    left = glyphs[0].left
    right = glyphs[glyphs.count - 1].right
    top = glyphs.map(\.top).min() ?? 0
    bottom = glyphs.map(\.bottom).max() ?? 0
  }

  /// The logarithm of the odds that the chain is drawn text; a picture is held above 0.
  ///
  /// 0 is where one clean picture of a hundred was held.
  func logit(
    around: Surroundings, isTurned: Bool, _ size: (width: Int, height: Int)
  ) -> Double {
    zip(features(around: around, isTurned: isTurned, size), GlyphChain.weights)
      .reduce(0) { $0 + $1.0 * $1.1 }
  }

  /// A logistic regression over ``features(around:isTurned:_:)``, in their order.
  ///
  /// Fitted on the likeliest chain of each of 77,000 texts of 3 to 10 glyphs, drawn as
  /// `text-benchmark recall` draws them over ten families of rendered scalps, against the 60
  /// likeliest of each of 467 clean pictures: 220 rendered, 247 photographs of shaved scalps. The
  /// scalps of the published table have other seeds.
  private static let weights = [
    -20.991, 3.094, 0.613, -2.746, -1.352, 1.381, -1.843, 5.095, -10.280, 4.851, -3.126, 0.417,
    -3.070, -5.313,
  ]

  private func features(
    around: Surroundings, isTurned: Bool, _ size: (width: Int, height: Int)
  ) -> [Double] {
    let (count, height) = (Double(glyphs.count), Double(height))
    let area = Double((width + 2 * reach) * (bottom - top + 2 * reach))
    let gaps = zip(glyphs, glyphs.dropFirst()).map { Double($1.left - $0.right - 1) / height }
    // By chance a further stroke of this height, on these three rows, follows within the gap.
    let chance = min(
      0.9, (Double(around.alike) + 0.3) / area * max(gaps.max() ?? 0, 0.15) * height * 3)
    let clutter = (Double(around.strokes) + 0.5) / area * height * height
    let contrast = mean(\.contrast)
    let value = mean { Double($0.value) }
    let spread = glyphs.map { abs(Double($0.value) - value) }.max() ?? 0
    let alike = glyphs.map { one in
      glyphs.count { $0.top == one.top && $0.bottom == one.bottom }
    }
    let touchesEdge =
      left == 0 || top <= 1 || right == size.width - 1 || bottom >= size.height - 2
    return [
      1,
      log2(count),
      min(12, -(count - 1) * log10(chance)),
      log10(clutter),
      min(2, gaps.reduce(0, +) / (count - 1)),
      log2(contrast),
      min(1, spread / contrast),
      min(1.2, max(0, mean(\.sharpness))),
      mean(\.ink),
      Double(alike.max() ?? 0) / count,
      min(1.5, mean { Double($0.width) } / height),
      log2(height),
      isTurned ? 1 : 0,
      touchesEdge ? 1 : 0,
    ]
  }

  private func mean(_ value: (Glyph) -> Double) -> Double {
    glyphs.reduce(0) { $0 + value($1) } / Double(glyphs.count)
  }
}
