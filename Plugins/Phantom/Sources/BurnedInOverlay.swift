import Imaging

/// What a device's software draws into the picture itself: names, dates, a scale bar, a circle.
///
/// Modelled on real trichoscopes, where a quarter of the pictures carry a strip of grey boxes with
/// the subject's code, size, date and time, unit, magnification and "not calibrated", a quarter a
/// bar of 1.0 mm and a tenth a red circle.
public struct BurnedInOverlay: Sendable, Codable, Equatable {
  /// The texts of the boxes along the upper edge, the first in cyan; no strip when empty.
  public var header: [String] = []
  /// The scale bar's length in mm; no bar at 0.
  public var scaleBarMillimetres = 0.0
  /// The red circle's radius in mm; no circle at 0.
  public var circleMillimetres = 0.0

  /// No overlay.
  public init() {}

  /// Whether nothing is drawn.
  public var isEmpty: Bool {
    header.isEmpty && scaleBarMillimetres <= 0 && circleMillimetres <= 0
  }

  /// Draws the overlay.
  ///
  /// - Returns: the covered boxes as left, top, right, bottom in pixels; the circle, a line of two
  ///   pixels, gives none.
  func draw(on image: inout InterleavedImage<UInt8>, micrometresPerPixel: Double) -> [[Int]] {
    guard !isEmpty else { return [] }
    let width = image.width
    let height = image.height
    let overlay = self
    return image.samples.withUnsafeMutableSamples { samples -> [[Int]] in
      guard let base = samples.baseAddress else { return [] }
      let pen = OverlayPen(width: width, height: height, bytes: base)
      // Letters of 21 pixels on 1280: as on the devices, in proportion to the width.
      let dot = max(1, width / 420)
      if overlay.circleMillimetres > 0 {
        pen.circle(
          centre: SIMD2(Double(width) / 2, Double(height) / 2),
          radius: overlay.circleMillimetres * 1000 / micrometresPerPixel)
      }
      var boxes = overlay.drawHeader(with: pen, dot: dot)
      if overlay.scaleBarMillimetres > 0 {
        boxes.append(overlay.drawScaleBar(with: pen, dot: dot, micrometresPerPixel))
      }
      return boxes
    }
  }

  private func drawHeader(with pen: OverlayPen, dot: Int) -> [[Int]] {
    var left = 2 * dot
    var boxes: [[Int]] = []
    for (index, text) in header.enumerated() {
      let right = left + (text.count * 6 + 3) * dot
      pen.box(left: left, top: 2 * dot, right: right, bottom: 13 * dot, shade: 0.75)
      pen.text(
        text, left: left + 2 * dot, top: 4 * dot, dot: dot,
        colour: index == 0 ? (0, 240, 240) : (250, 250, 250))
      boxes.append([left, 2 * dot, min(right, pen.width) - 1, min(13 * dot, pen.height) - 1])
      left = right + 2 * dot
    }
    return boxes.filter { $0[0] <= $0[2] && $0[1] <= $0[3] }
  }

  private func drawScaleBar(
    with pen: OverlayPen, dot: Int, _ micrometresPerPixel: Double
  ) -> [Int] {
    let length = Int((scaleBarMillimetres * 1000 / micrometresPerPixel).rounded())
    let right = pen.width - 8 * dot
    let left = right - length
    let bottom = pen.height - 6 * dot
    let tenths = Int((scaleBarMillimetres * 10).rounded())
    let label = "\(tenths / 10).\(tenths % 10) mm"
    let textLeft = left + (length - label.count * 6 * dot) / 2
    let top = bottom - 12 * dot
    pen.text(label, left: textLeft, top: top, dot: dot, colour: (250, 250, 250))
    // The bar's ends are exact: `length` pixels from the outer edge of one tick to the other's.
    pen.fill(left: left, top: bottom - dot, right: right, bottom: bottom, (250, 250, 250))
    pen.fill(left: left, top: bottom - 4 * dot, right: left + dot, bottom: bottom, (250, 250, 250))
    pen.fill(
      left: right - dot, top: bottom - 4 * dot, right: right, bottom: bottom, (250, 250, 250))
    return [max(0, min(left, textLeft)), max(0, top), min(right, pen.width) - 1, bottom - 1]
  }
}

/// Draws into 8-bit RGB, clipped to the picture; right and bottom edges are not included.
private struct OverlayPen {
  let width: Int
  let height: Int
  let bytes: UnsafeMutablePointer<UInt8>

  func fill(left: Int, top: Int, right: Int, bottom: Int, _ colour: (UInt8, UInt8, UInt8)) {
    guard max(0, left) < min(right, width), max(0, top) < min(bottom, height) else { return }
    for y in max(0, top)..<min(bottom, height) {
      for x in max(0, left)..<min(right, width) { set(x, y, colour) }
    }
  }

  /// A translucent grey box; `shade` is its opacity.
  func box(left: Int, top: Int, right: Int, bottom: Int, shade: Double) {
    guard max(0, left) < min(right, width), max(0, top) < min(bottom, height) else { return }
    for y in max(0, top)..<min(bottom, height) {
      for index in (3 * (y * width + max(0, left)))..<(3 * (y * width + min(right, width))) {
        bytes[index] = UInt8(Double(bytes[index]) * (1 - shade) + 70 * shade)
      }
    }
  }

  func text(_ text: String, left: Int, top: Int, dot: Int, colour: (UInt8, UInt8, UInt8)) {
    var x = left
    for character in text {
      for (row, bits) in DotFont.rows(of: character).enumerated() {
        for column in 0..<DotFont.width where bits >> UInt8(DotFont.width - 1 - column) & 1 == 1 {
          fill(
            left: x + column * dot, top: top + row * dot, right: x + (column + 1) * dot,
            bottom: top + (row + 1) * dot, colour)
        }
      }
      x += (DotFont.width + 1) * dot
    }
  }

  /// A red circle, a line of two pixels, anti-aliased.
  func circle(centre: SIMD2<Double>, radius: Double) {
    for y in 0..<height {
      let dy = Double(y) - centre.y
      let outer = radius + 2
      let inner = radius - 2
      let square = outer * outer - dy * dy
      guard square > 0 else { continue }
      let far = square.squareRoot()
      let near = inner * inner > dy * dy ? (inner * inner - dy * dy).squareRoot() : 0
      for x in spans(centre.x, near, far) {
        let dx = Double(x) - centre.x
        let away = abs((dx * dx + dy * dy).squareRoot() - radius)
        let covered = min(max(1.5 - away, 0), 1)
        guard covered > 0 else { continue }
        let index = 3 * (y * width + x)
        for (channel, value) in [230.0, 10, 10].enumerated() {
          let old = Double(bytes[index + channel])
          bytes[index + channel] = UInt8(old + (value - old) * covered)
        }
      }
    }
  }

  private func spans(_ centre: Double, _ near: Double, _ far: Double) -> [Int] {
    let ranges = [(centre - far, centre - near), (centre + near, centre + far)]
    return ranges.flatMap { low, high -> [Int] in
      let first = max(0, Int(low.rounded(.down)))
      let last = min(width - 1, Int(high.rounded(.up)))
      return first <= last ? Array(first...last) : []
    }
  }

  private func set(_ x: Int, _ y: Int, _ colour: (UInt8, UInt8, UInt8)) {
    let index = 3 * (y * width + x)
    bytes[index] = colour.0
    bytes[index + 1] = colour.1
    bytes[index + 2] = colour.2
  }
}
