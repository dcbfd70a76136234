import CImageCodecs
public import Imaging

/// Writes 8-bit pictures as JPEG (JFIF) with libjpeg-turbo.
///
/// The same samples and settings give the same bytes with one version of the library.
public struct JPEGEncoder: Sendable {
  /// How many luma samples share a chroma sample.
  public enum ChromaSubsampling: String, Sendable, CaseIterable {
    /// Each its own: for pictures that are measured.
    case none = "4:4:4"
    /// Two side by side.
    case horizontal = "4:2:2"
    /// Two by two: what most cameras write.
    case both = "4:2:0"
  }

  /// 1 to 100 on libjpeg's scale.
  public var quality: Int
  /// How chroma is stored; without effect on grey pictures.
  public var subsampling: ChromaSubsampling
  /// Whether the file is written in ten scans of rising detail.
  public var progressive: Bool
  /// An ICC profile to embed, unchanged.
  public var colourProfile: [UInt8]?

  /// Makes an encoder.
  public init(
    quality: Int = 95, subsampling: ChromaSubsampling = .none, progressive: Bool = false,
    colourProfile: [UInt8]? = nil
  ) {
    self.quality = quality
    self.subsampling = subsampling
    self.progressive = progressive
    self.colourProfile = colourProfile
  }

  /// Encodes a picture.
  ///
  /// - Throws: ``ImageCodecError`` `invalidSetting` for a quality outside 1…100, `tooLarge` for a
  ///   side above 65,500, the format's limit in libjpeg, and `outOfMemory`.
  public func encode(_ image: InterleavedImage<UInt8>) throws -> [UInt8] {
    guard (1...100).contains(quality) else {
      throw ImageCodecError(
        .invalidSetting, subject: "JPEG quality \(quality)", hint: "choose 1 to 100")
    }
    guard max(image.width, image.height) <= 65_500 else {
      throw ImageCodecError(
        .tooLarge, subject: "a JPEG cannot be \(image.width) x \(image.height) pixels",
        hint: "write PNG")
    }
    let profile = colourProfile ?? []
    return try profile.withUnsafeBufferPointer { icc in
      var settings = anagen_jpeg_settings()
      settings.width = UInt32(image.width)
      settings.height = UInt32(image.height)
      settings.components = Int32(image.channels)
      settings.quality = Int32(quality)
      settings.horizontal = subsampling == .none ? 1 : 2
      settings.vertical = subsampling == .both ? 2 : 1
      settings.progressive = progressive ? 1 : 0
      settings.icc = icc.baseAddress
      settings.icc_count = icc.count
      return try image.samples.withUnsafeSamples { samples in
        try EncodedOutput.collect(.jpeg) { output, failure in
          anagen_jpeg_write(&settings, samples.baseAddress, output, failure)
        }
      }
    }
  }
}

/// Bytes that a C library allocated.
enum EncodedOutput {
  /// Runs an encoder and copies what it wrote.
  static func collect(
    _ format: ImageFormat,
    _ encode: (
      UnsafeMutablePointer<anagen_codec_output>, UnsafeMutablePointer<anagen_codec_failure>
    )
      -> Int32
  ) throws -> [UInt8] {
    var output = anagen_codec_output()
    var failure = anagen_codec_failure()
    guard encode(&output, &failure) == 1 else { throw ImageCodecError(failure, format: format) }
    defer { anagen_codec_release(&output) }
    return [UInt8](UnsafeBufferPointer(start: output.bytes, count: output.count))
  }
}
