import Imaging
import StageKit

/// Paints bare skin: colour, blotches, furrows, relief and glints, all fixed to the scalp.
///
/// Calibration: with the median ridge response at non-maximum-suppressed points (σ 9, 14, 22 and
/// 32 µm at 5.6 µm per pixel, weight σ^1.6), real clipped fields have 0.009 and plain fractal skin
/// 0.0048; `texture` 1 gives about 0.009 (see the plugin's README for how it was measured).
struct SkinTexture {
  private let description: ScalpDescription
  private let blotches: GradientNoise
  private let vessels: GradientNoise
  private let warp: GradientNoise
  private let relief: GradientNoise
  private let grain: GradientNoise
  private let glints: GradientNoise
  private let furrows: CellularNoise
  private let creases: CellularNoise

  init(_ scene: ScalpScene) {
    description = scene.description
    blotches = GradientNoise(seed: scene.seed, "blotches")
    vessels = GradientNoise(seed: scene.seed, "vessels")
    warp = GradientNoise(seed: scene.seed, "warp")
    relief = GradientNoise(seed: scene.seed, "relief")
    grain = GradientNoise(seed: scene.seed, "grain")
    glints = GradientNoise(seed: scene.seed, "glints")
    furrows = CellularNoise(seed: scene.seed, "furrows")
    creases = CellularNoise(seed: scene.seed, "creases")
  }

  /// Covers the whole canvas.
  func paint(on canvas: inout LinearCanvas, frame: PixelFrame) {
    let coarse = CoarseSkin(
      width: canvas.width, height: canvas.height, frame: frame, texture: self)
    canvas.paint { brush in
      withUnsafeTemporaryAllocation(of: Float.self, capacity: 6 * brush.width) { rows in
        guard let base = rows.baseAddress else { return }
        for y in 0..<brush.height {
          paintRow(y, brush, frame, coarse, scratch: base)
        }
      }
    }
  }

  private func paintRow(
    _ y: Int, _ brush: Brush, _ frame: PixelFrame, _ coarse: CoarseSkin,
    scratch: UnsafeMutablePointer<Float>
  ) {
    let width = brush.width
    let fine = scratch
    let shine = scratch + width
    let channels = (scratch + 2 * width, scratch + 3 * width, scratch + 4 * width)
    let envelope = scratch + 5 * width
    coarse.interpolate(row: y, channels, envelope)
    fine.update(repeating: 0, count: width)
    shine.update(repeating: 0, count: width)
    let start = frame.scalp(SIMD2(0, Double(y)))
    let step = frame.stepRight
    let strength = Float(description.texture)
    // Relief of 24 to 90 µm: corneocyte ridges and pores; drier along the lines than across.
    let turn = SkinTexture.turn
    addLine(
      relief, to: fine, width, start, step, turn: turn, wavelength: 95, amplitude: 0.18 * strength)
    addLine(
      grain, to: fine, width, start, step, turn: turn, wavelength: 42, amplitude: 0.095 * strength)
    addLine(glints, to: shine, width, start, step, turn: turn, wavelength: 31, amplitude: 0.8)
    addLine(
      glints, to: shine, width, start, step, turn: SIMD2(1, 0), wavelength: 22.7, amplitude: 0.5)
    let red = brush.red + y * width
    let green = brush.green + y * width
    let blue = brush.blue + y * width
    for x in 0..<width {
      let shade = 1 + fine[x]
      // Facets that mirror the light: bright where the finest relief peaks, in patches.
      let glint = max(0, shine[x] - 0.14) * envelope[x]
      red[x] = channels.0[x] * shade + glint * 0.92
      green[x] = channels.1[x] * shade + glint * 0.96
      blue[x] = channels.2[x] * shade + glint * 1.08
    }
  }

  /// 31 degrees.
  private static let turn = PortableMath.direction(0.541)

  private func addLine(
    _ noise: GradientNoise, to row: UnsafeMutablePointer<Float>, _ count: Int,
    _ start: SIMD2<Double>, _ step: SIMD2<Double>, turn: SIMD2<Double>, wavelength: Double,
    amplitude: Float
  ) {
    // Turned off the picture's axes, so that the lattice never lines up with rows of pixels.
    let first = start.turned(by: turn) / wavelength
    let each = step.turned(by: turn) / wavelength
    noise.add(
      to: row, count: count, start: SIMD2(Float(first.x), Float(first.y)),
      step: SIMD2(Float(each.x), Float(each.y)), amplitude: amplitude)
  }

  /// The colour and the strength of glints at one point, without the fine relief.
  fileprivate func colour(at point: SIMD2<Double>) -> (LinearColour, glints: Double) {
    let strength = description.texture
    func noise(_ field: GradientNoise, _ wavelength: Double) -> Double {
      let scaled = point / wavelength
      return Double(field.value(at: SIMD2(Float(scaled.x), Float(scaled.y))))
    }
    let tone = description.skinTone.melanin
    let pigment =
      0.55 * noise(blotches, 2600) + 0.35 * noise(blotches, 900) + 0.22 * noise(blotches, 300)
    let flush =
      1.1 * noise(vessels, 2100) + 0.7 * noise(vessels, 640) + 0.5 * noise(vessels, 180)
    let bend = SIMD2(noise(warp, 310), noise(warp, 270)) * 140
    let lines =
      0.16 * furrowDepth(furrows, (point + bend) / 430, width: 0.085)
      + 0.12 * furrowDepth(creases, (point + bend * 0.6) / 165, width: 0.12)
    let grime = 0.16 * noise(relief, 240)
    let melanin = max(0, tone * (1 + strength * pigment) + 0.05 * strength * pigment)
    let blood = max(0, SkinTone.blood * (1 + strength * flush))
    let shade = PortableMath.exp(strength * (grime - lines))
    let base = SkinTone.dermis
      .absorbed(by: Absorber.melanin * melanin)
      .absorbed(by: Absorber.blood * blood)
    // Facets mirror the same light on any skin, but exposure goes with the skin.
    let mirrored = 0.4 + base.green
    let patchy = noise(warp, 1500) + 0.6 * noise(warp, 420)
    return (base * shade, max(0, 0.25 + 1.2 * patchy) * strength * 1.5 * mirrored)
  }

  private func furrowDepth(
    _ cells: CellularNoise, _ point: SIMD2<Double>, width: Double
  ) -> Double {
    let away = Double(cells.furrowDistance(at: SIMD2(Float(point.x), Float(point.y)))) / width
    return 1 / (1 + away * away)
  }
}

/// Skin on a grid of 20 to 26 µm, interpolated to pixels: nothing it holds is finer than 100 µm.
private struct CoarseSkin {
  private let width: Int
  private let spacing: Int
  private let columns: Int
  private var nodes: [SIMD4<Float>] = []

  init(width: Int, height: Int, frame: PixelFrame, texture: SkinTexture) {
    self.width = width
    spacing = max(2, Int(20 / frame.micrometresPerPixel))
    columns = (width - 1) / spacing + 2
    let rows = (height - 1) / spacing + 2
    nodes.reserveCapacity(columns * rows)
    for row in 0..<rows {
      for column in 0..<columns {
        let pixel = SIMD2(Double(column * spacing), Double(row * spacing))
        let (colour, glints) = texture.colour(at: frame.scalp(pixel))
        nodes.append(SIMD4(colour.vector, Float(glints)))
      }
    }
  }

  /// Writes the three bands and the glints of one row of pixels.
  func interpolate(
    row y: Int,
    _ channels: (
      UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>
    ),
    _ glints: UnsafeMutablePointer<Float>
  ) {
    let above = y / spacing
    let down = Float(y - above * spacing) / Float(spacing)
    nodes.withUnsafeBufferPointer { nodes in
      func blended(_ column: Int) -> SIMD4<Float> {
        let high = nodes[above * columns + column]
        return high + (nodes[(above + 1) * columns + column] - high) * down
      }
      var right = blended(0)
      var x = 0
      for column in 1..<columns {
        let left = right
        right = blended(column)
        let slope = (right - left) / Float(spacing)
        for offset in 0..<min(spacing, width - x) {
          let value = left + slope * Float(offset)
          channels.0[x] = value.x
          channels.1[x] = value.y
          channels.2[x] = value.z
          glints[x] = value.w
          x += 1
        }
      }
    }
  }
}
