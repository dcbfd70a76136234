import ClinicalRecords
import Imaging

/// Decides whether a picture is good enough, and says what to do if it is not.
///
/// The limits are where figures begin to move: a point spread of 14 µm raised the mean absolute error
/// of diameters from 6 to 8 µm and of vellus hair to +13 µm; each per cent of glare hides about a
/// per cent of the shafts; of long hair that crosses, every second line found is no hair (phantoms
/// have F1 0.3, clipped ones 0.9).
struct QualityGate: Sendable {
  /// The widest point spread that is accepted, in µm.
  static let widestPointSpread = 14.0
  /// The most glare that is accepted.
  static let mostGlare = 0.05
  /// The least share of the picture that must be measurable.
  static let leastOpenShare = 0.5
  /// The longest that the longest tenth of the lines may be, in µm: stubs are cut to 1.5 mm at most
  /// (STUDY §4), and a tenth of those that are drew 0.9 to 1.2 mm, of long hair 2.5 mm and more.
  static let longestStub = 2000.0
  /// The linear light of skin that is too dark, and the share of white that is too bright.
  static let darkestSkin: Float = 0.03
  static let mostWhite: Float = 0.10

  /// The light of a picture in three numbers.
  struct Light: Sendable {
    /// The median linear light.
    var median: Float
    /// The share of samples at full scale.
    var whiteShare: Float

    init(_ plane: Plane<Float>, mask: Plane<UInt8>) {
      var values: [Float] = []
      values.reserveCapacity(plane.count / 60 + 1)
      plane.withUnsafeSamples { samples in
        mask.withUnsafeSamples { masked in
          for index in stride(from: 0, to: samples.count, by: 61) where masked[index] == 0 {
            values.append(samples[index])
          }
        }
      }
      // Of a picture that is covered whole nothing can be said; that it is covered, is.
      median = values.isEmpty ? 1 : quantile(values, 0.5)
      // 0.98 of linear full scale is 253 of 255 in sRGB.
      let white = values.count { $0 >= 0.98 }
      whiteShare = values.isEmpty ? 0 : Float(white) / Float(values.count)
    }
  }

  /// The verdict.
  static func verdict(
    light: Light, glareShare: Double, pointSpread: Double?, openShare: Double, lengths: [Double]
  ) -> MeasurementQuality {
    var reasons: [String] = []
    var exposure = "good"
    if light.median < darkestSkin {
      exposure = "dark"
      reasons.append("too dark: raise the exposure or the light, clean the lens")
    } else if light.whiteShare > mostWhite {
      exposure = "bright"
      reasons.append("too bright: lower the exposure or the light")
    }
    if glareShare > mostGlare {
      reasons.append("glare: add gel, press out bubbles, check that the polariser is crossed")
    }
    if pointSpread == nil {
      reasons.append("nothing sharp to measure: focus, and check that the probe rests on hair")
    } else if let pointSpread, pointSpread > widestPointSpread {
      reasons.append("not sharp: rest the probe on the skin, focus again, hold still")
    }
    if openShare < leastOpenShare {
      reasons.append(
        "more than half of the picture is covered: switch overlays off, centre the probe")
    }
    if !lengths.isEmpty, quantile(lengths.map { Float($0) }, 0.9) > Float(longestStub) {
      reasons.append("long hair: its count is not reliable, clip it to 0.5 to 1.5 mm")
    }
    // Half at 14 µm, where the gate closes; a perfect lens would give 1.
    let sharpness = pointSpread.map {
      1 / (1 + ($0 / widestPointSpread) * ($0 / widestPointSpread))
    }
    return MeasurementQuality(
      accepted: reasons.isEmpty, reasons: reasons, sharpness: sharpness ?? 0,
      pointSpreadSigmaMicrometres: pointSpread, glareShare: glareShare, exposure: exposure)
  }
}
