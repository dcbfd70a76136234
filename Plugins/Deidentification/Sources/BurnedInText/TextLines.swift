/// A stroke of the size and density of a letter or digit.
struct Glyph: Sendable {
  let left: Int
  let right: Int
  let top: Int
  let bottom: Int
  /// The mean value of its pixels.
  let value: Int

  var height: Int { bottom - top + 1 }
  var width: Int { right - left + 1 }

  /// The heights of capitals and digits that are looked for, in pixels.
  static let heights = 6...72

  /// Takes a stroke for a glyph; `nil` when it is none.
  ///
  /// Overlay fonts of capture programs have capitals of 7 to 70 pixels; the widest glyph (W, or two
  /// that touch) is about twice as wide as high, the narrowest (1, I) an eighth. A glyph's ink
  /// covers a fifth to nine tenths of its box.
  init?(_ stroke: StrokeMap.Component) {
    (left, right, top, bottom) = (stroke.left, stroke.right, stroke.top, stroke.bottom)
    value = stroke.sum / max(1, stroke.area)
    let (width, height) = (right - left + 1, bottom - top + 1)
    guard Glyph.heights.contains(height), width <= 2 * height, 8 * width >= height,
      5 * stroke.area >= width * height,
      width * 3 < height || 10 * stroke.area <= 9 * width * height
    else { return nil }
  }
}

/// Finds lines of glyphs: one baseline, one height, one colour, small gaps.
struct TextLines {
  private let glyphs: [Glyph]

  init(_ glyphs: [Glyph]) { self.glyphs = glyphs }

  /// How many glyphs of one height make a line: three that stand as close as in a word, or four.
  ///
  /// Three at any distance are found by chance in one clean picture of twenty; four, or three in
  /// a word, in none of 540.
  static let leastGlyphs = 3
  private static let leastScatteredGlyphs = 4

  /// The lines of text.
  var lines: [BurnedInText.Finding] {
    var byBottom: [Int: [Glyph]] = [:]
    for glyph in glyphs { byBottom[glyph.bottom, default: []].append(glyph) }
    var found: [BurnedInText.Finding] = []
    for bottom in byBottom.keys.sorted() {
      let near = [bottom - 1, bottom, bottom + 1].flatMap { byBottom[$0] ?? [] }
      guard near.count >= TextLines.leastGlyphs else { continue }
      found += lines(of: near.sorted { $0.left < $1.left })
    }
    return found
  }

  private func lines(of row: [Glyph]) -> [BurnedInText.Finding] {
    var found: [BurnedInText.Finding] = []
    let heights = Set(row.map(\.height)).sorted()
    for height in heights {
      // One height to the pixel: renderers place all capitals and digits on the same two rows,
      // and JPEG moves an edge by at most one.
      let tall = row.filter { abs($0.height - height) <= 1 }
      guard tall.count >= TextLines.leastGlyphs else { continue }
      var chain: [Glyph] = []
      for glyph in tall + [nil as Glyph?] {
        if let glyph, let last = chain.last, TextLines.follows(last, glyph, height) {
          chain.append(glyph)
          continue
        }
        if let line = TextLines.line(chain, height) { found.append(line) }
        chain = glyph.map { [$0] } ?? []
      }
    }
    return found
  }

  /// Whether the next glyph of a line may stand there: behind the last, not farther than two
  /// heights (a space, a point, or small letters in between), of the same colour.
  private static func follows(_ last: Glyph, _ next: Glyph, _ height: Int) -> Bool {
    next.left > last.right && next.left - last.right <= 2 * height
      && abs(next.value - last.value) <= 30
  }

  private static func line(_ chain: [Glyph], _ height: Int) -> BurnedInText.Finding? {
    guard chain.count >= leastGlyphs, let first = chain.first, let last = chain.last,
      chain.count >= leastScatteredGlyphs || isWord(chain, height)
    else { return nil }
    let top = chain.map(\.top).min() ?? first.top
    return BurnedInText.Finding(
      x: first.left, y: top, width: last.right - first.left + 1, height: height,
      glyphs: chain.count)
  }

  /// Whether glyphs stand as close as the letters of a word, and are neither all bare strokes nor
  /// as small as specks of glare.
  private static func isWord(_ chain: [Glyph], _ height: Int) -> Bool {
    height >= 8
      && zip(chain, chain.dropFirst()).allSatisfy { 5 * ($1.left - $0.right - 1) <= 2 * height }
      && chain.count { 3 * $0.width >= height } >= 2
  }
}
