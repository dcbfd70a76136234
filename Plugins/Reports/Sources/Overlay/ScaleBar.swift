import Imaging

/// A bar of a round length with its label, at the lower left of a picture.
struct ScaleBar {
  private let micrometresPerPixel: Double
  private let pictureWidth: Int

  init(micrometresPerPixel: Double, pictureWidth: Int) {
    self.micrometresPerPixel = micrometresPerPixel
    self.pictureWidth = pictureWidth
  }

  /// The longest of 0.1, 0.2, 0.5, 1, 2, 5, 10 and 20 mm that takes at most a quarter of the width.
  var millimetres: Double? {
    let quarter = Double(pictureWidth) / 4 * micrometresPerPixel / 1000
    return [20, 10, 5, 2, 1, 0.5, 0.2, 0.1].first { $0 <= quarter }
  }

  /// Paints bar and label on a dark plate, so that both read on skin of any tone.
  func draw(on canvas: inout PaintCanvas) {
    guard let millimetres else { return }
    let unit = max(1, pictureWidth / 330)
    let length = Int((millimetres * 1000 / micrometresPerPixel).rounded())
    let text = DotText(label(millimetres), dot: unit)
    let margin = 6 * unit
    let plateWidth = max(length, text.width) + 2 * margin
    let plateHeight = text.height + 3 * unit + 3 * unit + 2 * margin
    let left = 3 * unit
    let top = canvas.image.height - plateHeight - 3 * unit
    let dark = MeasurementOverlay.Colour(20, 24, 28)
    let white = MeasurementOverlay.Colour(255, 255, 255)
    canvas.fill(
      left: left, top: top, width: plateWidth, height: plateHeight, dark, opacity: 0.62)
    text.draw(
      left: left + (plateWidth - text.width) / 2, top: top + margin, white, on: &canvas)
    canvas.fill(
      left: left + (plateWidth - length) / 2, top: top + margin + text.height + 3 * unit,
      width: length, height: 3 * unit, white, opacity: 1)
  }

  private func label(_ millimetres: Double) -> String {
    millimetres < 1 ? "0.\(Int((millimetres * 10).rounded())) mm" : "\(Int(millimetres)) mm"
  }
}

/// Text of digits, point and `m` in a 5 x 7 dot raster, the raster of character displays.
struct DotText {
  private let glyphs: [[UInt8]]
  private let dot: Int

  init(_ text: String, dot: Int) {
    glyphs = text.map { DotText.rasters[$0] ?? [0, 0, 0, 0, 0, 0, 0] }
    self.dot = dot
  }

  /// In pixels.
  var width: Int { max(0, glyphs.count * 6 - 1) * dot }
  /// In pixels.
  var height: Int { 7 * dot }

  func draw(
    left: Int, top: Int, _ colour: MeasurementOverlay.Colour, on canvas: inout PaintCanvas
  ) {
    for (position, rows) in glyphs.enumerated() {
      for (row, bits) in rows.enumerated() {
        for column in 0..<5 where bits & (0b10000 >> UInt8(column)) != 0 {
          canvas.fill(
            left: left + (position * 6 + column) * dot, top: top + row * dot, width: dot,
            height: dot, colour, opacity: 1)
        }
      }
    }
  }

  /// Seven rows of five dots, the leftmost in bit 4.
  private static let rasters: [Character: [UInt8]] = [
    "0": [0b01110, 0b10001, 0b10011, 0b10101, 0b11001, 0b10001, 0b01110],
    "1": [0b00100, 0b01100, 0b00100, 0b00100, 0b00100, 0b00100, 0b01110],
    "2": [0b01110, 0b10001, 0b00001, 0b00110, 0b01000, 0b10000, 0b11111],
    "5": [0b11111, 0b10000, 0b11110, 0b00001, 0b00001, 0b10001, 0b01110],
    ".": [0b00000, 0b00000, 0b00000, 0b00000, 0b00000, 0b01100, 0b01100],
    "m": [0b00000, 0b00000, 0b11010, 0b10101, 0b10101, 0b10101, 0b10101],
  ]
}
