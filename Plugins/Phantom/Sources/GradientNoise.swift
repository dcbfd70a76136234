import StageKit

/// Smooth noise of one wavelength over the plane (Perlin 2002, doi 10.1145/566654.566636).
///
/// Values lie within about ±0.7 with a standard deviation of 0.25; neighbours one wavelength apart
/// are independent. The fade of the fifth degree has no jump in its second derivative, which a
/// ridge filter would see as a grid of lines.
struct GradientNoise {
  private let gradients: [SIMD2<Float>]
  private let salt: UInt32

  init(seed: UInt64, _ purpose: StaticString) {
    var generator = SeededGenerator(seed: seed, purpose)
    gradients = (0..<256).map { _ in
      let direction = PortableMath.direction(generator.unit() * PortableMath.twoPi)
      return SIMD2(Float(direction.x), Float(direction.y))
    }
    salt = UInt32(truncatingIfNeeded: generator.next())
  }

  /// Adds `amplitude` x noise along a line of points to `target`.
  ///
  /// - Parameters:
  ///   - count: how many points.
  ///   - start: the first point, in wavelengths.
  ///   - step: from point to point, in wavelengths.
  func add(
    to target: UnsafeMutablePointer<Float>, count: Int, start: SIMD2<Float>, step: SIMD2<Float>,
    amplitude: Float
  ) {
    gradients.withUnsafeBufferPointer { table in
      var cell = SIMD2<Int32>(repeating: Int32.min)
      var corner = (SIMD2<Float>(), SIMD2<Float>(), SIMD2<Float>(), SIMD2<Float>())
      var index = 0
      while index < count {
        let x = start.x + step.x * Float(index)
        let y = start.y + step.y * Float(index)
        let here = SIMD2<Int32>(floor(x), floor(y))
        if here != cell {
          cell = here
          corner = (
            table[slot(here.x, here.y)], table[slot(here.x &+ 1, here.y)],
            table[slot(here.x, here.y &+ 1)], table[slot(here.x &+ 1, here.y &+ 1)]
          )
        }
        let u = x - Float(here.x)
        let v = y - Float(here.y)
        let fadeU = u * u * u * (u * (u * 6 - 15) + 10)
        let fadeV = v * v * v * (v * (v * 6 - 15) + 10)
        let topLeft = corner.0.x * u + corner.0.y * v
        let topRight = corner.1.x * (u - 1) + corner.1.y * v
        let bottomLeft = corner.2.x * u + corner.2.y * (v - 1)
        let bottomRight = corner.3.x * (u - 1) + corner.3.y * (v - 1)
        let top = topLeft + (topRight - topLeft) * fadeU
        let bottom = bottomLeft + (bottomRight - bottomLeft) * fadeU
        target[index] += amplitude * (top + (bottom - top) * fadeV)
        index &+= 1
      }
    }
  }

  /// The noise at one point, in wavelengths.
  func value(at point: SIMD2<Float>) -> Float {
    var result: Float = 0
    add(to: &result, count: 1, start: point, step: SIMD2(0, 0), amplitude: 1)
    return result
  }

  @inline(__always)
  private func slot(_ x: Int32, _ y: Int32) -> Int {
    var mixed = UInt32(bitPattern: x) &* 0x9E37_79B1 ^ UInt32(bitPattern: y) &* 0x85EB_CA77
    mixed = (mixed ^ salt) &* 0xC2B2_AE3D
    mixed ^= mixed >> 15
    mixed = mixed &* 0x27D4_EB2F
    return Int(mixed >> 24)
  }
}

/// The furrows between cells of random points (Worley 1996, doi 10.1145/237170.237267).
struct CellularNoise {
  private let salt: UInt64

  init(seed: UInt64, _ purpose: StaticString) {
    var generator = SeededGenerator(seed: seed, purpose)
    salt = generator.next()
  }

  /// The distance to the second nearest point less that to the nearest, in mean spacings: 0 on the
  /// furrow between two cells, about 1 within one.
  func furrowDistance(at point: SIMD2<Float>) -> Float {
    let column = floor(point.x)
    let row = floor(point.y)
    var nearest: Float = 9
    var second: Float = 9
    for y in (row &- 1)...(row &+ 1) {
      for x in (column &- 1)...(column &+ 1) {
        var mixed = UInt64(UInt32(bitPattern: x)) << 32 | UInt64(UInt32(bitPattern: y))
        mixed = (mixed ^ salt) &* 0x9E37_79B9_7F4A_7C15
        mixed = (mixed ^ (mixed >> 29)) &* 0xBF58_476D_1CE4_E5B9
        let dx = Float(x) + Float(mixed >> 40) * 0x1p-24 - point.x
        let dy = Float(y) + Float((mixed >> 16) & 0xFF_FFFF) * 0x1p-24 - point.y
        let distance = dx * dx + dy * dy
        if distance < nearest {
          second = nearest
          nearest = distance
        } else if distance < second {
          second = distance
        }
      }
    }
    return second.squareRoot() - nearest.squareRoot()
  }
}

/// The greatest whole number not above `value`; `rounded(.down)` is a call on older processors.
@inline(__always)
private func floor(_ value: Float) -> Int32 {
  let truncated = Int32(value)
  return value < Float(truncated) ? truncated &- 1 : truncated
}
