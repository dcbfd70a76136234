import ClinicalRecords
import Imaging

/// How points of the working scale and of the picture lie on each other.
struct WorkingGeometry: Sendable {
  /// Samples of the working scale per pixel of the picture.
  let factor: SIMD2<Float>

  /// The point of the picture that a point of the working scale lies at: areas, not centres, agree.
  func picturePoint(_ point: SIMD2<Float>) -> SIMD2<Float> { (point + 0.5) / factor - 0.5 }
}

/// A picture at the one scale that detection works at, so that its thresholds mean lengths of skin.
struct WorkingPicture: Sendable {
  /// 5.6 µm: two samples across the thinnest vellus shaft (15 µm), and a quarter of the cost of 2.8.
  static let micrometresPerPixel: Float = 5.6

  let geometry: WorkingGeometry
  let red: Plane<Float>
  let green: Plane<Float>
  let blue: Plane<Float>
  let isColour: Bool
  /// The three planes at half this scale.
  let half: (red: Plane<Float>, green: Plane<Float>, blue: Plane<Float>)
  /// 255 where nothing is measured.
  let mask: Plane<UInt8>

  var width: Int { green.width }
  var height: Int { green.height }

  /// Resamples a picture and its mask.
  init(
    _ light: LinearLight, mask: Plane<UInt8>, micrometresPerPixel: Float, pool: FramePool
  ) {
    let ratio = micrometresPerPixel / WorkingPicture.micrometresPerPixel
    let width = max(1, Int((Float(light.width) * ratio).rounded()))
    let height = max(1, Int((Float(light.height) * ratio).rounded()))
    let factor = SIMD2(Float(width) / Float(light.width), Float(height) / Float(light.height))
    geometry = WorkingGeometry(factor: factor)
    switch light {
    case .grey(let plane):
      let grey = plane.resampled(toWidth: width, height: height, pool: pool)
      (red, green, blue, isColour) = (grey, grey, grey, false)
      let small = grey.halved(pool: pool)
      half = (small, small, small)
    case .colour(let first, let second, let third):
      red = first.resampled(toWidth: width, height: height, pool: pool)
      green = second.resampled(toWidth: width, height: height, pool: pool)
      blue = third.resampled(toWidth: width, height: height, pool: pool)
      isColour = true
      half = (red.halved(pool: pool), green.halved(pool: pool), blue.halved(pool: pool))
    }
    let step = SIMD2<Float>(1, 1) / factor
    self.mask = Plane<UInt8>(width: width, height: height, pool: pool) { target in
      mask.withUnsafeSamples { source in
        for y in 0..<height {
          let row = min(mask.height - 1, Int((Float(y) + 0.5) * step.y)) * mask.width
          for x in 0..<width {
            target[y * width + x] =
              source[row + min(mask.width - 1, Int((Float(x) + 0.5) * step.x))]
          }
        }
      }
    }
  }

  /// The light of one channel.
  func intensity(_ channel: MeasurementChannel, pool: FramePool) -> Plane<Float> {
    isColour ? channel.mixture(of: red, green, blue, pool: pool) : green
  }

  /// The light of one channel at half this scale.
  func halfIntensity(_ channel: MeasurementChannel, pool: FramePool) -> Plane<Float> {
    isColour ? channel.mixture(of: half.red, half.green, half.blue, pool: pool) : half.green
  }
}
