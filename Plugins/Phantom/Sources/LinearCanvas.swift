import Imaging

/// A picture in the making: three planes of linear light, 1 = the white that the sensor just holds.
struct LinearCanvas {
  let width: Int
  let height: Int
  var red: Plane<Float>
  var green: Plane<Float>
  var blue: Plane<Float>

  init(width: Int, height: Int) {
    self.width = width
    self.height = height
    red = Plane(width: width, height: height, repeating: 0)
    green = Plane(width: width, height: height, repeating: 0)
    blue = Plane(width: width, height: height, repeating: 0)
  }

  /// Calls `body` with the samples of the three planes, row by row.
  mutating func paint(_ body: (Brush) -> Void) {
    let width = width
    let height = height
    red.withUnsafeMutableSamples { red in
      green.withUnsafeMutableSamples { green in
        blue.withUnsafeMutableSamples { blue in
          guard let red = red.baseAddress, let green = green.baseAddress,
            let blue = blue.baseAddress
          else { return }
          body(Brush(width: width, height: height, red: red, green: green, blue: blue))
        }
      }
    }
  }

  /// Every plane convolved with a Gaussian of `sigma` pixels.
  mutating func blur(sigma: Float) {
    red = red.gaussianBlurred(sigma: sigma)
    green = green.gaussianBlurred(sigma: sigma)
    blue = blue.gaussianBlurred(sigma: sigma)
  }
}

/// The samples of a canvas while it is painted on; never kept.
struct Brush {
  let width: Int
  let height: Int
  let red: UnsafeMutablePointer<Float>
  let green: UnsafeMutablePointer<Float>
  let blue: UnsafeMutablePointer<Float>

  /// Lays a colour over a pixel: 0 leaves it, 1 replaces it.
  @inline(__always)
  func lay(_ colour: SIMD3<Float>, opacity: Float, at index: Int) {
    red[index] += (colour.x - red[index]) * opacity
    green[index] += (colour.y - green[index]) * opacity
    blue[index] += (colour.z - blue[index]) * opacity
  }

  /// Adds light to a pixel.
  @inline(__always)
  func add(_ light: SIMD3<Float>, at index: Int) {
    red[index] += light.x
    green[index] += light.y
    blue[index] += light.z
  }

  /// Multiplies a pixel.
  @inline(__always)
  func dim(_ factor: SIMD3<Float>, at index: Int) {
    red[index] *= factor.x
    green[index] *= factor.y
    blue[index] *= factor.z
  }

  /// The pixels of a rectangle that lie in the picture; `nil` when none do.
  func pixels(
    from low: SIMD2<Double>, to high: SIMD2<Double>
  ) -> (columns: ClosedRange<Int>, rows: ClosedRange<Int>)? {
    let left = max(0, Int(low.x.rounded(.down)))
    let top = max(0, Int(low.y.rounded(.down)))
    let right = min(width - 1, Int(high.x.rounded(.up)))
    let bottom = min(height - 1, Int(high.y.rounded(.up)))
    return left <= right && top <= bottom ? (left...right, top...bottom) : nil
  }
}

extension LinearColour {
  /// The three bands side by side.
  var vector: SIMD3<Float> { SIMD3(Float(red), Float(green), Float(blue)) }
}
