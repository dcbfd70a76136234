import Calibration
import ClinicalRecords
import ImageCodecs
import Imaging
import StageKit
import StageTesting
import Testing

@Suite("Pictures become linear light")
struct LightTests {
  private func grey(_ image: CalibratedImage) throws -> Plane<Float> {
    guard case .grey(let plane) = image.light else { throw NotGrey() }
    return plane
  }

  struct NotGrey: Error {}

  @Test(
    "sRGB is undone as IEC 61966-2-1 says",
    arguments: [(0, 0), (10, 0.0030353), (128, 0.2158605), (188, 0.5028865), (255, 1)]
      as [(UInt8, Float)])
  func tone(sample: UInt8, light: Float) async throws {
    let harness = CalibrationHarness()
    let eight = try await harness.process(
      harness.captured(try CalibrationHarness.tone(sample)))
    #expect(abs(try grey(eight)[3, 3] - light) < 1e-6)
    let deep = try PNGEncoder().encode(
      InterleavedImage<UInt16>(
        channels: 1, samples: Plane(width: 8, height: 6, repeating: UInt16(sample) * 257)))
    let sixteen = try await harness.process(harness.captured(deep))
    #expect(abs(try grey(sixteen)[3, 3] - light) < 1e-6)
  }

  @Test("Channels keep their places")
  func channels() async throws {
    let picture = InterleavedImage<UInt8>(
      channels: 3, samples: Plane(width: 6, height: 1, samples: [255, 0, 128, 0, 255, 188]))
    let harness = CalibrationHarness()
    let image = try await harness.process(harness.captured(try PNGEncoder().encode(picture)))
    guard case .colour(let red, let green, let blue) = image.light else { throw NotGrey() }
    #expect((red[0, 0], red[1, 0], green[0, 0], green[1, 0]) == (1, 0, 0, 1))
    #expect(abs(blue[1, 0] - 0.5028865) < 1e-6)
  }

  @Test("The planes' size is known from the header")
  func outputSize() async throws {
    let harness = CalibrationHarness()
    let stage = try await harness.stage()
    for channels in [1, 3] {
      let captured = harness.captured(
        try CalibrationHarness.tone(9, width: 300, height: 200, channels: channels))
      let image = try await harness.process(captured)
      #expect(stage.outputByteCount(for: captured) >= image.byteCount)
      #expect(stage.outputByteCount(for: captured) <= image.byteCount + 4096)
    }
    #expect(stage.outputByteCount(for: harness.captured([])) == 1024)
  }

  @Test(
    "A picture that cannot be decoded is refused with the decoder's reason",
    arguments: [
      ([], "record empty"), (Array("hello".utf8), "record unknown_format"),
      ([0xFF, 0xD8, 0xFF], "record truncated"),
      ([0, 0, 0, 24] + Array("ftypheic".utf8), "record unsupported_format"),
    ] as [([UInt8], String)])
  func refusals(bytes: [UInt8], code: String) async {
    let harness = CalibrationHarness()
    #expect(await harness.refusal(harness.captured(bytes)) == code)
  }

  @Test("A picture above the setting's size is refused")
  func tooLarge() async throws {
    var harness = CalibrationHarness()
    harness.settings.maxMegapixels = 1
    let picture = try CalibrationHarness.tone(9, width: 1001, height: 1000)
    #expect(await harness.refusal(harness.captured(picture)) == "record too_large")
  }

  @Test("A name that disagrees with the content is logged, and the picture measured")
  func wrongName() async throws {
    let harness = CalibrationHarness()
    let original = harness.captured(try CalibrationHarness.tone(9))
    let captured = CapturedImage(
      acquisition: original.acquisition, original: original.original, fileName: "a.jpg",
      statedMicrometresPerPixel: 2.5)
    _ = try await harness.process(captured)
    #expect(harness.host.log.map(\.message) == ["a picture has a note"])
  }
}

@Suite("A profile's flat field is applied")
struct StoredFlatFieldTests {
  /// Light that falls from 1 at the left to 0.5 at the right, as sRGB samples of a 16-bit picture.
  private func slope(_ width: Int, _ height: Int, channels: Int, level: Float) throws -> [UInt8] {
    let image = InterleavedImage<UInt16>(width: width, height: height, channels: channels) {
      target in
      for index in 0..<width * height {
        let light = Double(level) * (1 - 0.5 * (Double(index % width) + 0.5) / Double(width))
        // The inverse of the tone curve, found by halving.
        var (low, high) = (0.0, 1.0)
        for _ in 0..<40 {
          let middle = (low + high) / 2
          if StandardTone.light(ofSample: middle) < light { low = middle } else { high = middle }
        }
        for channel in 0..<channels { target[index * channels + channel] = UInt16(low * 65_535) }
      }
    }
    return try PNGEncoder().encode(image)
  }

  private func harness(_ files: TemporaryFiles, flat: [UInt8], digest: String? = nil) throws
    -> CalibrationHarness
  {
    var harness = CalibrationHarness()
    _ = try files.write(flat, to: "flat.png")
    let sha256 = digest ?? harness.host.sha256(of: flat).hexadecimal
    harness.settings.profile = try files.write(
      Array(
        CalibrationHarness.profile("flat_field: flat.png", "flat_field_sha256: \"\(sha256)\"").utf8),
      to: "scope.yaml")
    return harness
  }

  @Test("Light that falls off becomes even, at any size of the same shape", arguments: [1, 3])
  func even(channels: Int) async throws {
    let files = try TemporaryFiles()
    let harness = try harness(files, flat: slope(160, 80, channels: 1, level: 0.9))
    let captured = harness.captured(try slope(320, 160, channels: channels, level: 0.6))
    let image = try await harness.process(captured)
    let planes =
      switch image.light {
      case .grey(let plane): [plane]
      case .colour(let red, let green, let blue): [red, green, blue]
      }
    #expect(planes.count == channels)
    for plane in planes {
      plane.withUnsafeSamples { samples in
        #expect(samples.reduce(0) { max($0, abs($1 - 0.6)) } < 0.012)
      }
    }
  }

  @Test("A changed flat field, another shape and grey against colour are refused")
  func refusals() async throws {
    let files = try TemporaryFiles()
    let flat = try slope(160, 80, channels: 3, level: 0.9)
    let good = try harness(files, flat: flat)
    #expect(
      await good.refusal(good.captured(try slope(160, 160, channels: 3, level: 0.5)))
        == "record flat_field_mismatch")
    #expect(
      await good.refusal(good.captured(try slope(160, 80, channels: 1, level: 0.5)))
        == "record flat_field_mismatch")
    let changed = try harness(files, flat: flat, digest: String(repeating: "0", count: 64))
    #expect(await changed.refusal(good.captured(flat)) == "fatal flat_field_changed")
  }
}
