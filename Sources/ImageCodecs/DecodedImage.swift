public import Imaging

/// A decoded picture: upright, opaque, grey or red-green-blue in sRGB.
public struct DecodedImage: Sendable {
  /// The samples in the file's depth, gamma-encoded as sRGB, full range.
  public enum Pixels: Sendable {
    /// 8 bits a sample.
    case eight(InterleavedImage<UInt8>)
    /// 16 bits a sample.
    case sixteen(InterleavedImage<UInt16>)
  }

  /// The samples.
  public let pixels: Pixels
  /// What the file says of itself; `notes` holds what decoding found as well.
  public let header: ImageHeader
  /// The profile that the file carries, unchanged; the samples are sRGB already.
  public let colourProfile: [UInt8]?

  /// Pixels a row.
  public var width: Int { header.width }
  /// Rows.
  public var height: Int { header.height }
  /// 1 (grey) or 3 (red, green, blue).
  public var channels: Int { header.channels }

  /// The samples as 8 bit: as they are, or the rounded quotient by 257 of 16-bit samples.
  public func eightBit() -> InterleavedImage<UInt8> {
    switch pixels {
    case .eight(let image): image
    case .sixteen(let image):
      InterleavedImage(
        channels: image.channels,
        samples: image.samples.map { UInt8(truncatingIfNeeded: (UInt32($0) + 128) / 257) })
    }
  }
}
