import ImageCodecs
import Imaging
import Testing

@Suite("Damaged files give an error or a picture, never a crash")
struct MutationTests {
  /// Whole files of every kind, small so that thousands of variants take seconds.
  static func seeds() throws -> [(String, [UInt8])] {
    let colour = TestPicture.eight(width: 40, height: 24, channels: 3)
    let profile = ColourProfileTests.linear.file()
    var palette = PNGBuilder(width: 33, height: 17, depth: 4, colourType: 3, interlaced: true)
    palette.chunks = [
      ("gAMA", [0, 1, 0x86, 0xA0]), ("PLTE", (0..<48).map { UInt8($0) }),
      ("tRNS", [255, 255]), ("eXIf", JPEGSurgery.exif(5)),
    ]
    let tiff = TIFFBuilder(width: 37, height: 23, samples: 3, photometric: 2)
    var tiles = tiff
    tiles.tileSide = 16
    tiles.separatePlanes = true
    var indexed = TIFFBuilder(width: 37, height: 23, photometric: 3, zlib: true, pages: 2)
    indexed.extra = [(320, 3, (0..<768).map { $0 * 80 }), (34675, 7, profile.map { UInt32($0) })]
    let three: (Int, Int) -> [Int] = { x, y in [x, y, x + y] }
    return [
      ("baseline", try JPEGEncoder(subsampling: .both).encode(colour)),
      ("progressive", try JPEGEncoder(progressive: true).encode(colour)),
      (
        "JPEG with profile and EXIF",
        JPEGSurgery.stating(
          orientation: 6, in: try JPEGEncoder(colourProfile: profile).encode(colour))
      ),
      ("PNG", try PNGEncoder().encode(colour)),
      ("PNG with profile", try PNGEncoder(colourProfile: profile).encode(colour)),
      (
        "16-bit PNG",
        try PNGEncoder().encode(TestPicture.sixteen(width: 40, height: 24, channels: 3))
      ),
      ("palette PNG", palette.file { x, y in [UInt8((x + y) % 16)] }),
      ("TIFF in strips", tiff.file(pixel: three)), ("TIFF in tiles", tiles.file(pixel: three)),
      ("palette TIFF", indexed.file { x, y in [x + y] }),
    ]
  }

  @Test("Random corruption", arguments: try MutationTests.seeds())
  func corruption(name: String, file: [UInt8]) throws {
    let decoder = ImageDecoder(limits: DecodingLimits(pixels: 1 << 20))
    #expect(try decoder.decode(file).width > 0)
    var random = Mutator(seed: UInt64(file.count))
    for _ in 0..<600 {
      let broken = random.mutated(file)
      do {
        let decoded = try decoder.decode(broken)
        #expect(decoded.width * decoded.height <= 1 << 20)
      } catch is ImageCodecError {
        // The other accepted end.
      }
    }
  }
}

/// Changes files at random, the same on every run.
private struct Mutator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  private mutating func below(_ bound: Int) -> Int {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int(state >> 33) % max(bound, 1)
  }

  mutating func mutated(_ file: [UInt8]) -> [UInt8] {
    var broken = file
    for _ in 0...below(4) where !broken.isEmpty {
      let at = below(broken.count)
      switch below(7) {
      case 0, 1: broken[at] ^= 1 << UInt8(below(8))
      case 2: broken[at] = [0, 0xFF, 0x7F, 0x80][below(4)]
      case 3: broken[at] = UInt8(below(256))
      case 4: broken.removeSubrange(at..<min(broken.count, at + 1 + below(64)))
      case 5: broken.insert(contentsOf: broken[at..<min(broken.count, at + 32)], at: at)
      default: broken.removeLast(min(broken.count, below(broken.count / 2 + 1)))
      }
    }
    return broken
  }
}
