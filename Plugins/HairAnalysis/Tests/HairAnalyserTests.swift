import ClinicalRecords
import Foundation
import HairAnalysis
import Imaging
import Testing

@Suite("The hair analyser")
struct HairAnalyserTests {
  @Test("counts stubs that stand alone and finds their ends")
  func counts() {
    let scalp = RenderedScalp.rows()
    let found = HairAnalyser().measure(scalp.render(), micrometresPerPixel: 5).hairs
    #expect(found.count == scalp.stubs.count)
    for stub in scalp.stubs {
      let nearest = found.map { distance($0.root, stub.root) }.min() ?? .infinity
      #expect(nearest < 8, "a root lies within 40 µm")
    }
    #expect(found.allSatisfy { $0.counted && $0.rootCertainty > 0.5 })
    #expect(Set(found.map(\.id)).count == found.count)
  }

  @Test("refuses long hair in words, and not the stubs that a study reads")
  func longHair() {
    for (millimetres, isAccepted) in [(1.5, true), (3.0, false)] {
      var scalp = RenderedScalp(width: 900)
      let length = millimetres * 1000 / scalp.micrometresPerPixel
      scalp.stubs = (0..<6).map { row in
        let root = SIMD2(60, 40 + Double(row) * 60)
        return RenderedScalp.Stub(root: root, tip: root + SIMD2(0.998, 0.06) * length, diameter: 70)
      }
      let quality = HairAnalyser().measure(scalp.render(), micrometresPerPixel: 5).quality
      #expect(quality.accepted == isAccepted, "\(millimetres) mm")
      #expect(isAccepted || quality.reasons.contains { $0.contains("clip it") })
    }
  }

  @Test(
    "measures diameters without bias at every magnification and blur",
    arguments: [
      (30.0, 5.0, 6.0), (50, 5, 7), (70, 5, 7), (90, 5, 10), (70, 3.6, 6), (70, 7, 9),
    ])
  func diameters(diameter: Double, scale: Double, sigma: Double) throws {
    var scalp = RenderedScalp.rows(diameter: diameter)
    scalp.sigma = sigma
    // The same scalp in µm at another magnification: positions scale, diameters stay.
    scalp = scalp.magnified(to: scale)
    let found = HairAnalyser().measure(scalp.render(), micrometresPerPixel: scale)
    let values = found.hairs.compactMap { $0.diameter?.value }.sorted()
    try #require(values.count >= 10)
    #expect(abs(values[values.count / 2] - diameter) < max(1.5, 0.04 * diameter))
    if diameter >= 50 {
      let spread = try #require(found.quality.pointSpreadSigmaMicrometres)
      #expect(abs(spread - sigma) < 1.5)
    }
    #expect(found.hairs.allSatisfy { $0.class == (diameter > 40 ? .terminal : .vellus) })
  }

  @Test("counts clean stubs that have no direction in common", arguments: [0.0, 0.02])
  func directions(texture: Double) {
    var scalp = RenderedScalp(width: 700, height: 520)
    scalp.texture = texture
    scalp.stubs = (0..<12).map { index in
      let angle = 0.5 * Double(index)
      let middle = SIMD2(100 + 160 * Double(index % 4), 100 + 160 * Double(index / 4))
      let half = SIMD2(cos(angle), sin(angle)) * 60
      return RenderedScalp.Stub(root: middle - half, tip: middle + half, diameter: 60)
    }
    let found = HairAnalyser().measure(scalp.render(), micrometresPerPixel: 5).hairs
    #expect(found.count == 12)
  }

  @Test("says the same about the same picture, bit by bit")
  func deterministic() {
    let light = RenderedScalp.rows().render()
    let first = HairAnalyser().measure(light, micrometresPerPixel: 5).hairs
    let analyser = HairAnalyser()
    #expect(analyser.measure(light, micrometresPerPixel: 5).hairs == first)
    #expect(analyser.measure(light, micrometresPerPixel: 5).hairs == first, "with used planes")
  }

  @Test("finds the roots at the other end when the stubs are turned round")
  func polarity() {
    var scalp = RenderedScalp.rows()
    scalp.stubs = scalp.stubs.map { stub in
      RenderedScalp.Stub(root: stub.tip, tip: stub.root, diameter: stub.diameter)
    }
    let found = HairAnalyser().measure(scalp.render(), micrometresPerPixel: 5).hairs
    #expect(found.count == scalp.stubs.count)
    for hair in found { #expect(hair.root[0] > hair.tip[0]) }
  }

  @Test("finds no hair on bare skin", arguments: [0.0, 0.02, 0.08])
  func bareSkin(texture: Double) {
    var scalp = RenderedScalp()
    scalp.texture = texture
    let found = HairAnalyser().measure(scalp.render(), micrometresPerPixel: 5)
    #expect(found.hairs.isEmpty)
    #expect(found.quality.pointSpreadSigmaMicrometres == nil)
  }

  @Test(
    "takes pictures of any shape",
    arguments: [(1, 1), (1, 300), (300, 1), (2, 2), (7, 5), (33, 9), (64, 64)])
  func tiny(size: (Int, Int)) {
    var scalp = RenderedScalp()
    scalp.width = size.0
    scalp.height = size.1
    let found = HairAnalyser().measure(scalp.render(), micrometresPerPixel: 5)
    #expect(found.hairs.isEmpty)
    #expect(found.openPixels + found.maskedPixels == size.0 * size.1)
  }

  @Test("takes black, white and extreme pictures", arguments: [Float(0), 1e-9, 0.5, 1, 40])
  func flat(level: Float) {
    let plane = Plane<Float>(width: 200, height: 150, repeating: level)
    let found = HairAnalyser().measure(.grey(plane), micrometresPerPixel: 5)
    #expect(found.hairs.isEmpty)
    #expect(found.quality.exposure == (level < 0.03 ? "dark" : level >= 1 ? "bright" : "good"))
  }

  @Test("measures grey pictures too")
  func grey() {
    let scalp = RenderedScalp.rows()
    guard case .colour(_, let green, _) = scalp.render() else { return }
    let found = HairAnalyser().measure(.grey(green), micrometresPerPixel: 5).hairs
    #expect(found.count == scalp.stubs.count)
  }

  @Test("counts by the root: in the region or not at all")
  func region() {
    let scalp = RenderedScalp.rows()
    let right = MeasuredRegion(outline: [[200, 0], [479, 0], [479, 399], [200, 399]])
    let found = HairAnalyser().measure(scalp.render(), micrometresPerPixel: 5, region: right)
    #expect(found.hairs.count == scalp.stubs.count)
    #expect(found.hairs.count(where: \.counted) == scalp.stubs.count(where: { $0.root.x >= 200 }))
    for hair in found.hairs { #expect(hair.counted == (hair.root[0] >= 200)) }
  }

  @Test("a hair whose root is outside the picture is found and not counted")
  func leavesFrame() {
    var scalp = RenderedScalp.rows()
    scalp.stubs.append(
      RenderedScalp.Stub(root: SIMD2(-30, 330), tip: SIMD2(60, 362.6), diameter: 70))
    let found = HairAnalyser().measure(scalp.render(), micrometresPerPixel: 5).hairs
    let leaving = found.filter { $0.flags.contains("leaves_frame") }
    #expect(leaving.count == 1)
    #expect(leaving.allSatisfy { !$0.counted })
  }

  @Test("neither counts nor measures under a mask")
  func masked() {
    let scalp = RenderedScalp.rows()
    let mask = Plane<UInt8>(width: scalp.width, height: scalp.height) { target in
      for index in target.indices { target[index] = index % scalp.width < 200 ? 255 : 0 }
    }
    let found = HairAnalyser().measure(
      scalp.render(), micrometresPerPixel: 5, unmeasurable: mask)
    #expect(found.maskedPixels == 200 * scalp.height)
    for hair in found.hairs where hair.counted { #expect(hair.root[0] >= 200) }
    #expect(found.hairs.count < scalp.stubs.count)
  }

  @Test("hairs that leave the skin together form a unit")
  func units() {
    var scalp = RenderedScalp()
    for centre in [SIMD2(80.0, 100.0), SIMD2(300, 100), SIMD2(80, 280), SIMD2(300, 280)] {
      for (aside, turn) in [(-9.0, -0.15), (9.0, 0.15)] {
        let root = centre + SIMD2(-aside * 0.34, aside * 0.94)
        scalp.stubs.append(
          RenderedScalp.Stub(
            root: root, tip: root + SIMD2(0.94 - turn * 0.34, 0.34 + turn * 0.94) * 90,
            diameter: 65))
      }
    }
    let found = HairAnalyser().measure(scalp.render(), micrometresPerPixel: 5).hairs
    #expect(found.count == 8)
    #expect(Set(found.compactMap(\.follicularUnit)).count == 4)
  }

  @Test("fixed settings are held")
  func fixed() {
    let light = RenderedScalp.rows().render()
    var settings = HairAnalyserSettings()
    settings.channel = .blue
    settings.pointSpreadMicrometres = 9
    settings.skinTexture = 0.004
    let found = HairAnalyser(settings: settings).measure(light, micrometresPerPixel: 5)
    #expect(found.channel == .blue)
    #expect(found.quality.pointSpreadSigmaMicrometres == 9)
    #expect(abs(found.skinTexture - 0.004) < 1e-6)
  }

  @Test("refuses what is not sharp, with words that an operator can act on")
  func blurred() {
    var scalp = RenderedScalp.rows(diameter: 80)
    scalp.sigma = 18
    let quality = HairAnalyser().measure(scalp.render(), micrometresPerPixel: 5).quality
    #expect(!quality.accepted)
    #expect(quality.reasons.contains { $0.contains("focus") })
  }
}

private func distance(_ point: [Double], _ other: SIMD2<Double>) -> Double {
  let offset = SIMD2(point[0], point[1]) - other
  return (offset * offset).sum().squareRoot()
}

extension RenderedScalp {
  /// The same skin at another scale.
  func magnified(to scale: Double) -> RenderedScalp {
    var other = self
    let ratio = micrometresPerPixel / scale
    other.micrometresPerPixel = scale
    other.width = Int(Double(width) * ratio)
    other.height = Int(Double(height) * ratio)
    for index in stubs.indices {
      other.stubs[index].root = (stubs[index].root + 0.5) * ratio - 0.5
      other.stubs[index].tip = (stubs[index].tip + 0.5) * ratio - 0.5
    }
    return other
  }
}
