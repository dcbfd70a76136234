import ImageCodecs
import Imaging
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

@Suite("Embedded colour profiles are respected")
struct ColourProfileTests {
  @Sendable private static func standardCurve(_ sample: Double) -> Double {
    sample <= 0.04045 ? sample / 12.92 : pow((sample + 0.055) / 1.055, 2.4)
  }

  static let standard = ProfileBuilder(curve: standardCurve)
  static let linear = ProfileBuilder { $0 }

  @Test("A profile like sRGB leaves every sample as it is")
  func standardProfile() throws {
    let profile = ColourProfileTests.standard.file()
    let picture = TestPicture.eight(width: 20, height: 10, channels: 3)
    let decoded = try ImageDecoder().decode(PNGEncoder(colourProfile: profile).encode(picture))
    #expect(TestPicture.samples(try decoded.eight) == TestPicture.samples(picture))
    #expect(decoded.colourProfile == profile)
    #expect(decoded.header.hasColourProfile)
    #expect(decoded.header.notes.isEmpty)
  }

  @Test("Linear samples become sRGB, in colour and grey, at 8 and 16 bit")
  func linearProfile() throws {
    let colour = ColourProfileTests.linear.file()
    let grey = ColourProfileTests.linear.greyFile()
    // 0.5 in linear light is 0.7354 in sRGB (IEC 61966-2-1).
    for (channels, profile) in [(3, colour), (1, grey)] {
      let eight = InterleavedImage<UInt8>(
        channels: channels, samples: Plane(width: channels, height: 1, repeating: 128))
      let sixteen = InterleavedImage<UInt16>(
        channels: channels, samples: Plane(width: channels, height: 1, repeating: 32_768))
      let encoder = PNGEncoder(colourProfile: profile)
      let shallow = try ImageDecoder().decode(encoder.encode(eight))
      let deep = try ImageDecoder().decode(encoder.encode(sixteen))
      #expect(shallow.header.notes.map(\.code) == [.colourConverted])
      for sample in TestPicture.samples(try shallow.eight) { #expect(abs(Int(sample) - 188) <= 1) }
      for sample in TestPicture.samples(try deep.sixteen) {
        #expect(abs(Int(sample) - 48_192) <= 60)
      }
    }
  }

  @Test("A JPEG's profile moves its colours")
  func exchangedPrimaries() throws {
    var exchanged = ColourProfileTests.standard
    exchanged.primaries.swapAt(0, 1)
    let red = InterleavedImage<UInt8>(width: 16, height: 16, channels: 3) { target in
      for pixel in 0..<256 {
        target[pixel * 3] = 200
        target[pixel * 3 + 1] = 40
        target[pixel * 3 + 2] = 40
      }
    }
    let file = try JPEGEncoder(quality: 100, colourProfile: exchanged.file()).encode(red)
    let samples = TestPicture.samples(try ImageDecoder().decode(file).eight)
    #expect(abs(Int(samples[0]) - 40) <= 4)
    #expect(abs(Int(samples[1]) - 200) <= 4)
  }

  @Test("A stated gamma of 1 is linear light; 1/2.2 and an sRGB chunk change nothing")
  func statedGamma() throws {
    func value(_ chunks: [(String, [UInt8])]) throws -> UInt8 {
      let builder = PNGBuilder(width: 1, height: 1, chunks: chunks)
      return try ImageDecoder().decode(builder.file { _, _ in [128] }).eight.samples[0, 0]
    }
    #expect(try value([("gAMA", [0, 1, 0x86, 0xA0])]) == 188)
    #expect(try value([("gAMA", [0, 0, 0xB1, 0x8F])]) == 128)
    #expect(try value([("sRGB", [0])]) == 128)
  }

  @Test("A profile that cannot be used is refused: what its colours mean is not known")
  func badProfiles() throws {
    let colour = TestPicture.eight(width: 16, height: 16, channels: 3)
    for profile in [Array(repeating: 7, count: 200), ColourProfileTests.linear.greyFile()] {
      let file = try JPEGEncoder(colourProfile: profile).encode(colour)
      do {
        _ = try ImageDecoder().decode(file)
        Issue.record("it was decoded")
      } catch let error as ImageCodecError {
        #expect(error.code == .colourProfile)
      }
    }
  }

  @Test("A profile above the limit is refused from the header")
  func largeProfile() throws {
    let picture = TestPicture.eight(width: 16, height: 16, channels: 3)
    let file = try JPEGEncoder(colourProfile: ColourProfileTests.linear.file()).encode(picture)
    #expect(throws: ImageCodecError.self) {
      try ImageDecoder(limits: DecodingLimits(profileBytes: 100)).inspect(file)
    }
  }
}

/// ICC version 2 matrix and grey profiles (ICC.1:2001-04).
struct ProfileBuilder: Sendable {
  /// Red, green and blue in XYZ under D50; sRGB's after Bradford adaptation.
  var primaries: [[Double]] = [
    [0.4360747, 0.2225045, 0.0139322], [0.3850649, 0.7168786, 0.0971045],
    [0.1430804, 0.0606169, 0.7141733],
  ]
  var curve: @Sendable (Double) -> Double

  init(curve: @escaping @Sendable (Double) -> Double) { self.curve = curve }

  func file() -> [UInt8] {
    let tones = toneCurve
    return build(
      "RGB ",
      [
        ("rXYZ", xyz(primaries[0])), ("gXYZ", xyz(primaries[1])), ("bXYZ", xyz(primaries[2])),
        ("rTRC", tones), ("gTRC", tones), ("bTRC", tones),
      ])
  }

  func greyFile() -> [UInt8] { build("GRAY", [("kTRC", toneCurve)]) }

  private var toneCurve: [UInt8] {
    var writer = ByteWriter(bytes: Array("curv\0\0\0\0".utf8))
    writer.write(UInt32(1024))
    for step in 0..<1024 {
      writer.write(UInt16((curve(Double(step) / 1023) * 65_535).rounded()))
    }
    return writer.bytes
  }

  private func xyz(_ values: [Double]) -> [UInt8] {
    var writer = ByteWriter(bytes: Array("XYZ \0\0\0\0".utf8))
    for value in values { writer.write(Int32((value * 65_536).rounded())) }
    return writer.bytes
  }

  private func build(_ space: String, _ tags: [(String, [UInt8])]) -> [UInt8] {
    let text = Array("text\0\0\0\0none\0\0\0\0".utf8)
    var name = ByteWriter(bytes: Array("desc\0\0\0\0".utf8))
    name.write(UInt32(5))
    name.bytes += Array("test\0".utf8) + Array(repeating: 0, count: 79)
    let all =
      [("desc", name.bytes), ("cprt", text), ("wtpt", xyz([0.9642, 1, 0.8249]))] + tags
    var header = ByteWriter()
    header.write(UInt32(0))
    header.bytes += Array("none".utf8) + [2, 0x40, 0, 0] + Array("mntr\(space)XYZ ".utf8)
    header.bytes += [0x07, 0xE8, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0] + Array("acsp".utf8)
    header.bytes += Array(repeating: 0, count: 28)
    for value in [0.9642, 1, 0.8249] { header.write(Int32((value * 65_536).rounded())) }
    header.bytes += Array(repeating: 0, count: 128 - header.bytes.count)
    header.write(UInt32(all.count))
    var body: [UInt8] = []
    for (tag, data) in all {
      header.bytes += Array(tag.utf8)
      header.write(UInt32(132 + 12 * all.count + body.count))
      header.write(UInt32(data.count))
      body += data + Array(repeating: 0, count: (4 - data.count % 4) % 4)
    }
    header.bytes += body
    header.patch(UInt32(header.bytes.count), at: 0)
    return header.bytes
  }
}
