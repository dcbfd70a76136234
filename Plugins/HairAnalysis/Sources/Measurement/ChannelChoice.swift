import Imaging

/// Picks the channel in which lines stand out most from the texture of the skin.
///
/// For each channel the ridge strength at 14 µm is taken at half the working scale, and the
/// ratio of its 99.5th percentile (hair) to its median (skin) decides. Ties and near ties go to luma,
/// which has less noise. Black and dark brown hair gives blue .72 to .94 of luma's ratio (40
/// photographs, rendered scalps), blond hair 1.08 and more.
enum ChannelChoice {
  /// How many times luma's ratio another channel must have.
  static let advantage: Float = 1.05

  static func best(for picture: WorkingPicture, pool: FramePool) -> MeasurementChannel {
    guard picture.isColour, picture.width > 16, picture.height > 16 else { return .luma }
    var best = MeasurementChannel.luma
    var bestRatio = ratio(of: .luma, in: picture, pool: pool) * advantage
    for channel in MeasurementChannel.allCases where channel != .luma {
      let ratio = ratio(of: channel, in: picture, pool: pool)
      if ratio > bestRatio {
        best = channel
        bestRatio = ratio
      }
    }
    return best
  }

  static func ratio(
    of channel: MeasurementChannel, in picture: WorkingPicture, pool: FramePool
  ) -> Float {
    let half = picture.halfIntensity(channel, pool: pool)
    let mask = Plane<UInt8>(width: half.width, height: half.height, pool: pool) { target in
      picture.mask.withUnsafeSamples { source in
        for y in 0..<half.height {
          for x in 0..<half.width {
            target[y * half.width + x] = source[2 * y * picture.width + 2 * x]
          }
        }
      }
    }
    let scale = 2 * WorkingPicture.micrometresPerPixel
    let density = OpticalDensity(
      intensity: half, mask: mask, micrometresPerPixel: scale, pool: pool)
    var field = HessianRidge(width: half.width, height: half.height, pool: pool)
    let smoothed = density.density.gaussianBlurred(sigma: 14 / scale, pool: pool)
    field.include(smoothed: smoothed, weight: 1)
    // Every seventh sample is plenty for two percentiles.
    let strengths = field.strength.withUnsafeSamples { samples in
      stride(from: 0, to: samples.count, by: 7).map { samples[$0] }.filter { $0 > 0 }
    }
    guard strengths.count > 100 else { return 0 }
    return quantile(strengths, 0.995) / max(quantile(strengths, 0.5), 1e-6)
  }
}
