import Deidentification
import ImageCodecs
import Imaging
import Testing

@Suite struct PixelIdentityTests {
  private func expectSamePixels(_ file: [UInt8]) throws {
    let scrubbed = try PhotographScrubber().scrub(file)
    #expect(scrubbed.bytes != file, "no released picture has its original's digest")
    let before = try ImageDecoder().decode(file)
    let after = try ImageDecoder().decode(scrubbed.bytes)
    #expect(before.width == after.width && before.height == after.height)
    #expect(before.header.orientation == after.header.orientation)
    switch (before.pixels, after.pixels) {
    case (.eight(let left), .eight(let right)):
      #expect(
        left.samples.withUnsafeSamples(Array.init) == right.samples.withUnsafeSamples(Array.init))
    case (.sixteen(let left), .sixteen(let right)):
      #expect(
        left.samples.withUnsafeSamples(Array.init) == right.samples.withUnsafeSamples(Array.init))
    default: Issue.record("the depth changed")
    }
  }

  @Test(
    "Every sample of an encoded photograph is the same after scrubbing",
    arguments: JPEGEncoder.ChromaSubsampling.allCases, [false, true])
  func encodedJPEG(subsampling: JPEGEncoder.ChromaSubsampling, progressive: Bool) throws {
    let scalp = DrawnScalp(seed: 3, width: 333, height: 217)
    let encoder = JPEGEncoder(
      quality: 88, subsampling: subsampling, progressive: progressive,
      colourProfile: craftedProfile())
    let file = try encoder.encode(scalp.image)
    #expect(Canary.isIn(file))
    #expect(!Canary.isIn(try PhotographScrubber().scrub(file).bytes))
    try expectSamePixels(file)
  }

  @Test("Every sample of a PNG of 8 and 16 bits is the same after scrubbing")
  func encodedPNG() throws {
    let scalp = DrawnScalp(seed: 4, width: 101, height: 57)
    try expectSamePixels(try PNGEncoder(colourProfile: craftedProfile()).encode(scalp.image))
    let deep = InterleavedImage<UInt16>(width: 101, height: 57, channels: 3) {
      for index in 0..<$0.count { $0[index] = UInt16(truncatingIfNeeded: index &* 4099) }
    }
    try expectSamePixels(try PNGEncoder().encode(deep))
  }

  @Test("Crafted files decode to the same samples", arguments: Carrier.pngs + Carrier.tiffs)
  func crafted(_ carrier: Carrier) throws {
    // What the decoder refuses has no samples to compare.
    guard (try? ImageDecoder().decode(carrier.file)) != nil else { return }
    try expectSamePixels(carrier.file)
  }

  @Test("A JPEG with every carrier decodes to the same samples", arguments: Carrier.jpegs)
  func craftedJPEG(_ carrier: Carrier) throws {
    guard (try? ImageDecoder().decode(carrier.file)) != nil else { return }
    try expectSamePixels(carrier.file)
  }

  @Test("Enough crafted files can be decoded for the comparison to mean something")
  func comparisonIsNotEmpty() {
    func decodable(_ carriers: [Carrier]) -> Double {
      let number = carriers.count { (try? ImageDecoder().decode($0.file)) != nil }
      return Double(number) / Double(carriers.count)
    }
    #expect(decodable(Carrier.jpegs) > 0.5)
    #expect(decodable(Carrier.pngs + Carrier.tiffs) > 0.5)
  }
}
