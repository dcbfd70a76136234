import ClinicalRecords
import HairAnalysis
import Imaging
import Testing

@Suite("The overlay mask")
struct OverlayMaskTests {
  @Test("leaves skin and hair alone")
  func nothing() {
    #expect(OverlayMask(of: RenderedScalp.rows().render()).share == 0)
  }

  @Test("covers a white bar along the border, and its area is reported")
  func bar() {
    let picture = Drawing(RenderedScalp.rows()) { x, y in y >= 380 ? SIMD3(0.72, 0.72, 0.72) : nil }
    let mask = OverlayMask(of: picture.light)
    #expect(mask.covered[240, 390] == 255)
    #expect(mask.covered[240, 370] == 0)
    let found = HairAnalyser().measure(picture.light, micrometresPerPixel: 5)
    #expect(abs(Double(found.maskedPixels) / (480 * 20) - 1) < 0.3)
    #expect(found.hairs.count == 12)
  }

  @Test("covers a thin dark ruler that no hair is taken for")
  func ruler() {
    let scalp = RenderedScalp.rows()
    let picture = Drawing(scalp) { x, y in
      (370...371).contains(y) && (20..<300).contains(x)
        || (20...21).contains(x) && (200..<371).contains(y)
        ? SIMD3(0.05, 0.03, 0.03) : nil
    }
    let mask = OverlayMask(of: picture.light)
    #expect(mask.covered[150, 370] == 255)
    #expect(mask.covered[20, 300] == 255)
    #expect(mask.covered[240, 200] == 0)
    let found = HairAnalyser().measure(picture.light, micrometresPerPixel: 5)
    #expect(found.hairs.allSatisfy { $0.root[1] < 365 })
  }

  @Test(
    "covers pure red, blue and cyan drawing",
    arguments: [
      SIMD3<Float>(0.9, 0.01, 0.01), SIMD3(0.01, 0.01, 0.8), SIMD3(0.01, 0.8, 0.8),
    ])
  func ink(colour: SIMD3<Float>) {
    let picture = Drawing(RenderedScalp.rows()) { x, y in
      let away = (x - 240) * (x - 240) + (y - 200) * (y - 200)
      return (150 * 150...152 * 152).contains(away) ? colour : nil
    }
    let mask = OverlayMask(of: picture.light)
    #expect(mask.covered[240, 51] == 255)
    #expect(mask.covered[240, 200] == 0)
  }

  @Test("covers white letters on grey boxes up to the border")
  func letters() {
    let picture = Drawing(RenderedScalp.rows()) { x, y in
      guard y < 30, x < 400 else { return nil }
      let isStroke = (8..<24).contains(y) && (x % 12 < 2 || (y % 8 < 2 && x % 12 < 9))
      return isStroke ? SIMD3(1, 1, 1) : SIMD3(0.08, 0.075, 0.075)
    }
    let mask = OverlayMask(of: picture.light)
    for x in stride(from: 0, to: 390, by: 30) { #expect(mask.covered[x, 2] == 255) }
    #expect(mask.covered[240, 200] == 0)
  }
}

/// A rendered scalp with something drawn over it.
private struct Drawing {
  let light: LinearLight

  init(_ scalp: RenderedScalp, _ paint: (Int, Int) -> SIMD3<Float>?) {
    guard case .colour(var red, var green, var blue) = scalp.render() else {
      preconditionFailure("rendered in colour")
    }
    for y in 0..<scalp.height {
      for x in 0..<scalp.width {
        guard let colour = paint(x, y) else { continue }
        red[x, y] = colour.x
        green[x, y] = colour.y
        blue[x, y] = colour.z
      }
    }
    light = .colour(red: red, green: green, blue: blue)
  }
}
