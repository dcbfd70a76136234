import CImageCodecs
public import Imaging

/// Writes 8- and 16-bit pictures as PNG, without loss, with libpng.
public struct PNGEncoder: Sendable {
  /// zlib's level, 0 (fastest) to 9 (smallest).
  public var compression: Int
  /// An ICC profile to embed, unchanged; libpng refuses one that contradicts itself.
  public var colourProfile: [UInt8]?

  /// Makes an encoder; level 6 is zlib's own default.
  public init(compression: Int = 6, colourProfile: [UInt8]? = nil) {
    self.compression = compression
    self.colourProfile = colourProfile
  }

  /// Encodes a picture in its own depth.
  ///
  /// - Throws: ``ImageCodecError`` `invalidSetting` for a level outside 0…9, and `outOfMemory`.
  public func encode(_ image: InterleavedImage<UInt8>) throws -> [UInt8] { try encode(image, 8) }

  /// Encodes a picture in its own depth.
  ///
  /// - Throws: ``ImageCodecError`` `invalidSetting` for a level outside 0…9, and `outOfMemory`.
  public func encode(_ image: InterleavedImage<UInt16>) throws -> [UInt8] { try encode(image, 16) }

  private func encode<Sample>(_ image: InterleavedImage<Sample>, _ bits: Int32) throws -> [UInt8] {
    guard (0...9).contains(compression) else {
      throw ImageCodecError(
        .invalidSetting, subject: "PNG compression level \(compression)", hint: "choose 0 to 9")
    }
    let profile = colourProfile ?? []
    return try profile.withUnsafeBufferPointer { icc in
      var settings = anagen_png_settings()
      settings.width = UInt32(image.width)
      settings.height = UInt32(image.height)
      settings.channels = Int32(image.channels)
      settings.bits = bits
      settings.compression = Int32(compression)
      settings.icc = icc.baseAddress
      settings.icc_count = icc.count
      return try image.samples.withUnsafeSamples { samples in
        let bytes = UnsafeRawPointer(samples.baseAddress)?.assumingMemoryBound(to: UInt8.self)
        return try EncodedOutput.collect(.png) { output, failure in
          anagen_png_write(&settings, bytes, output, failure)
        }
      }
    }
  }
}
