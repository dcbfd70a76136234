import Deidentification
import ImageCodecs
import Imaging
import Testing

@Suite struct BurnedInTextTests {
  @Test(
    "Drawn text is found on hair, in every colour, on a bar and without, after JPEG",
    arguments: [
      ([255, 255, 255], nil), ([0, 0, 0], nil), ([255, 255, 0], nil), ([0, 255, 255], nil),
      ([255, 0, 0], nil), ([0, 0, 255], nil), ([255, 255, 255], [0, 0, 0]),
      ([0, 255, 255], [80, 80, 80]), ([0, 0, 0], [240, 240, 240]),
    ] as [([UInt8], [UInt8]?)], [2, 3, 5])
  func textIsFound(style: ([UInt8], [UInt8]?), dot: Int) throws {
    var scalp = DrawnScalp(seed: UInt64(dot))
    scalp.draw("A095 2022/01/05", x: 40, y: 30, dot: dot, colour: style.0, bar: style.1)
    let file = try JPEGEncoder(quality: 85, subsampling: .both).encode(scalp.image)
    let lines = BurnedInText().find(in: try ImageDecoder().decode(file).eightBit())
    let line = try #require(lines.max { $0.glyphs < $1.glyphs })
    #expect(abs(line.y - 30) <= 2 && abs(line.height - 7 * dot) <= 3)
  }

  @Test("Text is found however the picture was turned", arguments: ImageOrientation.allCases)
  func turnedText(orientation: ImageOrientation) throws {
    var scalp = DrawnScalp(seed: 6)
    scalp.draw("A095 2022/01/05", x: 40, y: 30, dot: 3, colour: [255, 255, 255], bar: nil)
    #expect(!BurnedInText().find(in: orientation.applied(to: scalp.image)).isEmpty)
  }

  @Test("Hair, texture and glare are no text", arguments: 1...12)
  func scalpIsNoText(seed: UInt64) throws {
    let file = try JPEGEncoder(quality: 90).encode(DrawnScalp(seed: seed + 100).image)
    #expect(BurnedInText().find(in: try ImageDecoder().decode(file).eightBit()).isEmpty)
  }

  @Test("Pictures smaller than a glyph, and grey ones, are searched as well")
  func smallAndGrey() {
    let dot = InterleavedImage<UInt8>(
      channels: 1, samples: Plane(width: 1, height: 1, repeating: 9))
    #expect(BurnedInText().find(in: dot).isEmpty)
    var scalp = DrawnScalp(seed: 5)
    scalp.draw("2026 12 31", x: 20, y: 20, dot: 2, colour: [255, 255, 255], bar: nil)
    let grey = InterleavedImage<UInt8>(width: scalp.width, height: scalp.height, channels: 1) {
      for index in 0..<scalp.width * scalp.height { $0[index] = scalp.pixels[3 * index] }
    }
    #expect(!BurnedInText().find(in: grey).isEmpty)
  }
}
