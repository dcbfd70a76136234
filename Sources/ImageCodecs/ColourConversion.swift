import CLibLCMS2
import Imaging

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

extension StoredColour {
  /// The picture in sRGB, and a note when that changed its samples.
  ///
  /// Samples without a profile are sRGB already (grey with sRGB's tone curve), and so are those of
  /// a profile that moves no colour by more than one step of 255.
  func standardised<Sample: FixedWidthInteger & BitwiseCopyable & Sendable>(
    _ image: InterleavedImage<Sample>
  ) throws -> (InterleavedImage<Sample>, ImageNote?) {
    if let profile {
      let conversion = try ProfileConversion(profile, channels: image.channels)
      guard let converted = try conversion.converted(image) else { return (image, nil) }
      return (
        converted,
        ImageNote(.colourConverted, "colours were converted from the embedded profile to sRGB")
      )
    }
    // 5 % is where libpng, too, stops to call an exponent the same (PNG_GAMMA_THRESHOLD).
    guard let encodingExponent, abs(encodingExponent * 2.2 - 1) > 0.05 else { return (image, nil) }
    let table = StoredColour.toneTable(Sample.self) { sample in
      let light = pow(sample, 1 / encodingExponent)
      return light <= 0.0031308 ? 12.92 * light : 1.055 * pow(light, 1 / 2.4) - 0.055
    }
    let note = ImageNote(.colourConverted, "tones were converted from the stated gamma to sRGB")
    return (image.mapped(through: table), note)
  }

  private static func toneTable<Sample: FixedWidthInteger>(
    _: Sample.Type, _ curve: (Double) -> Double
  ) -> [Sample] {
    let top = Double(Sample.max)
    return (0...Int(Sample.max)).map { step in
      Sample((min(max(curve(Double(step) / top), 0), 1) * top).rounded())
    }
  }
}

extension InterleavedImage {
  /// Every sample replaced by the table's entry for it.
  fileprivate func mapped(through table: [Sample]) -> InterleavedImage {
    table.withUnsafeBufferPointer { table in
      InterleavedImage(
        channels: channels, samples: samples.map { table[Int(truncatingIfNeeded: $0)] })
    }
  }
}

/// The way from one ICC profile to sRGB, relative colorimetric, through Little CMS.
private struct ProfileConversion: ~Copyable {
  private let profile: cmsHPROFILE
  private let standard: cmsHPROFILE
  private let channels: Int
  /// Whether the profile is for grey; a colour profile on a grey picture is asked with r = g = b.
  private let greyProfile: Bool

  init(_ bytes: [UInt8], channels: Int) throws {
    guard let profile = cmsOpenProfileFromMem(bytes, cmsUInt32Number(bytes.count)) else {
      throw ProfileConversion.refusal("the embedded colour profile cannot be read")
    }
    guard let standard = cmsCreate_sRGBProfile() else {
      cmsCloseProfile(profile)
      throw ImageCodecError(
        .outOfMemory, subject: "no memory for a colour profile", hint: "lower the concurrency")
    }
    let space = cmsGetColorSpace(profile)
    guard space == cmsSigRgbData || (space == cmsSigGrayData && channels == 1) else {
      cmsCloseProfile(profile)
      cmsCloseProfile(standard)
      throw ProfileConversion.refusal("the embedded colour profile is for another kind of picture")
    }
    self.profile = profile
    self.standard = standard
    self.channels = channels
    greyProfile = space == cmsSigGrayData
  }

  deinit {
    cmsCloseProfile(profile)
    cmsCloseProfile(standard)
  }

  private static func refusal(_ what: String) -> ImageCodecError {
    ImageCodecError(.colourProfile, subject: what, hint: "export the picture as sRGB")
  }

  /// The picture in sRGB; `nil` when the profile is as good as sRGB.
  func converted<Sample: FixedWidthInteger & BitwiseCopyable & Sendable>(
    _ image: InterleavedImage<Sample>
  ) throws -> InterleavedImage<Sample>? {
    guard try movesColours() else { return nil }
    if channels == 1 {
      return image.mapped(through: try greyTable(Sample.self))
    }
    let transform = try self.transform(Sample.self, inputChannels: 3)
    defer { cmsDeleteTransform(transform) }
    return InterleavedImage(width: image.width, height: image.height, channels: 3) { target in
      image.samples.withUnsafeSamples { source in
        cmsDoTransform(
          transform, source.baseAddress, target.baseAddress,
          cmsUInt32Number(image.width * image.height))
      }
    }
  }

  /// Whether any colour of a lattice (every tone, for grey) moves by more than one step of 255.
  private func movesColours() throws -> Bool {
    if channels == 1 {
      return try greyTable(UInt8.self).enumerated().contains { abs(Int($1) - $0) > 1 }
    }
    let steps = stride(from: 0, through: 255, by: 51).map { UInt8($0) }
    let lattice = steps.flatMap { red in
      steps.flatMap { green in steps.flatMap { blue in [red, green, blue] } }
    }
    let transform = try self.transform(UInt8.self, inputChannels: 3)
    defer { cmsDeleteTransform(transform) }
    var moved = lattice
    cmsDoTransform(transform, lattice, &moved, cmsUInt32Number(lattice.count / 3))
    return zip(lattice, moved).contains { abs(Int($0) - Int($1)) > 1 }
  }

  /// Where each grey tone goes.
  private func greyTable<Sample: FixedWidthInteger>(_: Sample.Type) throws -> [Sample] {
    let inputs = greyProfile ? 1 : 3
    let transform = try self.transform(Sample.self, inputChannels: inputs)
    defer { cmsDeleteTransform(transform) }
    let ramp = (0...Int(Sample.max)).flatMap { [Sample](repeating: Sample($0), count: inputs) }
    let count = Int(Sample.max) + 1
    var colours = [Sample](repeating: 0, count: count * 3)
    cmsDoTransform(transform, ramp, &colours, cmsUInt32Number(count))
    return (0..<count).map { colours[$0 * 3 + 1] }
  }

  private func transform<Sample: FixedWidthInteger>(
    _: Sample.Type, inputChannels: Int
  ) throws -> cmsHTRANSFORM {
    let bytes = cmsUInt32Number(MemoryLayout<Sample>.size)
    // Little CMS's pixel formats: colour space << 16 | channels << 3 | bytes a sample.
    let colour = cmsUInt32Number(PT_RGB) << 16 | 3 << 3 | bytes
    let grey = cmsUInt32Number(PT_GRAY) << 16 | 1 << 3 | bytes
    guard
      let transform = cmsCreateTransform(
        profile, inputChannels == 1 ? grey : colour, standard, colour,
        cmsUInt32Number(INTENT_RELATIVE_COLORIMETRIC), cmsUInt32Number(cmsFLAGS_NOCACHE))
    else { throw ProfileConversion.refusal("the embedded colour profile cannot be applied") }
    return transform
  }
}
