public import ClinicalRecords
public import Imaging

/// Draws what was measured over the picture that it was measured on: every hair by class, its
/// root, the measured area and a scale bar.
///
/// Colours are of Okabe and Ito's palette, which people with the common forms of colour blindness
/// tell apart; classes differ in brightness too, so that a grey print still shows them.
public struct MeasurementOverlay: Sendable {
  /// A colour as red, green and blue.
  public struct Colour: Sendable, Equatable {
    /// Red, 0…255.
    public let red: UInt8
    /// Green, 0…255.
    public let green: UInt8
    /// Blue, 0…255.
    public let blue: UInt8

    /// Makes a colour.
    public init(_ red: UInt8, _ green: UInt8, _ blue: UInt8) {
      self.red = red
      self.green = green
      self.blue = blue
    }

    /// `#rrggbb`.
    public var hexadecimal: String {
      let digits = Array("0123456789abcdef")
      return "#"
        + [red, green, blue].map { "\(digits[Int($0 >> 4)])\(digits[Int($0 & 15)])" }.joined()
    }
  }

  /// The colour of a class of hair.
  public static func colour(of class: Hair.Class) -> Colour {
    switch `class` {
    case .terminal: Colour(86, 180, 233)
    case .vellus: Colour(240, 228, 66)
    case .unresolved: Colour(213, 94, 0)
    }
  }

  /// Whether hairs that are not counted are drawn, thin and faint.
  public var showsUncounted: Bool

  /// Makes an overlay.
  public init(showsUncounted: Bool = true) { self.showsUncounted = showsUncounted }

  /// The picture with the measurement drawn on it, in colour.
  ///
  /// Lines are as wide as the picture's width asks (one 450th, at least 1.5 pixels), so that they
  /// read the same at every size.
  ///
  /// - Parameters:
  ///   - measurement: what to draw; its coordinates are those of ``HairMeasurement/image``.
  ///   - picture: that picture, upright, at any size.
  public func draw(
    _ measurement: HairMeasurement, on picture: InterleavedImage<UInt8>
  ) -> InterleavedImage<UInt8> {
    var canvas = PaintCanvas(picture)
    let place = PictureScaling(
      across: Double(picture.width) / Double(measurement.image.width),
      down: Double(picture.height) / Double(measurement.image.height))
    let width = max(1.5, Double(picture.width) / 450)
    drawArea(measurement.measuredArea, place, width, on: &canvas)
    for hair in measurement.hairs where showsUncounted && !hair.counted {
      canvas.stroke(
        hair.centreline.compactMap(place.map), width: width * 0.7,
        MeasurementOverlay.colour(of: hair.class), opacity: 0.55)
    }
    for hair in measurement.hairs where hair.counted {
      let line = hair.centreline.compactMap(place.map)
      canvas.stroke(line, width: width + 1.2, Colour(20, 24, 28), opacity: 0.45)
      canvas.stroke(line, width: width, MeasurementOverlay.colour(of: hair.class), opacity: 1)
    }
    for hair in measurement.hairs where hair.counted {
      guard let root = place.map(hair.root) else { continue }
      canvas.dot(root, radius: width * 1.5 + 0.8, Colour(20, 24, 28), opacity: 0.8)
      canvas.dot(root, radius: width * 1.5, Colour(255, 255, 255), opacity: 1)
    }
    let micrometres = measurement.scale.micrometresPerPixel / place.across
    ScaleBar(micrometresPerPixel: micrometres, pictureWidth: picture.width)
      .draw(on: &canvas)
    return canvas.image
  }

  private func drawArea(
    _ area: MeasuredArea, _ place: PictureScaling, _ width: Double, on canvas: inout PaintCanvas
  ) {
    var outline = area.outline.compactMap(place.map)
    guard outline.count > 2, let first = outline.first else { return }
    outline.append(first)
    // An outline along the picture's border would be half cut off; it is drawn just inside.
    outline = outline.map { canvas.inside($0, margin: width) }
    canvas.stroke(outline, width: width + 1, Colour(20, 24, 28), opacity: 0.35)
    canvas.stroke(outline, width: width * 0.8, Colour(255, 255, 255), opacity: 0.9)
  }
}

/// Takes a measurement's pixel coordinates to those of a picture of another size.
struct PictureScaling {
  let across: Double
  let down: Double

  /// The place of a point; pixel areas keep their place, so half a pixel is taken off and added.
  func map(_ point: [Double]) -> PaintPoint? {
    guard point.count == 2, point[0].isFinite, point[1].isFinite else { return nil }
    return PaintPoint(x: (point[0] + 0.5) * across - 0.5, y: (point[1] + 0.5) * down - 0.5)
  }
}
