public import ClinicalRecords

/// How strongly one hair bends.
public struct HairCurl: Sendable, Equatable, Encodable {
  /// What a hair is called.
  public enum Class: String, Sendable, Encodable, CaseIterable {
    /// Bends less than the first cut-off.
    case straight
    /// Between the cut-offs.
    case wavy
    /// Bends as the second cut-off or more.
    case curly
    /// Its line is too uncertain to tell straight from wavy.
    case unresolved
  }

  /// The hair's number in its measurement.
  public let id: Int
  /// The root mean square curvature along it, in 1/mm, noise taken off.
  public let curvature: Double
  /// The standard error of a window's curvature, in 1/mm.
  public let standardError: Double
  /// The class.
  public let `class`: Class

  /// Points along a window: 1 mm at 25 µm, half of what a dermatoscope resolves twice over.
  static let pointsPerWindow = 41

  /// Measures a hair; `nil` when it is shorter than one window.
  ///
  /// A hair is cut into windows, since one circle does not fit a wave. Curvature adds in squares:
  /// its sign changes along a wave, and the mean of its size alone would count noise as curl.
  ///
  /// - Parameter micrometresPerPixel: the scale of the measurement.
  public init?(_ hair: Hair, micrometresPerPixel: Double, settings: CurlSettings) {
    let points = hair.centreline.map { SIMD2($0[0], $0[1]) * (micrometresPerPixel / 1000) }
    let line = ResampledLine(points)
    let count = Int(line.length / settings.windowMm)
    guard count >= 1 else { return nil }
    var (squares, errors) = (0.0, 0.0)
    // The windows lie around the middle: what is left over falls to root and tip, which are the
    // ends that tracing knows least.
    let start = (line.length - Double(count) * settings.windowMm) / 2
    for window in 0..<count {
      let from = start + Double(window) * settings.windowMm
      let points = line.points(
        from: from, to: from + settings.windowMm, count: Self.pointsPerWindow)
      guard let arc = ArcFit(points) else { return nil }
      let error = Self.standardError(of: arc, length: settings.windowMm)
      squares += arc.curvature * arc.curvature - error * error
      errors += error * error
    }
    let curvature = max(0, squares / Double(count)).squareRoot()
    let standardError = (errors / Double(count)).squareRoot()
    id = hair.id
    self.curvature = curvature
    self.standardError = standardError
    `class` =
      if 2 * standardError > settings.wavyFrom, curvature < settings.curlyFrom {
        .unresolved
      } else if curvature < settings.wavyFrom {
        .straight
      } else if curvature < settings.curlyFrom {
        .wavy
      } else { .curly }
  }

  /// The error of a curvature from evenly spaced points, their position error taken from the fit.
  ///
  /// Gluckstern, Nucl. Instr. Meth. 24, 1963, 381.
  private static func standardError(of arc: ArcFit, length: Double) -> Double {
    let count = Double(pointsPerWindow)
    let position = arc.residual * (count / (count - 3)).squareRoot()
    return position / (length * length) * (720 / (count + 4)).squareRoot()
  }
}

/// A line of points with the length along it.
struct ResampledLine {
  private let points: [SIMD2<Double>]
  private let lengths: [Double]
  /// The whole length.
  var length: Double { lengths.last ?? 0 }

  init(_ points: [SIMD2<Double>]) {
    self.points = points
    var lengths = [0.0]
    for (from, to) in zip(points, points.dropFirst()) {
      let step = to - from
      lengths.append((lengths.last ?? 0) + (step * step).sum().squareRoot())
    }
    self.lengths = lengths
  }

  /// Points at even distances along a part of the line.
  func points(from: Double, to: Double, count: Int) -> [SIMD2<Double>] {
    var segment = 0
    return (0..<count).map { index in
      let at = from + (to - from) * Double(index) / Double(count - 1)
      while segment + 2 < lengths.count, lengths[segment + 1] < at { segment += 1 }
      let span = lengths[segment + 1] - lengths[segment]
      let share = span > 0 ? min(1, max(0, (at - lengths[segment]) / span)) : 0
      return points[segment] + (points[segment + 1] - points[segment]) * share
    }
  }
}
