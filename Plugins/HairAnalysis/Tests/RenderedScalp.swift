import ClinicalRecords
import Foundation
import Imaging

/// A field of clipped stubs in linear light, with exact truth: bars convolved with a Gaussian.
struct RenderedScalp {
  /// One stub, in pixels, with its diameter in µm.
  struct Stub {
    var root: SIMD2<Double>
    var tip: SIMD2<Double>
    var diameter: Double
    /// How much of the light it takes away.
    var depth = 0.93
  }

  var width = 480
  var height = 400
  var micrometresPerPixel = 5.0
  /// The point spread's standard deviation in µm.
  var sigma = 7.0
  var skin = SIMD3(0.42, 0.25, 0.17)
  var texture = 0.02
  var stubs: [Stub] = []

  /// A dozen stubs that stand alone, all growing to the right and a little down.
  static func rows(diameter: Double = 70) -> RenderedScalp {
    var scalp = RenderedScalp()
    for row in 0..<4 {
      for column in 0..<3 {
        let root = SIMD2(50 + Double(column) * 140 + Double(row % 2) * 25, 55 + Double(row) * 85)
        let length = 75 + Double((row * 3 + column) % 4) * 6
        scalp.stubs.append(
          Stub(root: root, tip: root + SIMD2(0.94, 0.34) * length, diameter: diameter))
      }
    }
    return scalp
  }

  /// The picture.
  func render() -> LinearLight {
    let light = shade()
    let halo = halo()
    func plane(_ level: Double, _ blueness: Double) -> Plane<Float> {
      Plane(width: width, height: height) { target in
        for index in target.indices {
          target[index] = Float(level * (1 - blueness * halo[index])) * light[index]
        }
      }
    }
    return .colour(red: plane(skin.x, 0.35), green: plane(skin.y, 0.2), blue: plane(skin.z, 0))
  }

  /// The share of light that stubs and a fixed texture leave at each pixel.
  private func shade() -> [Float] {
    var light = (0..<width * height).map { index -> Float in
      let grain = Double((index &* 2_654_435_761) >> 9 & 1023) / 1023 - 0.5
      let x = Double(index % width) / Double(width) - 0.5
      let y = Double(index / width) / Double(height) - 0.5
      return Float((1 - 0.3 * (x * x + y * y)) * (1 + 2 * texture * grain))
    }
    for stub in stubs {
      forEachPixel(near: stub, margin: 12) { index, across, along, length in
        let scale = micrometresPerPixel
        let bar = covered(across * scale, -stub.diameter / 2, stub.diameter / 2)
        let cap = covered(along * scale, 0, length * scale)
        light[index] *= Float(1 - stub.depth * bar * cap)
      }
    }
    return light
  }

  /// The bluish shade of the shaft below the skin, behind each root.
  private func halo() -> [Double] {
    var halo = [Double](repeating: 0, count: width * height)
    for stub in stubs {
      forEachPixel(near: stub, margin: 30) { index, across, along, _ in
        let behind = (along + 12) / 12
        let aside = across * micrometresPerPixel / stub.diameter
        halo[index] = max(halo[index], exp(-0.5 * (behind * behind + aside * aside)))
      }
    }
    return halo
  }

  private func covered(_ position: Double, _ low: Double, _ high: Double) -> Double {
    let scale = 1 / (sigma * 2.0.squareRoot())
    return 0.5 * (erf((position - low) * scale) - erf((position - high) * scale))
  }

  private func forEachPixel(
    near stub: Stub, margin: Double, _ body: (Int, Double, Double, Double) -> Void
  ) {
    let span = stub.tip - stub.root
    let length = (span * span).sum().squareRoot()
    let way = span / length
    let left = max(0, Int(min(stub.root.x, stub.tip.x) - margin - 12))
    let right = min(width - 1, Int(max(stub.root.x, stub.tip.x) + margin + 12))
    let top = max(0, Int(min(stub.root.y, stub.tip.y) - margin - 12))
    let bottom = min(height - 1, Int(max(stub.root.y, stub.tip.y) + margin + 12))
    guard left <= right, top <= bottom else { return }
    for y in top...bottom {
      for x in left...right {
        let offset = SIMD2(Double(x), Double(y)) - stub.root
        let along = (offset * way).sum()
        body(y * width + x, way.x * offset.y - way.y * offset.x, along, length)
      }
    }
  }
}
