import ClinicalRecords
import Imaging

/// A picture after detection: its candidates with all that is known of them at the working scale.
struct FieldExamination: Sendable {
  /// The working scale's geometry.
  let geometry: WorkingGeometry
  let channel: MeasurementChannel
  let texture: Float
  let glareShare: Float
  let light: QualityGate.Light
  /// In the order of their weight.
  let candidates: [HairCandidate]
  /// The polarity cues of each candidate.
  let cues: [[Float]]

  /// The share of its dark area that a candidate must add to those before it.
  ///
  /// Below the half that suits a tracer alone, as the classifier sees the share itself.
  static let newShare: Float = 0.3
  /// The broadest capsule that explains darkness, in µm: a shaft of 110 µm, the thickest known.
  static let broadestCapsule: Float = 110

  /// Where the confidences come from that the context of candidates is made of.
  enum FirstConfidences {
    /// The first table's, as in every measurement.
    case table
    /// Given, one for each candidate that was traced: for the second table's training.
    case given([Float])
    /// None, and no context: for the first table's training.
    case none
  }

  /// Detects the lines of a picture.
  init(
    _ light: LinearLight, mask: Plane<UInt8>, micrometresPerPixel: Float,
    settings: HairAnalyserSettings, confidences: FirstConfidences = .table, pool: FramePool
  ) {
    let picture = WorkingPicture(
      light, mask: mask, micrometresPerPixel: micrometresPerPixel, pool: pool)
    let scale = WorkingPicture.micrometresPerPixel
    let channel = settings.channel ?? ChannelChoice.best(for: picture, pool: pool)
    let intensity = picture.intensity(channel, pool: pool)
    let tint = SkinTint(picture, pool: pool)
    self.light = QualityGate.Light(intensity, mask: picture.mask)
    let density = OpticalDensity(
      intensity: intensity, mask: picture.mask, micrometresPerPixel: scale, pool: pool)
    let field = RidgeDetector.field(of: density.density, micrometresPerPixel: scale, pool: pool)
    let tracer = ShaftTracer(
      micrometresPerPixel: scale, highMultiple: Float(settings.startMultiple),
      lowMultiple: Float(settings.followMultiple),
      fixedTexture: settings.skinTexture.map { Float($0) })
    let (found, texture) = tracer.candidates(in: density.density, field: field, pool: pool)
    var (kept, verdicts) = FieldExamination.explained(found, by: density.density, pool: pool)
    var cues: [[Float]] = []
    let features = CandidateFeatures(
      texture: texture, width: picture.width, height: picture.height, micrometresPerPixel: scale)
    let polarity = Polarity(micrometresPerPixel: scale)
    density.density.withSampler { sampler in
      func describe(_ tint: (SIMD2<Float>) -> Float) {
        features.fill(&kept, verdicts: verdicts, density: sampler, tint: tint)
        kept = FieldExamination.compared(
          kept, confidences, squareMillimetres: features.squareMillimetres)
        cues = kept.map { polarity.cues(of: $0.line, density: sampler, tint: tint) }
      }
      if let tint {
        tint.withTint { describe($0) }
      } else {
        describe { _ in 0 }
      }
    }
    geometry = picture.geometry
    self.channel = channel
    self.texture = texture
    glareShare = density.glareShare
    candidates = kept
    self.cues = cues
  }

  /// The candidates that may be hairs, with what their neighbours say of them.
  private static func compared(
    _ candidates: [HairCandidate], _ confidences: FirstConfidences, squareMillimetres: Float
  ) -> [HairCandidate] {
    let first: [Float]
    switch confidences {
    case .table: first = candidates.map { CandidateClassifier.first.confidence(of: $0.features) }
    case .given(let values):
      precondition(values.count == candidates.count, "a confidence for each candidate")
      first = values
    case .none: return candidates
    }
    var likely: [HairCandidate] = []
    for (candidate, confidence) in zip(candidates, first)
    where confidence >= CandidateContext.least {
      likely.append(candidate)
      likely[likely.count - 1].confidence = confidence
    }
    let context = CandidateContext(
      likely, squareMillimetres: squareMillimetres,
      micrometresPerPixel: WorkingPicture.micrometresPerPixel)
    for (index, features) in context.features.enumerated() { likely[index].features += features }
    return likely
  }

  private static func explained(
    _ found: [HairCandidate], by density: Plane<Float>, pool: FramePool
  ) -> ([HairCandidate], [ExplainAway.Verdict]) {
    var pass = ExplainAway(width: density.width, height: density.height, pool: pool)
    var kept: [HairCandidate] = []
    var verdicts: [ExplainAway.Verdict] = []
    for candidate in found {
      let diameter =
        min(candidate.widthMicrometres, broadestCapsule) / WorkingPicture.micrometresPerPixel
      let verdict = pass.verdict(
        on: candidate.line, diameter: diameter, contrast: candidate.profile.contrast,
        density: density)
      guard verdict.darkShare >= 0.5, verdict.newShare >= newShare else { continue }
      pass.keep(candidate.line, diameter: diameter)
      kept.append(candidate)
      verdicts.append(verdict)
    }
    return (kept, verdicts)
  }
}
