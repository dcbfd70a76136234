import ClinicalRecords
public import Imaging

/// Finds and measures the hairs of a picture in linear light.
///
/// Overlays are masked; the density of shafts against the skin is taken in the channel that shows
/// them best; ridges of four widths are traced, linked and merged at 5.6 µm a sample; lines that
/// explain nothing new or that a classifier takes for skin are dropped; diameters are fitted on the
/// picture's own pixels; root is told from tip, and roots are gathered into follicular units.
///
/// A pure value: the same picture and settings give the same findings to the last bit. Costs some
/// 60 ms a megapixel at 2.8 µm a pixel and 100 ms at 5 µm on one core, and 12 planes of `Float` at
/// the working scale plus one of the picture's size.
public struct HairAnalyser: Sendable {
  /// What is held fixed.
  public var settings: HairAnalyserSettings

  /// Makes an analyser.
  public init(settings: HairAnalyserSettings = HairAnalyserSettings()) {
    self.settings = settings
  }

  /// Planes of one picture serve the next: mapping fresh pages costs a sixth of the time.
  private let pool = FramePool(byteLimit: 384 << 20)

  /// The version of the classifier's table, for provenance.
  public static var classifierVersion: String { CandidateClassifier.version }

  /// The names of the classifier's features, in their order; the first table sees those of the line
  /// itself, which come first.
  public static var featureNames: [String] { CandidateFeatures.names + CandidateContext.names }

  /// Measures a picture.
  ///
  /// - Parameters:
  ///   - light: linear light, 0 to 1.
  ///   - micrometresPerPixel: from 0.5 to 50; outside of it no hair has a width that can be seen.
  ///   - unmeasurable: nonzero where nothing can be measured; of the picture's size.
  ///   - region: where roots are counted; the whole picture when `nil`.
  ///   - channel: the light that is measured; the settings', or else the picture's best, when `nil`.
  public func measure(
    _ light: LinearLight, micrometresPerPixel: Double, unmeasurable: Plane<UInt8>? = nil,
    region: MeasuredRegion? = nil, in channel: MeasurementChannel? = nil
  ) -> HairFindings {
    var settings = settings
    settings.channel = channel ?? settings.channel
    let region = region ?? MeasuredRegion(wholeWidth: light.width, height: light.height)
    let mask = mask(of: light, and: unmeasurable)
    let pixels = region.pixelCounts(mask: mask)
    let field = FieldExamination(
      light, mask: mask, micrometresPerPixel: Float(micrometresPerPixel), settings: settings,
      pool: pool)
    let hairs = TracedHairs(
      field, light, settings: settings, micrometresPerPixel: micrometresPerPixel, pool: pool)
    let records = hairs.records(region: region, mask: mask)
    let quality = QualityGate.verdict(
      light: field.light, glareShare: Double(field.glareShare), pointSpread: hairs.pointSpread,
      openShare: Double(pixels.open) / Double(max(1, pixels.open + pixels.masked)),
      lengths: records.map(\.length))
    return HairFindings(
      hairs: records, mask: mask, openPixels: pixels.open,
      maskedPixels: pixels.masked, quality: quality, channel: field.channel,
      skinTexture: Double(field.texture))
  }

  /// The channel that shows a picture's hairs best.
  ///
  /// - Parameters:
  ///   - light: linear light, 0 to 1.
  ///   - micrometresPerPixel: from 0.5 to 50.
  public func bestChannel(
    of light: LinearLight, micrometresPerPixel: Double
  ) -> MeasurementChannel {
    let picture = WorkingPicture(
      light, mask: mask(of: light, and: nil), micrometresPerPixel: Float(micrometresPerPixel),
      pool: pool)
    return ChannelChoice.best(for: picture, pool: pool)
  }

  /// Every candidate of a picture with its features, before the classifier: for its training.
  ///
  /// - Parameters:
  ///   - light: linear light, 0 to 1.
  ///   - micrometresPerPixel: from 0.5 to 50.
  ///   - confidences: what the first table makes of each candidate that is given without them; those
  ///     that are likely come back with the features of the second.
  public func trainingCandidates(
    in light: LinearLight, micrometresPerPixel: Double, confidences: [Float]? = nil
  ) -> [TrainingCandidate] {
    var open = settings
    open.leastConfidence = 0
    let field = FieldExamination(
      light, mask: mask(of: light, and: nil),
      micrometresPerPixel: Float(micrometresPerPixel), settings: open,
      confidences: confidences.map { .given($0) } ?? .none, pool: pool)
    return zip(field.candidates, field.cues).map { candidate, cues in
      let points = candidate.line.points.map(field.geometry.picturePoint)
      return TrainingCandidate(
        centreline: points.map { [Double($0.x), Double($0.y)] }, features: candidate.features,
        polarityCues: cues)
    }
  }

  private func mask(of light: LinearLight, and given: Plane<UInt8>?) -> Plane<UInt8> {
    var mask = OverlayMask(of: light, pool: pool).covered
    guard let given else { return mask }
    precondition(
      given.width == light.width && given.height == light.height, "a mask of the picture's size")
    mask.withUnsafeMutableSamples { target in
      given.withUnsafeSamples { source in
        for index in target.indices where source[index] != 0 { target[index] = 255 }
      }
    }
    return mask
  }
}
