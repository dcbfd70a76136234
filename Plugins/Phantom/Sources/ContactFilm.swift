import StageKit

/// What the immersion film between skin and plate does: specular patches and bubbles.
///
/// It belongs to one picture, so it is drawn from the picture's seed and not from the scalp's.
struct ContactFilm {
  private let conditions: CaptureConditions

  init(_ conditions: CaptureConditions) {
    self.conditions = conditions
  }

  /// Specular patches: clusters of bright specks of 20 to 80 µm where the film is thin.
  func paintGlare(on brush: Brush) {
    guard conditions.glare > 0 else { return }
    var generator = SeededGenerator(seed: conditions.seed, "glare")
    let noise = GradientNoise(seed: generator.next(), "specks")
    let scale = conditions.micrometresPerPixel
    let area = Double(conditions.width * conditions.height)
    // A cluster of 0.5 mm covers about 0.09 of its bounding square with specks.
    let radius = 500 / scale
    let clusters = max(1, Int((conditions.glare * area / (0.35 * radius * radius)).rounded()))
    var row = [Float](repeating: 0, count: conditions.width)
    for _ in 0..<min(clusters, 400) {
      let centre = SIMD2(
        generator.uniform(0...Double(conditions.width)),
        generator.uniform(0...Double(conditions.height)))
      let size = radius * generator.uniform(0.6...1.3)
      let reach = SIMD2(repeating: size * 1.6)
      guard let box = brush.pixels(from: centre - reach, to: centre + reach) else { continue }
      for y in box.rows {
        let count = box.columns.count
        let left = box.columns.lowerBound
        row.withUnsafeMutableBufferPointer { row in
          guard let base = row.baseAddress else { return }
          base.update(repeating: 0, count: count)
          for (wavelength, amplitude) in [(95.0, Float(0.8)), (42.0, 0.5)] {
            let step = scale / wavelength
            noise.add(
              to: base, count: count,
              start: SIMD2(Float(Double(left) * step), Float(Double(y) * step)),
              step: SIMD2(Float(step), 0), amplitude: amplitude)
          }
        }
        for x in box.columns {
          let dx = (Double(x) - centre.x) / size
          let dy = (Double(y) - centre.y) / size
          let falloff = Float(dx * dx + dy * dy) * 0.22
          let peak = row[x - left] - 0.16 - falloff
          guard peak > 0 else { continue }
          let light = min(peak * 9, 1.2)
          brush.add(SIMD3(light, light, light * 0.97), at: y * brush.width + x)
        }
      }
    }
  }

  /// Bubbles: a dark rim, a bright ring within, a small image of the lamp.
  func paintBubbles(on brush: Brush) {
    let scale = conditions.micrometresPerPixel
    for number in 0..<conditions.bubbles {
      var generator = SeededGenerator(seed: conditions.seed, "bubble", number)
      let centre = SIMD2(
        generator.uniform(0...Double(conditions.width)),
        generator.uniform(0...Double(conditions.height)))
      // Many small, few large: 60 to 400 µm.
      let share = generator.unit()
      let radius = (60 + 340 * share * share) / scale
      let lamp = centre + PortableMath.direction(generator.unit() * 6.28) * (radius * 0.45)
      let reach = SIMD2(repeating: radius * 1.2 + 2)
      guard let box = brush.pixels(from: centre - reach, to: centre + reach) else { continue }
      let rimWidth = max(12 / scale, 0.05 * radius)
      for y in box.rows {
        for x in box.columns {
          let pixel = SIMD2(Double(x), Double(y))
          let distance = (pixel - centre).length
          let index = y * brush.width + x
          let rim = bump((distance - radius) / rimWidth)
          let ring = bump((distance - radius * 0.86) / (rimWidth * 1.2))
          let spark = bump((pixel - lamp).length / max(0.10 * radius, 1))
          let inside: Float = distance < radius ? 1.03 : 1
          brush.dim(SIMD3(repeating: inside * (1 - 0.5 * rim) * (1 + 0.35 * ring)), at: index)
          brush.add(SIMD3(repeating: 0.12 * ring + 0.7 * spark), at: index)
        }
      }
    }
  }

  /// 1 at 0, smoothly 0 from 1 on.
  private func bump(_ x: Double) -> Float {
    let square = x * x
    guard square < 1 else { return 0 }
    let rest = 1 - square
    return Float(rest * rest)
  }
}
