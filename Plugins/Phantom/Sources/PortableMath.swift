/// Elementary functions made of IEEE 754 operations alone, so that a phantom has the same bytes on
/// every machine; C libraries differ in the last bit.
///
/// The series are cut where the next term is below the rounding of `Double`; relative errors stay
/// below 1e-14, far under what an 8-bit picture shows.
enum PortableMath {
  static let twoPi = 6.283185307179586

  /// e to the power `x`, for -700…700.
  static func exp(_ x: Double) -> Double {
    let clamped = min(max(x, -700), 700)
    let exponent = (clamped * 1.4426950408889634).rounded()
    // ln 2 in two parts, the first with trailing zeros, so that the product is exact.
    let rest =
      (clamped - exponent * 0.693147180369123816490) - exponent * 1.90821492927058770002e-10
    var sum = 1.0
    var divisor = 13.0
    while divisor >= 1 {
      sum = 1 + sum * rest / divisor
      divisor -= 1
    }
    return sum * Double(sign: .plus, exponent: Int(exponent), significand: 1)
  }

  /// The natural logarithm of a positive normal number.
  static func log(_ x: Double) -> Double {
    precondition(x > 0, "a logarithm is taken of a positive number")
    var exponent = Double(x.exponent)
    var mantissa = x.significand
    if mantissa > 1.4142135623730951 {
      mantissa *= 0.5
      exponent += 1
    }
    let t = (mantissa - 1) / (mantissa + 1)
    let square = t * t
    var series = 0.0
    var odd = 21.0
    while odd >= 1 {
      series = series * square + 1 / odd
      odd -= 2
    }
    return 2 * t * series + exponent * 0.6931471805599453
  }

  /// `base` to the power `exponent`, for a positive base.
  static func pow(_ base: Double, _ exponent: Double) -> Double { exp(exponent * log(base)) }

  /// The direction at an angle in radians: cosine to the right, sine down.
  static func direction(_ angle: Double) -> SIMD2<Double> {
    let quarter = (angle * 0.6366197723675814).rounded()
    let rest = (angle - quarter * 1.5707963267341256) - quarter * 6.077100506506192e-11
    let square = rest * rest
    var sine = 1.0
    var cosine = 1.0
    var step = 8.0
    while step >= 1 {
      sine = 1 - sine * square / ((2 * step) * (2 * step + 1))
      cosine = 1 - cosine * square / ((2 * step - 1) * (2 * step))
      step -= 1
    }
    sine *= rest
    switch Int(quarter) & 3 {
    case 0: return SIMD2(cosine, sine)
    case 1: return SIMD2(-sine, cosine)
    case 2: return SIMD2(-cosine, -sine)
    default: return SIMD2(sine, -cosine)
    }
  }

  /// The angle of a vector in radians, -π…π; 0 for the zero vector.
  static func angle(of vector: SIMD2<Double>) -> Double {
    let length = vector.length
    guard length > 0 else { return 0 }
    // Newton's method on the direction, from the octant's middle: each step squares the error.
    let unit = vector / length
    var guess = unit.x >= 0 ? 0.0 : 3.141592653589793
    if unit.y > 0.7071 { guess = 1.5707963267948966 }
    if unit.y < -0.7071 { guess = -1.5707963267948966 }
    if unit.x < -0.7071 && unit.y < 0 { guess = -3.141592653589793 }
    for _ in 0..<6 {
      let direction = direction(guess)
      guess += direction.x * unit.y - direction.y * unit.x
    }
    return guess
  }
}

extension SIMD2<Double> {
  /// The Euclidean length.
  var length: Double { (x * x + y * y).squareRoot() }

  /// Turned by the angle whose direction is given.
  func turned(by direction: SIMD2<Double>) -> SIMD2<Double> {
    SIMD2(x * direction.x - y * direction.y, x * direction.y + y * direction.x)
  }
}
