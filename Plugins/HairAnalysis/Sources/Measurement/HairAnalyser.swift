public import ClinicalRecords
public import Imaging

/// Finds and measures the hairs of a picture.
public struct HairAnalyser: Sendable {
  public var newShare: Float = 0.3
  public var high: Float = 7
  public var low: Float = 2.4
  public var channel: MeasurementChannel?
  /// Makes an analyser.
  public init() {}

  public struct Draft: Sendable {
    public var line: [SIMD2<Float>]
    public var width: Float
    public var length: Float
    public var contrast: Float
    public var features: [Float]
  }

  public func draft(_ light: LinearLight, micrometresPerPixel: Double, times: inout [Double], channelUsed: inout MeasurementChannel) -> [Draft] {
    let clock = ContinuousClock()
    var last = clock.now
    var slot = 0
    func tick() {
      let now = clock.now
      let d = now - last
      if times.count <= slot { times.append(0) }
      times[slot] += Double(d.components.attoseconds) * 1e-18
      slot += 1
      last = now
    }
    let overlay = OverlayMask(of: light)
    tick()
    let picture = WorkingPicture(
      light, mask: overlay.covered, micrometresPerPixel: Float(micrometresPerPixel))
    tick()
    let channel = channel ?? ChannelChoice.best(for: picture)
    channelUsed = channel
    tick()
    let scale = WorkingPicture.micrometresPerPixel
    let density = OpticalDensity(
      intensity: picture.intensity(channel), mask: picture.mask, micrometresPerPixel: scale)
    tick()
    let field = RidgeDetector.field(of: density.density, micrometresPerPixel: scale)
    tick()
    let tint = SkinTint(picture)
    tick()
    let tracer = ShaftTracer(micrometresPerPixel: scale, highMultiple: high, lowMultiple: low)
    let (found, texture) = tracer.candidates(in: density.density, field: field)
    tick()
    var away = ExplainAway(width: picture.width, height: picture.height)
    var kept: [HairCandidate] = []
    var verdicts: [ExplainAway.Verdict] = []
    for one in found {
      let diameter = min(one.widthMicrometres, 110) / scale
      let verdict = away.verdict(
        on: one.line, diameter: diameter, contrast: one.profile.contrast, density: density.density)
      guard verdict.darkShare >= 0.5, verdict.newShare >= newShare else { continue }
      away.keep(one.line, diameter: diameter)
      kept.append(one)
      verdicts.append(verdict)
    }
    tick()
    density.density.withSampler { sampler in
      let features = CandidateFeatures(
        texture: texture, width: picture.width, height: picture.height, micrometresPerPixel: scale)
      if let tint {
        tint.withTint { features.fill(&kept, verdicts: verdicts, density: sampler, tint: $0) }
      } else {
        features.fill(&kept, verdicts: verdicts, density: sampler, tint: { _ in 0 })
      }
    }
    tick()
    return kept.map {
      Draft(
        line: $0.line.points.map(picture.picturePoint), width: $0.widthMicrometres,
        length: $0.lengthMicrometres, contrast: $0.profile.contrast, features: $0.features)
    }
  }
}
