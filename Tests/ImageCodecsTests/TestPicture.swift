import ImageCodecs
import Imaging
import Testing

/// Smooth pictures with a direction, so that a wrong turn or mirror shows.
enum TestPicture {
  static func eight(width: Int, height: Int, channels: Int) -> InterleavedImage<UInt8> {
    InterleavedImage(width: width, height: height, channels: channels) { target in
      for y in 0..<height {
        for x in 0..<width {
          for channel in 0..<channels {
            let value = (x * 180 / width + y * 60 / height + channel * 7) % 256
            target[(y * width + x) * channels + channel] = UInt8(value)
          }
        }
      }
    }
  }

  static func sixteen(width: Int, height: Int, channels: Int) -> InterleavedImage<UInt16> {
    let eight = eight(width: width, height: height, channels: channels)
    return InterleavedImage(
      channels: channels,
      samples: eight.samples.map { UInt16($0) &* 257 &+ UInt16($0 % 13) })
  }

  static func samples<Sample>(_ image: InterleavedImage<Sample>) -> [Sample] {
    image.samples.withUnsafeSamples { Array($0) }
  }
}

extension DecodedImage {
  /// The 8-bit picture; the test fails when it is none.
  var eight: InterleavedImage<UInt8> {
    get throws {
      guard case .eight(let image) = pixels else { throw WrongDepth() }
      return image
    }
  }

  /// The 16-bit picture; the test fails when it is none.
  var sixteen: InterleavedImage<UInt16> {
    get throws {
      guard case .sixteen(let image) = pixels else { throw WrongDepth() }
      return image
    }
  }

  struct WrongDepth: Error {}
}
