import Imaging
import Testing

@Suite("A flat field evens the light")
struct FlatFieldTests {
  /// Light that falls to `corner` of the centre at the corners, as a square of the radius.
  private func vignette(_ width: Int, _ height: Int, corner: Float) -> Plane<Float> {
    let samples = (0..<width * height).map { index -> Float in
      let x = (Float(index % width) + 0.5) / Float(width) * 2 - 1
      let y = (Float(index / width) + 0.5) / Float(height) * 2 - 1
      return 0.8 * (1 - (1 - corner) * (x * x + y * y) / 2)
    }
    return Plane(width: width, height: height, samples: samples)
  }

  @Test("An even scene under a vignette comes back even, within 2 %", arguments: [1, 2, 8])
  func evensVignette(reduction: Int) throws {
    let target = vignette(320 / reduction, 240 / reduction, corner: 0.5)
    let field = try #require(FlatField(target: target, width: 320, height: 240))
    var picture = vignette(320, 240, corner: 0.5).map { $0 * 0.5 }
    field.correct(&picture)
    picture.withUnsafeSamples { samples in
      #expect(samples.reduce(0) { max($0, abs($1 - 0.4)) } <= 0.008)
    }
    #expect(field.unmeasurable() == nil)
  }

  @Test("What the optics leave dark cannot be measured, and is not blown up")
  func darkCorners() throws {
    let target = vignette(160, 160, corner: 0.05)
    let field = try #require(FlatField(target: target, width: 160, height: 160))
    let mask = try #require(field.unmeasurable())
    #expect(mask[0, 0] == 255)
    #expect(mask[80, 80] == 0)
    var dim = Plane<Float>(width: 160, height: 160, repeating: 0.1)
    field.correct(&dim)
    dim.withUnsafeSamples { samples in
      #expect(samples.allSatisfy { $0 >= 0.0999 && $0 <= 0.1 / FlatField.leastLight })
    }
  }

  @Test("White stays white and no sample leaves 0 to 1")
  func clamps() throws {
    let field = try #require(
      FlatField(target: vignette(64, 64, corner: 0.4), width: 64, height: 64))
    var white = Plane<Float>(width: 64, height: 64, repeating: 1)
    field.correct(&white)
    white.withUnsafeSamples { samples in #expect(samples.allSatisfy { $0 == 1 }) }
  }

  @Test("A black target is no flat field")
  func blackTarget() {
    #expect(FlatField(target: Plane(width: 9, height: 9, repeating: 0), width: 9, height: 9) == nil)
  }
}
