import ClinicalRecords
import HairAnalysis
import ImageCodecs
import Imaging
import Phantom

/// The same round piece of scalp in any photograph of it, and what is true of it.
///
/// Roots are counted in a circle around the scalp's own centre, wherever the probe stood: what
/// differs between two photographs is then the measurement's.
struct MeasuredScalp {
  /// 1 cm² of skin, as the reference study asks for.
  static let radius = 5641.9

  /// What is reported of a photograph.
  struct Figures {
    var density: Double
    var vellusDensity: Double
    var medianDiameter: Double
    var cumulativeThickness: Double
  }

  let scene: ScalpScene
  var conditions: CaptureConditions

  /// Scalps differ in density and thickness as subjects of a trial do.
  static func description(_ number: Int) -> ScalpDescription {
    var description = ScalpDescription()
    // A low-discrepancy walk: every few scalps cover the range.
    let place = (Double(number) * 0.618_034).truncatingRemainder(dividingBy: 1)
    description.hairsPerSquareCentimetre = 90 + 160 * place
    description.terminalDiameterMean =
      58 + 20 * (Double(number) * 0.754_878).truncatingRemainder(dividingBy: 1)
    return description
  }

  init(_ description: ScalpDescription, seed: UInt64) throws {
    var conditions = CaptureConditions()
    conditions.width = 1800
    conditions.height = 1800
    conditions.micrometresPerPixel = 7
    conditions.seed = seed
    self.conditions = conditions
    scene = try ScalpScene(description, patch: conditions.patch(reach: 1500), seed: seed)
  }

  /// Photographs and measures it.
  func measured(
    under conditions: CaptureConditions, _ settings: HairAnalyserSettings = HairAnalyserSettings()
  ) throws -> (figures: Figures, findings: HairFindings) {
    let file = try JPEGEncoder(quality: 92).encode(scene.photographed(under: conditions).image)
    let light = StandardTone.light(of: try ImageDecoder().decode(file))
    let findings = HairAnalyser(settings: settings).measure(
      light, micrometresPerPixel: conditions.micrometresPerPixel,
      region: MeasuredRegion(
        circleAround: conditions.pixel(ofScalp: SIMD2(0, 0)),
        radius: MeasuredScalp.radius / conditions.micrometresPerPixel))
    let area =
      Double(findings.openPixels) * conditions.micrometresPerPixel
      * conditions.micrometresPerPixel * 1e-8
    let counted = findings.hairs.filter(\.counted)
    return (
      MeasuredScalp.figures(
        counted.count, counted.compactMap { $0.diameter?.value }, area: area), findings
    )
  }

  /// What is true of the circle.
  var truth: Figures {
    get throws {
      let picture = try scene.photographed(under: conditions)
      let inside = picture.truth.hairs.filter { hair in
        let offset =
          (hair.root - conditions.pixel(ofScalp: SIMD2(0, 0))) * conditions.micrometresPerPixel
        return (offset * offset).sum() < MeasuredScalp.radius * MeasuredScalp.radius
      }
      return MeasuredScalp.figures(
        inside.count, inside.map(\.diameterMicrometres),
        area: Double.pi * MeasuredScalp.radius * MeasuredScalp.radius * 1e-8)
    }
  }

  private static func figures(_ count: Int, _ diameters: [Double], area: Double) -> Figures {
    let sorted = diameters.sorted()
    // Hairs whose diameter is not known count with the mean of the others.
    let mean = sorted.reduce(0, +) / Double(max(1, sorted.count))
    return Figures(
      density: Double(count) / area,
      vellusDensity: Double(sorted.count { $0 <= CutOffs().vellusAtMost }) / area,
      medianDiameter: sorted.isEmpty ? .nan : sorted[sorted.count / 2],
      cumulativeThickness: mean * Double(count) / area / 1000)
  }
}
