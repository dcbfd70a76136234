import Foundation
import ImageCodecs
import Imaging

/// Drawn pictures for transcripts, written anew for each.
enum Pictures {
  /// Twelve straight hairs on plain skin, 60 µm thick and 0.6 mm long at 5 µm per pixel.
  ///
  /// Far enough apart that whoever counts finds twelve, and on no common line, as letters would be.
  static func twelveHairs() -> InterleavedImage<UInt8> {
    let hairs = (0..<12).map { index -> Bar in
      let angle = Double(index) * 0.5
      let centre = (
        x: 100.0 + Double(index % 4) * 147,
        y: 90.0 + Double(index / 4) * 150 + [0, 23, -17, 31][index % 4]
      )
      return Bar(
        from: (centre.x - 60 * cos(angle), centre.y - 60 * sin(angle)),
        to: (centre.x + 60 * cos(angle), centre.y + 60 * sin(angle)), width: 12)
    }
    return draw(hairs, width: 640, height: 480)
  }

  /// Skin without a hair.
  static func bareSkin() -> InterleavedImage<UInt8> { draw([], width: 320, height: 240) }

  /// One pixel.
  static func onePixel() -> InterleavedImage<UInt8> { draw([], width: 1, height: 1) }

  /// Writes every picture that transcripts use below a folder.
  static func write(to folder: String) throws {
    try FileManager.default.createDirectory(
      atPath: folder, withIntermediateDirectories: true)
    func put(_ bytes: [UInt8], _ name: String) throws {
      try Data(bytes).write(to: URL(filePath: "\(folder)/\(name)"))
    }
    let hairs = try JPEGEncoder(quality: 95).encode(twelveHairs())
    try put(hairs, "hairs.jpg")
    try put(try PNGEncoder().encode(twelveHairs()), "hairs.png")
    try put(try PNGEncoder().encode(twelveHairs()), "png-by-content.jpg")
    try put(try PNGEncoder().encode(bareSkin()), "bare.png")
    try put(try PNGEncoder().encode(onePixel()), "one-pixel.png")
    try put(Array(hairs.prefix(hairs.count / 2)), "half.jpg")
    try put([], "empty.jpg")
    try put(Array("words, not a picture\n".utf8), "words.jpg")
    try put(hugeHeader, "huge.png")
  }

  /// A straight bar with a soft edge of one pixel.
  private struct Bar {
    let from: (x: Double, y: Double)
    let to: (x: Double, y: Double)
    let width: Double

    /// How much of a pixel's light the bar takes, 0 to 1.
    func cover(_ x: Double, _ y: Double) -> Double {
      let (dx, dy) = (to.x - from.x, to.y - from.y)
      let along = ((x - from.x) * dx + (y - from.y) * dy) / (dx * dx + dy * dy)
      let t = min(max(along, 0), 1)
      let distance = hypot(x - from.x - t * dx, y - from.y - t * dy)
      return min(max(width / 2 + 0.5 - distance, 0), 1)
    }
  }

  private static func draw(_ bars: [Bar], width: Int, height: Int) -> InterleavedImage<UInt8> {
    let skin = [214.0, 172.0, 150.0]
    let hair = [52.0, 40.0, 36.0]
    var noise: UInt32 = 1
    return InterleavedImage(width: width, height: height, channels: 3) { samples in
      for index in 0..<width * height {
        let (x, y) = (Double(index % width), Double(index / width))
        let cover = bars.reduce(0.0) { max($0, $1.cover(x, y)) }
        // Numerical Recipes' linear congruential generator: grain of a few grey levels.
        noise = noise &* 1_664_525 &+ 1_013_904_223
        let grain = Double(noise >> 24) / 255 * 8 - 4
        for channel in 0..<3 {
          let value = skin[channel] * (1 - cover) + hair[channel] * cover + grain
          samples[index * 3 + channel] = UInt8(min(max(value, 0), 255))
        }
      }
    }
  }

  /// The first bytes of a PNG that says it has 30,000 by 30,000 pixels, and an empty IDAT chunk.
  private static let hugeHeader: [UInt8] = [
    0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52, 0, 0, 0x75,
    0x30, 0, 0, 0x75, 0x30, 8, 2, 0, 0, 0, 0xE9, 0x45, 0x6F, 0xED, 0, 0, 0, 0, 0x49, 0x44, 0x41,
    0x54,
    0x35, 0xAF, 0x06, 0x1E,
  ]
}
