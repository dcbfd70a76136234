/// A stroke of the size and density of a letter or digit.
struct Glyph: Sendable {
  let left: Int
  let right: Int
  let top: Int
  let bottom: Int
  /// The mean value of its pixels.
  let value: Int
  /// The mean difference of its pixels from their surroundings.
  let contrast: Double
  /// The mean step across its ends in units of its contrast.
  let sharpness: Double
  /// The share of its box that it covers.
  let ink: Double

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
    contrast = Double(stroke.contrast) / Double(max(1, stroke.area))
    sharpness = Double(stroke.steps) / Double(max(1, stroke.ends)) / max(1, contrast)
    let (width, height) = (right - left + 1, bottom - top + 1)
    ink = Double(stroke.area) / Double(width * height)
    guard Glyph.heights.contains(height), width <= 2 * height, 8 * width >= height,
      5 * stroke.area >= width * height,
      width * 3 < height || 10 * stroke.area <= 9 * width * height
    else { return nil }
  }
}
