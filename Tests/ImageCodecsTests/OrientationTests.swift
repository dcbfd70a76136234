import ImageCodecs
import Imaging
import Testing

@Suite("Pictures are shown upright")
struct OrientationTests {
  /// For each orientation, what a stored 3 x 2 picture 1 2 3 / 4 5 6 looks like.
  ///
  /// TIFF 6.0, page 36.
  static let expected: [(ImageOrientation, Int, [UInt8])] = [
    (.upright, 3, [1, 2, 3, 4, 5, 6]), (.mirrored, 3, [3, 2, 1, 6, 5, 4]),
    (.turned, 3, [6, 5, 4, 3, 2, 1]), (.flipped, 3, [4, 5, 6, 1, 2, 3]),
    (.transposed, 2, [1, 4, 2, 5, 3, 6]), (.quarterClockwise, 2, [4, 1, 5, 2, 6, 3]),
    (.transversed, 2, [6, 3, 5, 2, 4, 1]), (.quarterCounterClockwise, 2, [3, 6, 2, 5, 1, 4]),
  ]

  @Test("Each orientation of a TIFF moves each pixel to its place", arguments: expected)
  func tiff(orientation: ImageOrientation, width: Int, samples: [UInt8]) throws {
    let file = TIFFBuilder(
      width: 3, height: 2, extra: [(274, 3, [UInt32(orientation.rawValue)])]
    ).file { x, y in [y * 3 + x + 1] }
    let decoded = try ImageDecoder().decode(file)
    #expect(decoded.width == width)
    #expect(decoded.header.orientation == orientation)
    #expect(TestPicture.samples(try decoded.eight) == samples)
  }

  @Test("EXIF turns a JPEG, in either byte order", arguments: expected, [true, false])
  func jpeg(_ row: (ImageOrientation, Int, [UInt8]), bigEndian: Bool) throws {
    let picture = TestPicture.eight(width: 48, height: 32, channels: 3)
    let file = JPEGSurgery.stating(
      orientation: row.0.rawValue, bigEndian: bigEndian, in: try JPEGEncoder().encode(picture))
    let decoded = try ImageDecoder().decode(file)
    let plain = try ImageDecoder().decode(JPEGEncoder().encode(picture)).eight
    #expect(
      TestPicture.samples(try decoded.eight) == TestPicture.samples(row.0.applied(to: plain)))
    #expect(try ImageDecoder().inspect(file) == decoded.header)
  }

  @Test("EXIF turns a PNG of 16 bit")
  func png() throws {
    var builder = PNGBuilder(width: 3, height: 2, depth: 16)
    builder.chunks = [("eXIf", JPEGSurgery.exif(6))]
    let decoded = try ImageDecoder().decode(builder.file { x, y in [UInt8(y * 3 + x + 1), 7] })
    #expect(decoded.width == 2)
    #expect(TestPicture.samples(try decoded.sixteen) == [4, 1, 5, 2, 6, 3].map { $0 << 8 | 7 })
  }

  @Test("An orientation that does not exist is upright", arguments: [0, 9, 65_535])
  func unknown(value: Int) throws {
    let picture = TestPicture.eight(width: 20, height: 10, channels: 1)
    let file = JPEGSurgery.stating(orientation: value, in: try JPEGEncoder().encode(picture))
    #expect(try ImageDecoder().inspect(file).orientation == .upright)
  }

  @Test("A stated resolution turns with the picture")
  func resolution() throws {
    var builder = PNGBuilder(width: 3, height: 2)
    builder.chunks = [
      ("eXIf", JPEGSurgery.exif(6)), ("pHYs", [0, 3, 13, 64, 0, 6, 26, 128, 1]),
    ]
    let header = try ImageDecoder().inspect(builder.file { _, _ in [0] })
    #expect(header.statedResolution?.micrometresPerPixelX == 2.5)
    #expect(header.statedResolution?.micrometresPerPixelY == 5)
  }
}
