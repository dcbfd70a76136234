import Imaging

/// A shaft as it lies in the picture.
struct ShaftStroke {
  /// The centreline in pixels, root first.
  var points: [SIMD2<Double>]
  /// The radius at the root in pixels.
  var rootRadius: Double
  /// The radius at the tip in pixels.
  var tipRadius: Double
  /// What it sends back.
  var colour: SIMD3<Float>
  /// How much of the background it hides, 0…1.
  var opacity: Float
  /// The strength of a streak of light along it.
  var highlight: Float
  /// How much the middle is brighter than the edges, as in shafts without pigment.
  var lustre: Float
  /// The width of the edge in pixels: 1 in focus, more when out of focus.
  var softness = 1.0
}

/// Lays shafts over a canvas, one after the other, and keeps account of who is on top.
///
/// A pixel's coverage is the share of its square that a straight bar covers, exact: summed over the
/// picture it is the shaft's area, whatever its direction and phase. Joints of the centreline are
/// round, the ends are cut flat.
struct ShaftPainter {
  /// The picture to paint on.
  let brush: Brush

  /// Lays shafts, the first at the bottom.
  ///
  /// - Returns: the share of each that no later one hides; 1 for one without a pixel in the picture.
  @discardableResult
  func paint(_ strokes: [ShaftStroke]) -> [Double] {
    var claimed = Array(repeating: 0, count: strokes.count)
    var kept = claimed
    var coverage = Plane<Float>(width: brush.width, height: brush.height, repeating: 0)
    var side = Plane<Float>(width: brush.width, height: brush.height, repeating: 0)
    var owner = Plane<Int32>(width: brush.width, height: brush.height, repeating: -1)
    coverage.withUnsafeMutableSamples { coverage in
      side.withUnsafeMutableSamples { side in
        owner.withUnsafeMutableSamples { owner in
          var sheet = ShaftSheet(brush: brush, coverage: coverage, side: side, owner: owner)
          for (number, stroke) in strokes.enumerated() {
            claimed[number] = sheet.paint(stroke, number: Int32(number))
          }
          for number in owner where number >= 0 { kept[Int(number)] += 1 }
        }
      }
    }
    return zip(kept, claimed).map { $1 == 0 ? 1 : Double($0) / Double($1) }
  }
}

/// The scratch memory of ``ShaftPainter``: the shaft at hand, and who owns each pixel.
private struct ShaftSheet {
  let brush: Brush
  /// How much of each pixel the shaft at hand covers; zero between shafts.
  let coverage: UnsafeMutableBufferPointer<Float>
  /// Where the pixel lies across it.
  let side: UnsafeMutableBufferPointer<Float>
  /// The topmost shaft so far.
  let owner: UnsafeMutableBufferPointer<Int32>
  private var touched: [Int32] = []

  init(
    brush: Brush, coverage: UnsafeMutableBufferPointer<Float>,
    side: UnsafeMutableBufferPointer<Float>, owner: UnsafeMutableBufferPointer<Int32>
  ) {
    self.brush = brush
    self.coverage = coverage
    self.side = side
    self.owner = owner
  }

  /// Lays one shaft on top; returns how many pixels it claims.
  mutating func paint(_ stroke: ShaftStroke, number: Int32) -> Int {
    cover(stroke)
    var claimed = 0
    // A shaft thinner than a pixel never covers half of one; it claims where it covers most.
    let threshold = 0.5 * Float(min(1, 2 * max(stroke.rootRadius, stroke.tipRadius)))
    for index in touched {
      let index = Int(index)
      let covered = coverage[index]
      coverage[index] = 0
      lay(stroke, covered, side[index], index)
      if covered >= threshold {
        owner[index] = number
        claimed += 1
      }
    }
    touched.removeAll(keepingCapacity: true)
    return claimed
  }

  @inline(__always)
  private func lay(_ stroke: ShaftStroke, _ covered: Float, _ side: Float, _ index: Int) {
    var colour = stroke.colour * (1 + stroke.lustre * (0.33 - side * side))
    // The streak lies a third of the radius off the middle, as the light comes from the side.
    let off = (side + 0.33) / 0.22
    let streak = stroke.highlight * max(0, 1 - off * off)
    colour += SIMD3(repeating: streak)
    brush.lay(colour, opacity: covered * stroke.opacity, at: index)
  }

  private mutating func cover(_ stroke: ShaftStroke) {
    let last = stroke.points.count - 2
    guard last >= 0 else { return }
    for segment in 0...last {
      let from = Double(segment) / Double(last + 1)
      let to = Double(segment + 1) / Double(last + 1)
      let taper = stroke.tipRadius - stroke.rootRadius
      let piece = ShaftSegment(
        start: stroke.points[segment], end: stroke.points[segment + 1],
        startRadius: stroke.rootRadius + taper * from, endRadius: stroke.rootRadius + taper * to,
        flatStart: segment == 0, flatEnd: segment == last, softness: stroke.softness)
      guard let box = brush.pixels(from: piece.low, to: piece.high) else { continue }
      for y in box.rows {
        for x in box.columns {
          let (covered, across) = piece.coverage(at: SIMD2(Float(x), Float(y)))
          let index = y * brush.width + x
          guard covered > coverage[index] else { continue }
          if coverage[index] == 0 { touched.append(Int32(index)) }
          coverage[index] = covered
          side[index] = across
        }
      }
    }
  }
}

/// One straight piece of a shaft.
private struct ShaftSegment {
  let low: SIMD2<Double>
  let high: SIMD2<Double>
  private let start: SIMD2<Float>
  private let direction: SIMD2<Float>
  private let length: Float
  private let startRadius: Float
  private let slope: Float
  private let flatStart: Bool
  private let flatEnd: Bool
  private let footprint: PixelFootprint

  init(
    start: SIMD2<Double>, end: SIMD2<Double>, startRadius: Double, endRadius: Double,
    flatStart: Bool, flatEnd: Bool, softness: Double
  ) {
    let margin = max(startRadius, endRadius) + softness
    low = SIMD2(min(start.x, end.x) - margin, min(start.y, end.y) - margin)
    high = SIMD2(max(start.x, end.x) + margin, max(start.y, end.y) + margin)
    let span = end - start
    let distance = max(span.length, 1e-6)
    self.start = SIMD2(Float(start.x), Float(start.y))
    direction = SIMD2(Float(span.x / distance), Float(span.y / distance))
    length = Float(distance)
    self.startRadius = Float(startRadius)
    slope = Float((endRadius - startRadius) / distance)
    self.flatStart = flatStart
    self.flatEnd = flatEnd
    footprint =
      softness > 1
      ? PixelFootprint(long: Float(softness), short: 0)
      : PixelFootprint(
        long: max(abs(direction.x), abs(direction.y)),
        short: min(abs(direction.x), abs(direction.y)))
  }

  /// The covered share of a pixel, and where it lies across the shaft: -1 and 1 are the edges.
  @inline(__always)
  func coverage(at pixel: SIMD2<Float>) -> (Float, side: Float) {
    let offset = pixel - start
    let along = offset.x * direction.x + offset.y * direction.y
    let across = offset.y * direction.x - offset.x * direction.y
    var share: Float = 1
    var distance = abs(across)
    if flatStart {
      share = footprint.share(below: along)
    } else if along < 0 {
      distance = (across * across + along * along).squareRoot()
    }
    let beyond = along - length
    if flatEnd {
      share = min(share, footprint.share(below: -beyond))
    } else if beyond > 0 {
      distance = (across * across + beyond * beyond).squareRoot()
    }
    guard share > 0 else { return (0, 0) }
    let radius = startRadius + slope * min(max(along, 0), length)
    let bar = footprint.share(below: radius - distance) - footprint.share(below: -radius - distance)
    return (bar * share, min(max(across / radius, -1), 1))
  }
}

/// A pixel's square seen edge on: its projection on a line is a trapezium, the convolution of two
/// boxes as wide as the square's edges project.
///
/// It is the same along a shaft and across it. Out of focus a single wider box stands for it.
private struct PixelFootprint {
  private let long: Float
  private let reach: Float
  private let flat: Float
  private let slope: Float

  init(long: Float, short: Float) {
    self.long = long
    // Below two hundredths the second box changes nothing, and its slope would not fit in Float.
    let short = short < 0.02 ? 0 : short
    reach = (long + short) / 2
    flat = (long - short) / 2
    slope = short > 0 ? 1 / (2 * long * short) : 0
  }

  /// The share of the footprint that lies below `x`, in pixels from its middle.
  @inline(__always)
  func share(below x: Float) -> Float {
    if x >= reach { return 1 }
    if x <= -reach { return 0 }
    if x < -flat { return (x + reach) * (x + reach) * slope }
    if x > flat { return 1 - (reach - x) * (reach - x) * slope }
    return 0.5 + x / long
  }
}
