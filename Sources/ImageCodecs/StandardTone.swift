public import Imaging

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// sRGB's tone curve undone: decoded samples become light.
///
/// IEC 61966-2-1: below 0.04045 a sample is 12.92 times its light, above it
/// `1.055 light^(1/2.4) - 0.055`. Widths and optical densities are defined on light; on encoded
/// samples a dark hair's width would change with the exposure.
public enum StandardTone {
  /// The light of a decoded picture: one plane of a grey one, three of a colour one.
  ///
  /// - Parameters:
  ///   - picture: a decoded picture, which is sRGB.
  ///   - pool: where the planes' memory comes from.
  /// - Complexity: one table look-up a sample.
  public static func light(of picture: DecodedImage, pool: FramePool? = nil) -> LinearLight {
    switch picture.pixels {
    case .eight(let image): light(of: image, through: eightBit, pool)
    case .sixteen(let image): light(of: image, through: sixteenBit, pool)
    }
  }

  /// The light of one sample, 0…1, of an encoded value 0…1.
  public static func light(ofSample sample: Double) -> Double {
    sample <= 0.04045 ? sample / 12.92 : pow((sample + 0.055) / 1.055, 2.4)
  }

  private static let eightBit = (0...255).map { Float(light(ofSample: Double($0) / 255)) }
  private static let sixteenBit = (0...65_535).map { Float(light(ofSample: Double($0) / 65_535)) }

  private static func light<Sample: FixedWidthInteger>(
    of image: InterleavedImage<Sample>, through table: [Float], _ pool: FramePool?
  ) -> LinearLight {
    table.withUnsafeBufferPointer { table in
      func plane(_ channel: Int) -> Plane<Float> {
        Plane(width: image.width, height: image.height, pool: pool) { target in
          image.samples.withUnsafeSamples { source in
            spread(source, from: channel, step: image.channels, through: table, into: target)
          }
        }
      }
      return image.channels == 1
        ? .grey(plane(0)) : .colour(red: plane(0), green: plane(1), blue: plane(2))
    }
  }

  /// Looks every `step`th sample up; `table` has an entry for each value a sample can have.
  private static func spread<Sample: FixedWidthInteger>(
    _ source: UnsafeBufferPointer<Sample>, from first: Int, step: Int,
    through table: UnsafeBufferPointer<Float>, into target: UnsafeMutableBufferPointer<Float>
  ) {
    guard let base = source.baseAddress, let lookUp = table.baseAddress,
      let out = target.baseAddress
    else { return }
    var sample = base + first
    for index in 0..<target.count {
      out[index] = lookUp[Int(truncatingIfNeeded: sample.pointee)]
      sample += step
    }
  }
}
