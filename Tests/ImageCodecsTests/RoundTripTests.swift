import ImageCodecs
import Imaging
import Testing

@Suite("What is encoded comes back")
struct RoundTripTests {
  @Test("PNG keeps every sample", arguments: [1, 3])
  func pngIsLossless(channels: Int) throws {
    let eight = TestPicture.eight(width: 37, height: 23, channels: channels)
    let decoded = try ImageDecoder().decode(PNGEncoder().encode(eight))
    #expect(decoded.header.format == .png)
    #expect(decoded.header.bitsPerSample == 8)
    #expect(TestPicture.samples(try decoded.eight) == TestPicture.samples(eight))

    let sixteen = TestPicture.sixteen(width: 37, height: 23, channels: channels)
    let deep = try ImageDecoder().decode(PNGEncoder(compression: 1).encode(sixteen))
    #expect(deep.header.bitsPerSample == 16)
    #expect(TestPicture.samples(try deep.sixteen) == TestPicture.samples(sixteen))
  }

  @Test("JPEG at quality 95 stays within a few steps", arguments: [1, 3], [false, true])
  func jpegIsClose(channels: Int, progressive: Bool) throws {
    let picture = TestPicture.eight(width: 61, height: 45, channels: channels)
    for subsampling in JPEGEncoder.ChromaSubsampling.allCases {
      let encoder = JPEGEncoder(subsampling: subsampling, progressive: progressive)
      let decoded = try ImageDecoder().decode(encoder.encode(picture))
      #expect(decoded.channels == channels)
      let errors = zip(TestPicture.samples(try decoded.eight), TestPicture.samples(picture))
        .map { abs(Int($0) - Int($1)) }
      let mean = Double(errors.reduce(0, +)) / Double(errors.count)
      #expect(mean < 2, "\(subsampling.rawValue)")
    }
  }

  @Test("A picture of one pixel works")
  func onePixel() throws {
    let pixel = InterleavedImage<UInt8>(
      channels: 3, samples: Plane(width: 3, height: 1, samples: [200, 100, 50]))
    let png = try ImageDecoder().decode(PNGEncoder().encode(pixel))
    #expect(TestPicture.samples(try png.eight) == [200, 100, 50])
    let jpeg = try ImageDecoder().decode(JPEGEncoder(quality: 100).encode(pixel))
    #expect((jpeg.width, jpeg.height) == (1, 1))
  }

  @Test("Inspecting gives what decoding gives")
  func inspectAgrees() throws {
    let picture = TestPicture.eight(width: 40, height: 30, channels: 3)
    for bytes in [try PNGEncoder().encode(picture), try JPEGEncoder().encode(picture)] {
      #expect(try ImageDecoder().inspect(bytes) == ImageDecoder().decode(bytes).header)
    }
  }

  @Test("Sixteen bits become eight by rounding, ends kept")
  func sixteenToEight() throws {
    let ramp = InterleavedImage<UInt16>(
      channels: 1,
      samples: Plane(width: 6, height: 1, samples: [0, 128, 129, 257, 65_406, 65_535]))
    let decoded = try ImageDecoder().decode(PNGEncoder().encode(ramp))
    #expect(TestPicture.samples(decoded.eightBit()) == [0, 0, 1, 1, 254, 255])
  }

  @Test("Settings out of range are refused", arguments: [-1, 0, 101])
  func badSettings(quality: Int) {
    let picture = TestPicture.eight(width: 2, height: 2, channels: 1)
    #expect(throws: ImageCodecError.self) { try JPEGEncoder(quality: quality).encode(picture) }
    #expect(throws: ImageCodecError.self) {
      try PNGEncoder(compression: quality == 0 ? 10 : quality).encode(picture)
    }
  }
}
