public import Imaging

/// A picture of a scalp with what is true of it.
public struct PhantomPicture: Sendable {
  /// 8-bit sRGB.
  public let image: InterleavedImage<UInt8>
  /// Every hair.
  public let truth: PhantomTruth
}

extension ScalpScene {
  /// Photographs the scalp.
  ///
  /// Deterministic: the same scene and conditions give the same bytes on every machine. Costs about
  /// 0.2 s a megapixel on one core and 40 bytes a pixel of scratch memory.
  ///
  /// - Throws: ``PhantomError``, also when the field leaves the scene's patch.
  public func photographed(under conditions: CaptureConditions) throws -> PhantomPicture {
    try conditions.validate()
    let frame = PixelFrame(conditions)
    try checkField(conditions, frame)
    var canvas = LinearCanvas(width: conditions.width, height: conditions.height)
    SkinTexture(self).paint(on: &canvas, frame: frame)
    let surface = SkinSurface(self, frame: frame)
    var visible: [Double] = []
    let shown = hairsInPicture(conditions, frame)
    canvas.paint { brush in
      for hair in shown {
        surface.paintBuriedShaft(hair.hair, optics: optics(of: hair.hair), on: brush)
      }
      surface.paintFlakes(on: brush)
      let painter = ShaftPainter(brush: brush)
      painter.paint(surface.debris())
      visible = painter.paint(shown.map { stroke($0.hair, $0.pixels, frame) })
      let film = ContactFilm(conditions)
      film.paintGlare(on: brush)
      film.paintBubbles(on: brush)
    }
    PointSpread(conditions).apply(to: &canvas)
    var image = Sensor(conditions, skin: description.skinTone.reflectance).expose(canvas)
    let boxes = conditions.overlay.draw(
      on: &image, micrometresPerPixel: conditions.micrometresPerPixel)
    let truth = truth(shown, visible, conditions, boxes)
    return PhantomPicture(image: image, truth: truth)
  }

  private typealias Shown = (hair: ScalpHair, pixels: [SIMD2<Double>])

  /// The hairs to paint, bottom first: those of which a part lies in the picture.
  private func hairsInPicture(_ conditions: CaptureConditions, _ frame: PixelFrame) -> [Shown] {
    let margin = 150 / conditions.micrometresPerPixel
    let right = Double(conditions.width) - 1 + margin
    let bottom = Double(conditions.height) - 1 + margin
    return hairs.sorted { ($0.depth, $0.id) < ($1.depth, $1.id) }.compactMap { hair in
      let pixels = hair.centreline().map(frame.pixel)
      let near = pixels.contains {
        $0.x > -margin && $0.y > -margin && $0.x < right && $0.y < bottom
      }
      return near ? (hair, pixels) : nil
    }
  }

  private func checkField(_ conditions: CaptureConditions, _ frame: PixelFrame) throws {
    let right = Double(conditions.width) - 0.5
    let bottom = Double(conditions.height) - 0.5
    for corner in [
      SIMD2(-0.5, -0.5), SIMD2(right, -0.5), SIMD2(-0.5, bottom), SIMD2(right, bottom),
    ] {
      let point = frame.scalp(corner)
      guard abs(point.x) <= patch.x / 2, abs(point.y) <= patch.y / 2 else {
        throw PhantomError(
          .contradiction, subject: "the field leaves the patch of scalp that was grown",
          hint: "grow a patch of at least CaptureConditions.patch(reach:)")
      }
    }
  }

  private func optics(of hair: ScalpHair) -> ShaftOptics {
    ShaftOptics(
      melanin: description.hairColour.melanin * hair.pigment, diameter: hair.diameter,
      grey: hair.grey)
  }

  private func stroke(
    _ hair: ScalpHair, _ pixels: [SIMD2<Double>], _ frame: PixelFrame
  ) -> ShaftStroke {
    let optics = optics(of: hair)
    let perPixel = 2 * frame.micrometresPerPixel
    return ShaftStroke(
      points: pixels, rootRadius: hair.diameter(at: 0) / perPixel,
      tipRadius: hair.diameter(at: 1) / perPixel, colour: optics.colour.vector,
      opacity: Float(optics.opacity),
      highlight: Float(description.shaftHighlight * min(1, hair.diameter / 60)),
      lustre: hair.grey && description.shaftHighlight > 0 ? 0.35 : 0)
  }

  private func truth(
    _ shown: [Shown], _ visible: [Double], _ conditions: CaptureConditions, _ boxes: [[Int]]
  ) -> PhantomTruth {
    let right = Double(conditions.width) - 0.5
    let bottom = Double(conditions.height) - 0.5
    func inside(_ point: SIMD2<Double>) -> Bool {
      point.x >= -0.5 && point.y >= -0.5 && point.x < right && point.y < bottom
    }
    func rounded(_ value: Double) -> Double { (value * 100).rounded() / 100 }
    let all = zip(shown, visible).compactMap { entry, visible -> PhantomTruth.Hair? in
      guard entry.pixels.contains(where: inside) else { return nil }
      return PhantomTruth.Hair(
        id: entry.hair.id,
        centreline: entry.pixels.map { [rounded($0.x), rounded($0.y)] },
        diameterMicrometres: rounded(entry.hair.diameter),
        vellus: entry.hair.isVellus(atMost: description.vellusAtMost), unit: entry.hair.unit,
        telogen: entry.hair.telogen, lengthMicrometres: rounded(entry.hair.length),
        visible: (visible * 1000).rounded() / 1000, rootInside: inside(entry.pixels[0]))
    }
    return PhantomTruth(
      width: conditions.width, height: conditions.height,
      micrometresPerPixel: conditions.micrometresPerPixel,
      hairs: all.sorted { $0.id < $1.id }, overlayBoxes: boxes)
  }
}
