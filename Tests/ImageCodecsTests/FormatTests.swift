import ImageCodecs
import Imaging
import Testing

@Suite("Every readable kind of PNG and TIFF gives its samples")
struct FormatTests {
  private func gradient(_ x: Int, _ y: Int) -> Int { (x * 7 + y * 11) % 256 }

  @Test(
    "Palettes and small depths are expanded", arguments: [1, 2, 4, 8] as [UInt8], [false, true])
  func smallDepths(depth: UInt8, interlaced: Bool) throws {
    let top = (1 << Int(depth)) - 1
    func value(_ x: Int, _ y: Int) -> Int { (x + 2 * y) & top }
    let grey = PNGBuilder(width: 13, height: 9, depth: depth, interlaced: interlaced)
    let decoded = try ImageDecoder().decode(grey.file { x, y in [UInt8(value(x, y))] })
    let expected = (0..<9).flatMap { y in (0..<13).map { x in UInt8(value(x, y) * 255 / top) } }
    #expect(TestPicture.samples(try decoded.eight) == expected)

    var palette = grey
    palette.colourType = 3
    palette.chunks = [("PLTE", (0...top).flatMap { [UInt8($0), UInt8(255 - $0), 9] })]
    let colours = try ImageDecoder().decode(palette.file { x, y in [UInt8(value(x, y))] })
    #expect(colours.channels == 3)
    var wanted: [UInt8] = []
    for y in 0..<9 {
      for x in 0..<13 { wanted += [UInt8(value(x, y)), UInt8(255 - value(x, y)), 9] }
    }
    #expect(TestPicture.samples(try colours.eight) == wanted)
  }

  @Test("An opaque alpha channel is left out and noted", arguments: [8, 16] as [UInt8])
  func opaqueAlpha(depth: UInt8) throws {
    let builder = PNGBuilder(width: 5, height: 4, depth: depth, colourType: 6)
    let file = builder.file { x, y in
      [10, 20, UInt8(x), 255].flatMap { depth == 16 ? [$0, $0] : [$0] }
    }
    let decoded = try ImageDecoder().decode(file)
    #expect(decoded.channels == 3)
    #expect(decoded.header.notes.map(\.code) == [.opaqueAlpha])
    #expect(TestPicture.samples(decoded.eightBit()).prefix(6) == [10, 20, 0, 10, 20, 1])
  }

  @Test("One pixel that is not opaque is refused")
  func transparency() throws {
    let builder = PNGBuilder(width: 5, height: 4, colourType: 4)
    let file = builder.file { x, y in [100, x == 4 && y == 3 ? 254 : 255] }
    #expect(throws: ImageCodecError.self, performing: { try ImageDecoder().decode(file) })
    do {
      _ = try ImageDecoder().decode(file)
    } catch let error as ImageCodecError {
      #expect(error.code == .transparent)
    }
  }

  static let layouts: [TIFFBuilder] = [false, true].flatMap { bigEndian in
    [false, true].flatMap { separate in
      [nil, 16].flatMap { tile in
        [8, 16].flatMap { bits in
          [1, 3].map { samples in
            TIFFBuilder(
              width: 37, height: 23, bits: bits, samples: samples,
              photometric: samples == 3 ? 2 : 1, separatePlanes: separate, tileSide: tile,
              zlib: bits == 16, bigEndian: bigEndian)
          }
        }
      }
    }
  }

  @Test("TIFF in strips and tiles, planes together and apart", arguments: layouts)
  func tiffLayouts(builder: TIFFBuilder) throws {
    func values(_ x: Int, _ y: Int) -> [Int] {
      (0..<builder.samples).map { (gradient(x, y) + $0) % 256 * (builder.bits == 16 ? 251 : 1) }
    }
    let decoded = try ImageDecoder().decode(builder.file(pixel: values))
    let expected = (0..<23).flatMap { y in (0..<37).flatMap { x in values(x, y) } }
    switch decoded.pixels {
    case .eight(let image): #expect(TestPicture.samples(image).map { Int($0) } == expected)
    case .sixteen(let image): #expect(TestPicture.samples(image).map { Int($0) } == expected)
    }
  }

  @Test("TIFF palettes are expanded and white-is-zero is turned over")
  func tiffKinds() throws {
    let ramp = (0..<256).map { UInt32($0) }
    let map = ramp.map { $0 * 256 } + ramp.map { (255 - $0) * 256 } + ramp.map { _ in 9 * 256 }
    let palette = TIFFBuilder(width: 9, height: 5, photometric: 3, extra: [(320, 3, map)])
    let colours = try ImageDecoder().decode(palette.file { x, y in [gradient(x, y)] })
    #expect(TestPicture.samples(try colours.eight).prefix(6) == [0, 255, 9, 7, 248, 9])
    let inverted = TIFFBuilder(width: 9, height: 5, photometric: 0)
    let grey = try ImageDecoder().decode(inverted.file { x, y in [gradient(x, y)] })
    #expect(TestPicture.samples(try grey.eight).prefix(3) == [255, 248, 241])
  }

  @Test("Further TIFF pages are noted, and a resolution is read")
  func tiffPages() throws {
    let builder = TIFFBuilder(
      width: 9, height: 5, pages: 2,
      extra: [(282, 5, [4000, 1]), (283, 5, [4000, 1]), (296, 3, [3])])
    let header = try ImageDecoder().inspect(builder.file { _, _ in [0] })
    #expect(header.notes.map(\.code) == [.morePages])
    #expect(header.statedResolution?.micrometresPerPixelX == 2.5)
  }

  @Test("A PNG named .jpg is read as what it is, and noted")
  func wrongName() throws {
    let file = try PNGEncoder().encode(TestPicture.eight(width: 4, height: 4, channels: 3))
    let decoded = try ImageDecoder().decode(file, fileName: "scalp.JPG")
    #expect(decoded.header.format == .png)
    #expect(
      decoded.header.notes.map(\.description) == ["the content is PNG, the name ends in .jpg"])
    #expect(try ImageDecoder().inspect(file, fileName: "scalp.png").notes.isEmpty)
  }
}

extension TIFFBuilder: CustomTestStringConvertible {
  var testDescription: String {
    "\(bits) bit, \(samples) samples, \(separatePlanes ? "apart" : "together"), "
      + "\(tileSide == nil ? "strips" : "tiles"), \(bigEndian ? "big" : "little") end first"
  }
}
