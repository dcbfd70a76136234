import Imaging

/// Takes the alpha channel off samples that have it last.
///
/// - Throws: ``ImageCodecError`` `transparent` when a pixel is not opaque: what would lie behind it
///   is unknown, and any colour put there would be measured.
func droppingOpaqueAlpha<Sample: FixedWidthInteger & BitwiseCopyable & Sendable>(
  _ samples: Plane<Sample>, channels: Int
) throws -> InterleavedImage<Sample> {
  let width = samples.width / (channels + 1)
  return try InterleavedImage(width: width, height: samples.height, channels: channels) { target in
    let opaque = samples.withUnsafeSamples { source in
      var least = Sample.max
      for pixel in 0..<width * samples.height {
        let from = pixel * (channels + 1)
        for channel in 0..<channels { target[pixel * channels + channel] = source[from + channel] }
        least = min(least, source[from + channels])
      }
      return least == Sample.max
    }
    guard opaque else {
      throw ImageCodecError(
        .transparent, subject: "the picture has transparent pixels",
        hint: "export it without transparency from the original")
    }
  }
}

let opaqueAlphaNote = ImageNote(.opaqueAlpha, "a fully opaque alpha channel was left out")
