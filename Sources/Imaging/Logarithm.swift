/// Natural logarithms of many samples at once, the same to the last bit on every machine.
///
/// The exponent is read from the bits, and the mantissa `m` in [√½, √2) goes through
/// `2 atanh((m-1)/(m+1))` as an odd polynomial to the ninth power: the truncation error stays below
/// 4e-8, so the result is as exact as `Float` allows, without a call to the C library.
///
/// - Precondition: every value is positive and normal; others give meaningless numbers.
@inlinable
@inline(__always)
public func naturalLogarithm(_ value: SIMD8<Float>) -> SIMD8<Float> {
  let bits = unsafeBitCast(value, to: SIMD8<UInt32>.self)
  // 0x3f3504f3 is √½: subtracting it first puts the cut of the exponent there.
  let shifted = SIMD8<Int32>(truncatingIfNeeded: bits &- 0x3f35_04f3)
  let exponent = shifted &>> 23
  let mantissaBits =
    SIMD8<UInt32>(truncatingIfNeeded: shifted &- (exponent &<< 23)) &+ 0x3f35_04f3
  let mantissa = unsafeBitCast(mantissaBits, to: SIMD8<Float>.self)
  let t = (mantissa - 1) / (mantissa + 1)
  let square = t * t
  var series = SIMD8<Float>(repeating: 2.0 / 9)
  series = series * square + 2.0 / 7
  series = series * square + 2.0 / 5
  series = series * square + 2.0 / 3
  series = series * square + 2.0
  return series * t + SIMD8<Float>(exponent) * 0.693_147_18
}
