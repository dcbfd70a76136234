public import ClinicalRecords
public import Imaging

/// Finds and measures the hairs of a picture.
public struct HairAnalyser: Sendable {
  var workingMicrometresPerPixel: Float = 5.6

  /// Makes an analyser.
  public init() {}

  public struct Draft: Sendable {
    public var line: [SIMD2<Float>]
    public var width: Float
    public var length: Float
    public var contrast: Float
  }

  public func draft(_ light: LinearLight, micrometresPerPixel: Double) -> [Draft] {
    let mask = OverlayMask(of: light)
    let factor = Float(micrometresPerPixel) / workingMicrometresPerPixel
    let width = max(1, Int((Float(light.width) * factor).rounded()))
    let height = max(1, Int((Float(light.height) * factor).rounded()))
    let native: Plane<Float>
    switch light {
    case .grey(let plane): native = plane
    case .colour(let red, let green, let blue):
      native = Plane(width: light.width, height: light.height) { target in
        red.withUnsafeSamples { r in
          green.withUnsafeSamples { g in
            blue.withUnsafeSamples { b in
              var i = 0
              while i < target.count {
                target[i] = 0.25 * r[i] + 0.5 * g[i] + 0.25 * b[i]
                i &+= 1
              }
            }
          }
        }
      }
    }
    let intensity = native.resampled(toWidth: width, height: height)
    let covered = Plane<UInt8>(width: width, height: height) { target in
      for y in 0..<height {
        for x in 0..<width {
          target[y * width + x] =
            mask.covered[
              min(light.width - 1, Int((Float(x) + 0.5) / factor)),
              min(light.height - 1, Int((Float(y) + 0.5) / factor))]
        }
      }
    }
    let density = OpticalDensity(
      intensity: intensity, mask: covered, micrometresPerPixel: workingMicrometresPerPixel)
    let field = RidgeDetector.field(
      of: density.density, micrometresPerPixel: workingMicrometresPerPixel)
    let tracer = ShaftTracer(micrometresPerPixel: workingMicrometresPerPixel)
    let found = tracer.candidates(in: density.density, field: field)
    var away = ExplainAway(width: width, height: height)
    var kept: [Draft] = []
    for one in found {
      let diameter = min(one.widthMicrometres, 110) / workingMicrometresPerPixel
      let verdict = away.verdict(
        on: one.line, diameter: diameter, contrast: one.profile.contrast, density: density.density)
      guard verdict.darkShare >= 0.5, verdict.newShare >= 0.5 else { continue }
      away.keep(one.line, diameter: diameter)
      kept.append(
        Draft(
          line: one.line.points.map { ($0 + 0.5) / factor - 0.5 }, width: one.widthMicrometres,
          length: one.lengthMicrometres, contrast: one.profile.contrast))
    }
    return kept
  }
}
