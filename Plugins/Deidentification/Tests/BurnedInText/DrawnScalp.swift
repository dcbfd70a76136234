import Imaging
import StageKit

/// A rough scalp: textured skin, dark shafts in all directions, glare; text drawn on request.
struct DrawnScalp {
  let width: Int
  let height: Int
  private(set) var pixels: [UInt8]
  private var random: SeededGenerator

  init(seed: UInt64, width: Int = 640, height: Int = 400, hairs: Int = 60) {
    (self.width, self.height) = (width, height)
    random = SeededGenerator(seed: seed)
    pixels = []
    for _ in 0..<width * height {
      let texture = Int.random(in: -14...14, using: &random)
      pixels += [178, 150, 140].map { UInt8(clamping: $0 + texture) }
    }
    for _ in 0..<hairs { drawHair() }
    for _ in 0..<(hairs > 0 ? 200 : 0) { drawGlare() }
  }

  var image: InterleavedImage<UInt8> {
    InterleavedImage(
      channels: 3, samples: Plane(width: 3 * width, height: height, samples: pixels))
  }

  private mutating func set(_ x: Int, _ y: Int, _ colour: [UInt8]) {
    guard x >= 0, x < width, y >= 0, y < height else { return }
    for channel in 0..<3 { pixels[3 * (y * width + x) + channel] = colour[channel] }
  }

  private mutating func drawHair() {
    var x = Double.random(in: 0..<Double(width), using: &random)
    var y = Double.random(in: 0..<Double(height), using: &random)
    let (stepX, stepY) = (
      Double.random(in: -1...1, using: &random), Double.random(in: -1...1, using: &random)
    )
    let shade = UInt8.random(in: 20...60, using: &random)
    let thickness = Int.random(in: 3...8, using: &random)
    for _ in 0..<Int.random(in: 30...140, using: &random) {
      for side in 0..<thickness {
        set(Int(x) + side, Int(y), [shade, shade, shade])
        set(Int(x), Int(y) + side, [shade, shade, shade])
      }
      (x, y) = (x + stepX, y + stepY)
    }
  }

  private mutating func drawGlare() {
    let (x, y) = (
      Int.random(in: 0..<width, using: &random), Int.random(in: 0..<height, using: &random)
    )
    for dy in 0..<Int.random(in: 1...9, using: &random) {
      for dx in 0..<Int.random(in: 1...9, using: &random) { set(x + dx, y + dy, [250, 250, 255]) }
    }
  }

  /// Draws digits, `/`, `:` and some capitals, each 5 x 7 dots of `dot` pixels.
  mutating func draw(_ text: String, x: Int, y: Int, dot: Int, colour: [UInt8], bar: [UInt8]?) {
    if let bar {
      for row in y - 2 * dot..<y + 9 * dot {
        for column in x - 2 * dot..<x + 6 * dot * text.count { set(column, row, bar) }
      }
    }
    for (index, character) in text.enumerated() {
      for (row, bits) in (DrawnScalp.font[character] ?? []).enumerated() {
        for column in 0..<5 where bits >> (4 - column) & 1 == 1 {
          for pixel in 0..<dot * dot {
            set(
              x + (6 * index + column) * dot + pixel % dot, y + row * dot + pixel / dot, colour)
          }
        }
      }
    }
  }

  private static let font: [Character: [Int]] = [
    "0": [14, 17, 19, 21, 25, 17, 14], "1": [4, 12, 4, 4, 4, 4, 14],
    "2": [14, 17, 1, 2, 4, 8, 31], "3": [31, 2, 4, 2, 1, 17, 14], "4": [2, 6, 10, 18, 31, 2, 2],
    "5": [31, 16, 30, 1, 1, 17, 14], "6": [6, 8, 16, 30, 17, 17, 14],
    "7": [31, 1, 2, 4, 8, 8, 8], "8": [14, 17, 17, 14, 17, 17, 14],
    "9": [14, 17, 17, 15, 1, 2, 12], "A": [14, 17, 17, 31, 17, 17, 17],
    "E": [31, 16, 16, 30, 16, 16, 31], "N": [17, 25, 21, 19, 17, 17, 17],
    "S": [15, 16, 16, 14, 1, 1, 30], "/": [1, 1, 2, 4, 8, 16, 16], ":": [0, 4, 0, 0, 0, 4, 0],
  ]
}
