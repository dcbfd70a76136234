import StageKit

/// How a scalp is photographed: optics, where the probe stands, light, gel, sensor, overlay.
public struct CaptureConditions: Sendable, Codable, Equatable {
  /// Pixels a row.
  public var width = 1280
  /// Rows.
  public var height = 960
  /// µm per pixel in the contact plane.
  public var micrometresPerPixel = 5.0
  /// Standard deviation of the point spread in µm; dermatoscopes at 20x to 70x have 5 to 10.
  public var pointSpread = 7.0
  /// By how much the point spread grows to the corners, in µm: the skin bulges off the plane.
  public var edgeDefocus = 0.0
  /// The probe's shift against the scene's centre in µm.
  public var shift = [0.0, 0.0]
  /// The probe's turn in degrees, clockwise.
  public var rotation = 0.0
  /// The light, 1 = mid-tone skin well below white.
  public var exposure = 1.0
  /// The light's warmth: above 0 more red, below 0 more blue.
  public var warmth = 0.0
  /// The fall of light to the corners, 0…0.9.
  public var vignette = 0.15
  /// The slope of light across the picture, 0…0.5.
  public var tilt = 0.05
  /// The share of the picture with specular patches, 0…0.3.
  public var glare = 0.0
  /// Bubbles in the immersion film.
  public var bubbles = 0
  /// Electrons at white: shot noise is its square root; 8,000 is a 2 µm pixel of 2020.
  public var fullWellElectrons = 8000.0
  /// Electrons of noise in the dark.
  public var readNoiseElectrons = 8.0
  /// What the device's software draws into the picture.
  public var overlay = BurnedInOverlay()
  /// The seed of what is not skin or hair: noise, bubbles, glare.
  public var seed: UInt64 = 1

  /// 1280 x 960 pixels at 5 µm, sharp, evenly lit, without overlay.
  public init() {}

  /// The field in cm².
  public var fieldSquareCentimetres: Double {
    Double(width) * Double(height) * micrometresPerPixel * micrometresPerPixel * 1e-8
  }

  /// Throws ``PhantomError`` for the first value that cannot be rendered.
  public func validate() throws(PhantomError) {
    try CheckedQuantity.check([
      CheckedQuantity("width", Double(width), 16...16_384, "pixels"),
      CheckedQuantity("height", Double(height), 16...16_384, "pixels"),
      CheckedQuantity("scale", micrometresPerPixel, 0.5...50, "um per pixel"),
      CheckedQuantity("point spread", pointSpread, 0...100, "um"),
      CheckedQuantity("edge defocus", edgeDefocus, 0...100, "um"),
      CheckedQuantity("rotation", rotation, -360...360, "degrees"),
      CheckedQuantity("exposure", exposure, 0.05...4),
      CheckedQuantity("warmth", warmth, -0.5...0.5),
      CheckedQuantity("vignette", vignette, 0...0.9),
      CheckedQuantity("tilt", tilt, 0...0.5),
      CheckedQuantity("glare", glare, 0...0.3),
      CheckedQuantity("bubbles", Double(bubbles), 0...500),
      CheckedQuantity("full well", fullWellElectrons, 100...1_000_000, "electrons"),
      CheckedQuantity("read noise", readNoiseElectrons, 0...1000, "electrons"),
    ])
    guard shift.count == 2 else {
      throw PhantomError(
        .contradiction, subject: "a shift is two numbers", hint: "give x and y in um")
    }
    try CheckedQuantity.check(shift.map { CheckedQuantity("shift", $0, -50_000...50_000, "um") })
    guard width * height <= PhantomLimits.pixels else {
      throw PhantomError(
        .tooLarge, subject: "a picture of \(width) x \(height) pixels",
        hint: "choose at most \(PhantomLimits.pixels) pixels")
    }
  }

  /// The same skin once more: the probe lifted and put back by hand.
  ///
  /// Shift (0.25 mm), turn (4°), blur (6 to 10 µm) and light vary as in the retest simulation that
  /// the accuracy figures refer to; exposure by 5 %, as auto exposure leaves it.
  ///
  /// - Parameter number: which retake; the same number gives the same picture.
  public func retaken(_ number: Int) -> CaptureConditions {
    var generator = SeededGenerator(seed: seed, "retake", number)
    var again = self
    again.seed = generator.next()
    again.shift = shift.map { $0 + generator.uniform(-250...250) }
    again.rotation = rotation + generator.uniform(-4...4)
    again.pointSpread = max(0, pointSpread + generator.uniform(-1...3))
    again.exposure = exposure * (1 + 0.05 * generator.uniform(-1...1))
    again.warmth = min(max(warmth + generator.uniform(-0.04...0.04), -0.5), 0.5)
    again.tilt = min(tilt + generator.uniform(0...0.05), 0.5)
    return again
  }

  /// Where a point of the scalp, in µm from the scene's centre, lies in the picture, in pixels.
  public func pixel(ofScalp point: SIMD2<Double>) -> SIMD2<Double> {
    PixelFrame(self).pixel(point)
  }

  /// The size of scalp in µm that holds the field, any turn of it, `reach` around, and retakes.
  public func patch(reach: Double) -> SIMD2<Double> {
    let side = Double(width * width + height * height).squareRoot() * micrometresPerPixel
    let offset = 2 * max(abs(shift[0]), abs(shift[1])) + 2 * 250
    return SIMD2(repeating: side + offset + 2 * reach)
  }
}

/// The map between a picture's pixels and a scalp's micrometres.
struct PixelFrame {
  let micrometresPerPixel: Double
  private let centre: SIMD2<Double>
  private let shift: SIMD2<Double>
  private let turn: SIMD2<Double>

  init(_ conditions: CaptureConditions) {
    micrometresPerPixel = conditions.micrometresPerPixel
    centre = SIMD2(Double(conditions.width - 1) / 2, Double(conditions.height - 1) / 2)
    shift = SIMD2(conditions.shift[0], conditions.shift[1])
    turn = PortableMath.direction(conditions.rotation * PortableMath.twoPi / 360)
  }

  /// Where a pixel lies on the scalp, in µm.
  func scalp(_ pixel: SIMD2<Double>) -> SIMD2<Double> {
    ((pixel - centre) * micrometresPerPixel).turned(by: turn) + shift
  }

  /// Where a point of the scalp lies in the picture, in pixels.
  func pixel(_ point: SIMD2<Double>) -> SIMD2<Double> {
    (point - shift).turned(by: SIMD2(turn.x, -turn.y)) / micrometresPerPixel + centre
  }

  /// From one pixel to the next in a row, in µm of the scalp.
  var stepRight: SIMD2<Double> { turn * micrometresPerPixel }
}
