import StageKit

/// What lies on and just below the skin: scale flakes, shafts seen through it, debris.
struct SkinSurface {
  private let scene: ScalpScene
  private let frame: PixelFrame

  init(_ scene: ScalpScene, frame: PixelFrame) {
    self.scene = scene
    self.frame = frame
  }

  /// The shaft below the skin, behind each root: blue-grey and blurred.
  ///
  /// It tells root from tip, to an observer and to an analysis.
  func paintBuriedShaft(_ hair: ScalpHair, optics: ShaftOptics, on brush: Brush) {
    let scale = frame.micrometresPerPixel
    let back = frame.pixel(hair.root - PortableMath.direction(hair.angle) * 60)
    let root = frame.pixel(hair.root)
    let axis = (root - back) / max((root - back).length, 1e-9)
    // 85 µm along and half the shaft across: what shows through some 0.1 mm of epidermis.
    let alongSigma = 85 / scale
    let acrossSigma = (0.42 * hair.diameter + 14) / scale
    let depth =
      0.55 * scene.description.buriedShafts * optics.opacity * min(1, hair.diameter / 60)
      * (hair.grey ? 0.25 : 1)
    guard depth > 0 else { return }
    let reach = SIMD2(repeating: 3 * alongSigma)
    guard let box = brush.pixels(from: back - reach, to: back + reach) else { return }
    let absorber = Absorber.deepShaft.vector
    for y in box.rows {
      for x in box.columns {
        let offset = SIMD2(Double(x), Double(y)) - back
        let along = (offset.x * axis.x + offset.y * axis.y) / alongSigma
        let across = (offset.y * axis.x - offset.x * axis.y) / acrossSigma
        let square = along * along + across * across
        guard square < 9 else { continue }
        let density = Float(depth * PortableMath.exp(-0.5 * square))
        brush.dim(1 - absorber * density, at: y * brush.width + x)
      }
    }
  }

  /// Pale flakes of stratum corneum, 60 to 220 µm, brighter on one edge.
  func paintFlakes(on brush: Brush) {
    let count = number(scene.description.flakesPerSquareCentimetre)
    for flake in 0..<count {
      var generator = SeededGenerator(seed: scene.seed, "flake", flake)
      let centre = frame.pixel(generator.point(in: scene.patch))
      let radius = generator.uniform(40...170) / frame.micrometresPerPixel
      let stretch = generator.uniform(1...2.2)
      let opacity = generator.uniform(0.10...0.34)
      let turn = generator.unit() * PortableMath.twoPi
      var edges: [(normal: SIMD2<Double>, distance: Double)] = []
      let corners = 5 + generator.whole(below: 4)
      for corner in 0..<corners {
        let angle = (Double(corner) + 0.7 * generator.unit()) / Double(corners)
        let normal = PortableMath.direction(turn + angle * PortableMath.twoPi)
        let along = abs(normal.turned(by: PortableMath.direction(-turn)).x)
        edges.append(
          (normal, radius * (0.55 + 0.45 * generator.unit()) * (1 + (stretch - 1) * along)))
      }
      paintPolygon(edges, around: centre, reach: radius * stretch * 1.6, opacity, on: brush)
    }
  }

  private func paintPolygon(
    _ edges: [(normal: SIMD2<Double>, distance: Double)], around centre: SIMD2<Double>,
    reach: Double, _ opacity: Double, on brush: Brush
  ) {
    let extent = SIMD2(repeating: reach)
    guard let box = brush.pixels(from: centre - extent, to: centre + extent) else { return }
    let colour = SIMD3<Float>(0.86, 0.86, 0.84)
    for y in box.rows {
      for x in box.columns {
        let offset = SIMD2(Double(x), Double(y)) - centre
        guard offset.length < reach else { continue }
        var inside = Double.infinity
        for edge in edges {
          let dot = offset.x * edge.normal.x + offset.y * edge.normal.y
          inside = min(inside, edge.distance - dot)
        }
        guard inside > -0.5 else { continue }
        // The rim curls up and catches the light over the outer 10 µm.
        let rim = max(0, 1 - inside * frame.micrometresPerPixel / 14) * 0.5
        let covered = min(inside + 0.5, 1) * opacity * (0.75 + rim)
        brush.lay(colour, opacity: Float(covered), at: y * brush.width + x)
      }
    }
  }

  /// Fibres, dandruff threads and loose hair out of the plane of focus.
  func debris() -> [ShaftStroke] {
    let count = number(scene.description.debrisPerSquareCentimetre)
    return (0..<count).map { piece in
      var generator = SeededGenerator(seed: scene.seed, "debris", piece)
      let start = generator.point(in: scene.patch)
      let dark = generator.happens(0.4)
      let length = dark ? generator.uniform(300...1400) : generator.uniform(150...700)
      let bend = generator.normal() * (dark ? 0.4e-3 : 2.5e-3)
      var heading = generator.unit() * PortableMath.twoPi
      var points = [frame.pixel(start)]
      var position = start
      let steps = max(2, Int(length / 30))
      for _ in 0..<steps {
        position += PortableMath.direction(heading) * (length / Double(steps))
        heading += bend * length / Double(steps)
        points.append(frame.pixel(position))
      }
      let diameter = dark ? generator.uniform(45...75) : generator.uniform(7...14)
      let radius = diameter / 2 / frame.micrometresPerPixel
      let opacity = dark ? generator.uniform(0.06...0.16) : generator.uniform(0.12...0.35)
      let softness =
        dark ? generator.uniform(70...140) / frame.micrometresPerPixel : 1.5
      let bright = SIMD3<Float>(0.85, 0.86, 0.90)
      return ShaftStroke(
        points: points, rootRadius: radius, tipRadius: radius,
        colour: dark ? SIMD3(0.05, 0.045, 0.05) : bright, opacity: Float(opacity),
        highlight: 0, lustre: 0, softness: max(1, softness))
    }
  }

  private func number(_ perSquareCentimetre: Double) -> Int {
    let pieces = perSquareCentimetre * scene.patch.x * scene.patch.y * 1e-8
    // As many pieces as hairs at most, so that a large patch stays bounded.
    return min(Int(pieces.rounded()), PhantomLimits.hairs)
  }
}
