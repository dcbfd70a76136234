import ImageCodecs
import Imaging
import Testing

@Suite("luma of a JPEG, for scores") struct LumaTests {
  private func jpeg(channels: Int) throws -> [UInt8] {
    try JPEGEncoder(quality: 95).encode(
      InterleavedImage(width: 65, height: 50, channels: channels) { target in
        for index in target.indices {
          let pixel = index / channels
          target[index] = UInt8((pixel % 65) * 2 + (pixel / 65) * 2)
        }
      })
  }

  @Test(arguments: [(1, 65, 50), (2, 33, 25), (4, 17, 13), (8, 9, 7)])
  func `has the picture's sides, divided and rounded up`(
    denominator: Int, width: Int, height: Int
  ) throws {
    let luma = try jpeg(channels: 3).withUnsafeBytes {
      try ImageDecoder().decodeLuma(ofJPEG: $0, denominator: denominator)
    }
    #expect((luma.width, luma.height) == (width, height))
  }

  @Test func `is what a grey picture decodes to`() throws {
    let bytes = try jpeg(channels: 1)
    let luma = try bytes.withUnsafeBytes {
      try ImageDecoder().decodeLuma(ofJPEG: $0, denominator: 1)
    }
    let grey = try ImageDecoder().decode(bytes).eightBit().samples
    #expect(luma[12, 34] == grey[12, 34])
    #expect(luma[64, 49] == grey[64, 49])
  }

  @Test func `is none of a file that is cut`() throws {
    let bytes = Array(try jpeg(channels: 3).dropLast(40))
    #expect(throws: ImageCodecError.self) {
      try bytes.withUnsafeBytes { try ImageDecoder().decodeLuma(ofJPEG: $0, denominator: 2) }
    }
  }
}
