import Imaging

/// The optics' blur: a Gaussian, growing to the corners where the skin bulges off the plane.
struct PointSpread {
  private let sigma: Double
  private let cornerSigma: Double

  init(_ conditions: CaptureConditions) {
    sigma = conditions.pointSpread / conditions.micrometresPerPixel
    cornerSigma =
      (conditions.pointSpread + conditions.edgeDefocus) / conditions.micrometresPerPixel
  }

  /// Blurs a canvas; below a tenth of a pixel there is nothing to blur.
  func apply(to canvas: inout LinearCanvas) {
    if sigma >= 0.1 { canvas.blur(sigma: Float(sigma)) }
    guard cornerSigma > sigma else { return }
    // Variances of Gaussians add, so the corner's blur is the centre's plus the rest.
    let rest = (cornerSigma * cornerSigma - sigma * sigma).squareRoot()
    guard rest >= 0.1 else { return }
    var soft = canvas
    soft.blur(sigma: Float(rest))
    canvas.red.blend(towards: soft.red)
    canvas.green.blend(towards: soft.green)
    canvas.blue.blend(towards: soft.blue)
  }
}

extension Plane<Float> {
  /// Mixes in another plane: nothing of it at the centre, all of it at the corners.
  fileprivate mutating func blend(towards other: Plane<Float>) {
    let width = width
    let height = height
    withUnsafeMutableSamples { samples in
      other.withUnsafeSamples { other in
        for y in 0..<height {
          let down = Float(2 * y + 1) / Float(height) - 1
          for x in 0..<width {
            let right = Float(2 * x + 1) / Float(width) - 1
            let index = y * width + x
            samples[index] += (other[index] - samples[index]) * 0.5 * (right * right + down * down)
          }
        }
      }
    }
  }
}
