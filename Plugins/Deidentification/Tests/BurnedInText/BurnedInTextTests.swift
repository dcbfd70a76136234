import Deidentification
import ImageCodecs
import Imaging
import Phantom
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
    #expect(abs(line.y - 30) <= 2 && (7 * dot - 3...11 * dot).contains(line.height))
  }

  @Test(
    "Text of any size is found, as the header of a camera with many pixels is",
    arguments: [12, 18, 30, 45], [[255, 255, 255], [0, 0, 0], [255, 255, 0]] as [[UInt8]])
  func largeText(dot: Int, colour: [UInt8]) throws {
    var scalp = DrawnScalp(seed: UInt64(dot), width: 1800, height: 1200, hairs: 20)
    scalp.draw("A095", x: 40, y: 30, dot: dot, colour: colour, bar: nil)
    let file = try JPEGEncoder(quality: 85, subsampling: .both).encode(scalp.image)
    let lines = BurnedInText().find(in: try ImageDecoder().decode(file).eightBit())
    let drawn = (width: 24 * dot, height: 7 * dot)
    #expect(
      lines.contains {
        $0.x < 40 + drawn.width && $0.x + $0.width > 40 && $0.y < 30 + drawn.height
          && $0.y + $0.height > 30 && 2 * $0.height > drawn.height
      }, "\(lines)")
  }

  @Test("Large initials are found, and large hairs side by side are none", arguments: [14, 24])
  func largeInitials(dot: Int) throws {
    var scalp = DrawnScalp(seed: 5, width: 1200, height: 900, hairs: 20)
    scalp.draw("SN", x: 300, y: 200, dot: dot, colour: [255, 255, 255], bar: [70, 70, 70])
    let file = try JPEGEncoder(quality: 85, subsampling: .both).encode(scalp.image)
    let lines = BurnedInText().find(in: try ImageDecoder().decode(file).eightBit())
    #expect(lines.contains { abs($0.x - 300) <= 12 && abs($0.y - 200) <= 12 }, "\(lines)")
  }

  @Test("Text is found however the picture was turned", arguments: ImageOrientation.allCases)
  func turnedText(orientation: ImageOrientation) throws {
    var scalp = DrawnScalp(seed: 6)
    scalp.draw("A095 2022/01/05", x: 40, y: 30, dot: 3, colour: [255, 255, 255], bar: nil)
    #expect(!BurnedInText().find(in: orientation.applied(to: scalp.image)).isEmpty)
  }

  @Test("Hair, texture and flakes are no text", arguments: 1...12)
  func scalpIsNoText(seed: UInt64) throws {
    var (description, conditions) = (ScalpDescription(), CaptureConditions())
    (conditions.width, conditions.height, conditions.seed) = (640, 480, seed)
    if seed % 3 == 0 { description.hairState = .long }
    if seed % 4 == 0 { description.texture = 2 }
    let patch = conditions.patch(reach: 1500)
    let scene = try ScalpScene(description, patch: patch, seed: seed)
    let file = try JPEGEncoder(quality: 90).encode(try scene.photographed(under: conditions).image)
    #expect(BurnedInText().find(in: try ImageDecoder().decode(file).eightBit()) == [])
  }

  @Test(
    "Text in the skin's colour is found, lighter and darker",
    arguments: [(2, -32), (2, 32), (3, -48), (3, 48)])
  func skinColouredText(dot: Int, levels: Int) throws {
    var scalp = DrawnScalp(seed: 9, hairs: 20)
    let colour = [178, 150, 140].map { UInt8($0 + levels) }
    scalp.draw("A095 2022/01/05", x: 40, y: 30, dot: dot, colour: colour, bar: nil)
    let file = try JPEGEncoder(quality: 85, subsampling: .both).encode(scalp.image)
    let lines = BurnedInText().find(in: try ImageDecoder().decode(file).eightBit())
    #expect(lines.contains { $0.x < 200 && $0.x + $0.width > 40 && abs($0.y - 30) <= 4 })
  }

  @Test("Initials are found", arguments: [2, 3])
  func initials(dot: Int) throws {
    var scalp = DrawnScalp(seed: 4, hairs: 10)
    scalp.draw("SN", x: 300, y: 200, dot: dot, colour: [255, 255, 255], bar: [70, 70, 70])
    let file = try JPEGEncoder(quality: 85, subsampling: .both).encode(scalp.image)
    let lines = BurnedInText().find(in: try ImageDecoder().decode(file).eightBit())
    #expect(lines.contains { abs($0.x - 300) <= 4 && abs($0.y - 200) <= 4 })
  }

  @Test("Specks of glare are no text, nor what the picture's border cuts", arguments: [5.0, 10])
  func glareIsNoText(micrometresPerPixel: Double) throws {
    var conditions = CaptureConditions()
    conditions.micrometresPerPixel = micrometresPerPixel
    (conditions.glare, conditions.bubbles) = (0.06, 20)
    let scene = try ScalpScene(ScalpDescription(), patch: conditions.patch(reach: 1500), seed: 11)
    let file = try JPEGEncoder(quality: 90).encode(try scene.photographed(under: conditions).image)
    #expect(BurnedInText().find(in: try ImageDecoder().decode(file).eightBit()).isEmpty)
  }

  @Test("A finding is as large as the line, and says how sure it is")
  func findingCoversTheLine() throws {
    var scalp = DrawnScalp(seed: 6, hairs: 0)
    scalp.draw("A095 2022", x: 40, y: 30, dot: 3, colour: [255, 255, 255], bar: [70, 70, 70])
    let line = try #require(BurnedInText().find(in: scalp.image).first)
    #expect(abs(line.x - 40) <= 3 && abs(line.width - 159) <= 6)
    #expect(line.confidence > 0.9 && line.confidence < 1)
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
