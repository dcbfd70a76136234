import Imaging
import Testing

@Suite("The Hessian ridge")
struct HessianRidgeTests {
  @Test(
    "peaks on the middle of a line and points along it",
    arguments: [Float(0), 15, 30, 45, 60, 90, 120, 150])
  func onLine(degrees: Float) {
    let line = LinePlane(degrees: degrees, width: 4)
    var field = HessianRidge(width: 81, height: 81)
    field.include(smoothed: line.plane.gaussianBlurred(sigma: 2), weight: 1)
    let aside = line.normal * 6
    let centre = field.strength[40, 40]
    #expect(centre > 0)
    #expect(field.strength[40 + Int(aside.x.rounded()), 40 + Int(aside.y.rounded())] < 0.3 * centre)
    // The doubled angle of the direction is that of (difference, cross).
    let difference = field.difference[40, 40]
    let cross = field.cross[40, 40]
    let size = (difference * difference + cross * cross).squareRoot()
    let along = line.along
    let agreement =
      (difference * (along.x * along.x - along.y * along.y) + cross * 2 * along.x * along.y) / size
    #expect(agreement > 0.99)
  }

  @Test("answers equally in every direction", arguments: [Float(10), 22.5, 45, 67.5, 80])
  func isotropic(degrees: Float) {
    func strength(_ degrees: Float) -> Float {
      var field = HessianRidge(width: 81, height: 81)
      let line = LinePlane(degrees: degrees, width: 4).plane
      field.include(smoothed: line.gaussianBlurred(sigma: 2), weight: 1)
      return field.strength[40, 40]
    }
    #expect(abs(strength(degrees) / strength(0) - 1) < 0.05)
  }

  @Test("is weak on a blob and nothing on a dark line")
  func suppressed() {
    func strength(_ plane: Plane<Float>) -> Float {
      var field = HessianRidge(width: 81, height: 81)
      field.include(smoothed: plane.gaussianBlurred(sigma: 2), weight: 1)
      return field.strength[40, 40]
    }
    let line = LinePlane(degrees: 0, width: 4).plane
    var blob = Plane<Float>(width: 81, height: 81, repeating: 0)
    for y in 38...42 { for x in 38...42 { blob[x, y] = 1 } }
    #expect(strength(blob) < 0.5 * strength(line))
    #expect(strength(line.map { -$0 }) == 0)
  }

  @Test("at half the size finds the same line")
  func halfSize() {
    let line = LinePlane(degrees: 30, width: 9).plane
    var coarse = HessianRidge(width: 41, height: 41)
    coarse.include(smoothed: line.halved().gaussianBlurred(sigma: 2), weight: 0.25)
    var field = HessianRidge(width: 81, height: 81)
    field.include(halfSize: coarse)
    var direct = HessianRidge(width: 81, height: 81)
    direct.include(smoothed: line.gaussianBlurred(sigma: 4), weight: 1)
    #expect(abs(field.strength[40, 40] / direct.strength[40, 40] - 1) < 0.15)
  }
}

/// A soft bright line through the middle of a plane of 81 x 81.
private struct LinePlane {
  let plane: Plane<Float>
  let along: SIMD2<Float>
  var normal: SIMD2<Float> { SIMD2(-along.y, along.x) }

  init(degrees: Float, width: Float) {
    let radians = Double(degrees) * Double.pi / 180
    let direction = SIMD2<Float>(Float(cosine(radians)), Float(cosine(radians - .pi / 2)))
    along = direction
    plane = Plane(width: 81, height: 81) { target in
      for y in 0..<81 {
        for x in 0..<81 {
          let away = abs(-direction.y * Float(x - 40) + direction.x * Float(y - 40))
          target[y * 81 + x] = min(max(0.5 * width + 0.5 - away, 0), 1)
        }
      }
    }
  }
}

/// The cosine by its series: the tests of a module without Foundation keep to that.
private func cosine(_ angle: Double) -> Double {
  var term = 1.0
  var sum = 1.0
  for index in stride(from: 1, to: 40, by: 2) {
    term *= -angle * angle / Double(index * (index + 1))
    sum += term
  }
  return sum
}
