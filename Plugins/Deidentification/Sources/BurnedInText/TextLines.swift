/// Finds lines of glyphs: one baseline, one height, one colour, small gaps.
struct TextLines {
  private let byBottom: [Int: [Glyph]]
  private let size: (width: Int, height: Int)
  private let isTurned: Bool

  /// Takes the glyphs of a picture of this size.
  ///
  /// - Parameter isTurned: whether x and y of the picture were exchanged.
  init(_ glyphs: [Glyph], width: Int, height: Int, isTurned: Bool) {
    var rows: [Int: [Glyph]] = [:]
    for glyph in glyphs { rows[glyph.bottom, default: []].append(glyph) }
    byBottom = rows
    size = (width, height)
    self.isTurned = isTurned
  }

  /// The lines that are more likely text than chance.
  var lines: [BurnedInText.Finding] {
    var found: [BurnedInText.Finding] = []
    for bottom in byBottom.keys.sorted() {
      let near = [bottom - 1, bottom, bottom + 1].flatMap { byBottom[$0] ?? [] }
      guard near.count >= 2 else { continue }
      found += lines(of: near.sorted { $0.left < $1.left })
    }
    return found
  }

  private func lines(of row: [Glyph]) -> [BurnedInText.Finding] {
    var found: [BurnedInText.Finding] = []
    for height in Set(row.map(\.height)).sorted() {
      // One height to the pixel: renderers place all capitals and digits on the same two rows,
      // and JPEG moves an edge by at most one.
      let tall = row.filter { abs($0.height - height) <= 1 }
      guard tall.count >= 2 else { continue }
      var chain: [Glyph] = []
      for glyph in tall + [nil as Glyph?] {
        if let glyph, let last = chain.last, TextLines.follows(last, glyph, height) {
          chain.append(glyph)
          continue
        }
        if let line = line(of: chain, height) { found.append(line) }
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

  private func line(of chain: [Glyph], _ height: Int) -> BurnedInText.Finding? {
    guard chain.count >= 2 else { return nil }
    let line = GlyphChain(chain, height: height)
    // A chain among many strokes cannot do without neighbours' count; one that fails when it
    // stands alone needs none.
    guard line.logit(around: GlyphChain.Surroundings(), isTurned: isTurned, size) > 0 else {
      return nil
    }
    let logit = line.logit(around: surroundings(of: line), isTurned: isTurned, size)
    guard logit > 0 else { return nil }
    return BurnedInText.Finding(
      x: line.left, y: line.top, width: line.width, height: height, glyphs: chain.count,
      logit: logit)
  }

  private func surroundings(of line: GlyphChain) -> GlyphChain.Surroundings {
    let reach = line.reach
    var around = GlyphChain.Surroundings()
    for row in line.top - reach...line.bottom + reach {
      for glyph in byBottom[row] ?? []
      where glyph.right >= line.left - reach && glyph.left <= line.right + reach {
        around.strokes += 1
        if abs(glyph.height - line.height) <= 1 { around.alike += 1 }
      }
    }
    around.alike -= line.glyphs.count
    around.strokes -= line.glyphs.count
    return around
  }
}
