import Imaging
import Testing

@Suite("The natural logarithm of planes")
struct LogarithmTests {
  @Test(
    "agrees with known values",
    arguments: [
      (Float(1), Float(0)), (2, 0.693_147_18), (0.5, -0.693_147_18), (10, 2.302_585_1),
      (0.001, -6.907_755_4), (1.414_213_6, 0.346_573_6), (0.707_106_8, -0.346_573_6),
      (1e-20, -46.051_702), (3e20, 47.150_314),
    ])
  func known(pair: (Float, Float)) {
    let found = naturalLogarithm(SIMD8<Float>(repeating: pair.0))
    #expect(abs(found[0] - pair.1) <= max(abs(pair.1) * 3e-7, 1e-7))
    #expect(found[0] == found[7])
  }

  @Test("grows with its argument across the seams of the exponent")
  func monotonic() {
    var before = -Float.infinity
    var value: Float = 0.01
    while value < 20 {
      let now = naturalLogarithm(SIMD8<Float>(repeating: value))[0]
      #expect(now >= before)
      before = now
      value *= 1.0003
    }
  }
}
