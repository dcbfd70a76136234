import Imaging

/// How blue each sample is against its surroundings: `log10(blue / red)` less the local mean.
///
/// Light that comes back from under the skin is red, what a shaft in the skin scatters is blue: the
/// halo where a hair leaves the skin shows in the tint and tells root from tip.
struct SkinTint: Sendable {
  /// The tint at half the working scale; nil for a grey picture.
  let half: Plane<Float>

  init?(_ picture: WorkingPicture, pool: FramePool) {
    guard picture.isColour else { return nil }
    let red = picture.half.red
    let blue = picture.half.blue
    let ratio = Plane<Float>(width: red.width, height: red.height, pool: pool) { target in
      red.withUnsafeSamples { reds in
        blue.withUnsafeSamples { blues in
          var index = 0
          let floor = SIMD8<Float>(repeating: 0.002)
          while index < target.count {
            let count = min(8, target.count - index)
            var first = SIMD8<Float>(repeating: 1)
            var second = SIMD8<Float>(repeating: 1)
            for lane in 0..<count {
              first[lane] = blues[index + lane]
              second[lane] = reds[index + lane]
            }
            let value = naturalLogarithm((first + floor) / (second + floor)) * 0.434_294_48
            for lane in 0..<count { target[index + lane] = value[lane] }
            index += 8
          }
        }
      }
    }
    // The local mean over 0.45 mm, at an eighth of the working scale.
    let wide = ratio.halved().halved().gaussianBlurred(sigma: 10)
    let smooth = ratio.gaussianBlurred(sigma: 0.8, pool: pool)
    half = wide.withSampler { sampler in
      Plane<Float>(width: ratio.width, height: ratio.height, pool: pool) { target in
        smooth.withUnsafeSamples { source in
          for y in 0..<ratio.height {
            for x in 0..<ratio.width {
              let index = y * ratio.width + x
              target[index] =
                source[index] - sampler(Float(x) * 0.25 - 0.375, Float(y) * 0.25 - 0.375)
            }
          }
        }
      }
    }
  }

  /// Calls `body` with the tint at a point of the working scale.
  func withTint<Result>(_ body: ((SIMD2<Float>) -> Float) -> Result) -> Result {
    half.withSampler { sampler in
      body { point in sampler(point.x * 0.5 - 0.25, point.y * 0.5 - 0.25) }
    }
  }
}
