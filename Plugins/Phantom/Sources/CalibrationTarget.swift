/// A target of calibration in place of scalp: an even white plate, or dots of known pitch on it.
///
/// Rendered by the same optics and sensor as a scalp, so that a flat field and a scale measured on
/// it hold for the scalp's pictures.
public struct CalibrationTarget: Sendable, Codable, Equatable {
  /// The spacing of dots in µm, in rows and columns; no dots at 0.
  public var pitch: Double
  /// The diameter of dots in µm.
  public var dotDiameter: Double
  /// What the plate sends back, 0…1; white tiles have 0.8 and more.
  public var reflectance: Double

  /// A dot grid: one dot lies where the unshifted probe has its centre.
  public static func dotGrid(pitch: Double = 500, dotDiameter: Double = 200) -> CalibrationTarget {
    CalibrationTarget(pitch: pitch, dotDiameter: dotDiameter, reflectance: 0.85)
  }

  /// An even plate for a flat field.
  public static let flatField = CalibrationTarget(pitch: 0, dotDiameter: 0, reflectance: 0.45)

  /// Photographs the target.
  ///
  /// - Returns: the picture, and the centres of all dots that lie in it whole, in pixels, row by
  ///   row.
  /// - Throws: ``PhantomError``.
  public func photographed(
    under conditions: CaptureConditions
  ) throws -> (picture: PhantomPicture, dots: [SIMD2<Double>]) {
    try conditions.validate()
    try CheckedQuantity.check([
      CheckedQuantity("dot pitch", pitch, 0...10_000, "um"),
      CheckedQuantity("dot diameter", dotDiameter, 0...max(pitch, 0), "um"),
      CheckedQuantity("reflectance", reflectance, 0.05...1),
    ])
    let scale = conditions.micrometresPerPixel
    guard pitch == 0 || pitch >= 4 * scale else {
      throw PhantomError(
        .contradiction, subject: "a dot pitch of \(pitch) um at \(scale) um per pixel",
        hint: "choose at least four pixels from dot to dot")
    }
    let frame = PixelFrame(conditions)
    var canvas = LinearCanvas(width: conditions.width, height: conditions.height)
    let plate = SIMD3<Float>(repeating: Float(reflectance))
    let centres = pitch > 0 ? dotCentres(conditions, frame) : []
    let radius = dotDiameter / 2 / scale
    canvas.paint { brush in
      for index in 0..<(brush.width * brush.height) { brush.add(plate, at: index) }
      for centre in centres { paintDot(at: centre, radius, on: brush) }
      ContactFilm(conditions).paintBubbles(on: brush)
    }
    PointSpread(conditions).apply(to: &canvas)
    let mean = LinearColour(reflectance, reflectance, reflectance)
    let image = Sensor(conditions, skin: mean).expose(canvas)
    let truth = PhantomTruth(
      width: conditions.width, height: conditions.height, micrometresPerPixel: scale, hairs: [],
      overlayBoxes: [])
    let whole = centres.filter {
      $0.x >= radius && $0.y >= radius && $0.x <= Double(conditions.width - 1) - radius
        && $0.y <= Double(conditions.height - 1) - radius
    }
    return (PhantomPicture(image: image, truth: truth), whole)
  }

  private func dotCentres(_ conditions: CaptureConditions, _ frame: PixelFrame) -> [SIMD2<Double>] {
    let reach = conditions.patch(reach: pitch).x / 2 + abs(conditions.shift[0])
    let count = Int(reach / pitch) + abs(Int(conditions.shift[1] / pitch)) + 1
    let margin = dotDiameter / frame.micrometresPerPixel
    var centres: [SIMD2<Double>] = []
    for row in -count...count {
      for column in -count...count {
        let centre = frame.pixel(SIMD2(Double(column), Double(row)) * pitch)
        guard centre.x > -margin, centre.y > -margin,
          centre.x < Double(conditions.width) + margin,
          centre.y < Double(conditions.height) + margin
        else { continue }
        centres.append(centre)
      }
    }
    return centres
  }

  private func paintDot(at centre: SIMD2<Double>, _ radius: Double, on brush: Brush) {
    let reach = SIMD2(repeating: radius + 1)
    guard let box = brush.pixels(from: centre - reach, to: centre + reach) else { return }
    for y in box.rows {
      for x in box.columns {
        let away = (SIMD2(Double(x), Double(y)) - centre).length
        let covered = Float(min(max(radius + 0.5 - away, 0), 1))
        brush.lay(SIMD3(repeating: 0.02), opacity: covered, at: y * brush.width + x)
      }
    }
  }
}
