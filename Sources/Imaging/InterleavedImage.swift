/// An image of one (grey) or three (red, green, blue) interleaved channels.
///
/// What decoders give and encoders take. The samples are as stored: gamma-encoded unless the maker
/// says otherwise, full range (0…255 or 0…65535). The orientation is as displayed.
public struct InterleavedImage<Sample: FixedWidthInteger & BitwiseCopyable & Sendable>: Sendable {
  /// Pixels a row.
  public let width: Int
  /// Rows.
  public let height: Int
  /// 1 (grey) or 3 (red, green, blue).
  public let channels: Int
  /// The samples, `channels` of each pixel side by side: a plane `width * channels` wide.
  public var samples: Plane<Sample>

  /// Wraps a plane of interleaved samples.
  ///
  /// - Precondition: `channels` is 1 or 3 and `samples.width` is a multiple of it.
  public init(channels: Int, samples: Plane<Sample>) {
    precondition(channels == 1 || channels == 3, "grey or red, green, blue")
    precondition(samples.width % channels == 0, "whole pixels in each row")
    self.channels = channels
    self.samples = samples
    width = samples.width / channels
    height = samples.height
  }

  /// Makes an image of undefined content and lets `fill` write every sample.
  public init(
    width: Int, height: Int, channels: Int,
    fill: (UnsafeMutableBufferPointer<Sample>) throws -> Void
  ) rethrows {
    self.init(
      channels: channels,
      samples: try Plane(width: width * channels, height: height, fill: fill))
  }
}
