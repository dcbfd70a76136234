import Imaging

/// Which mixture of red, green and blue light is measured.
public enum MeasurementChannel: String, Codable, Sendable, CaseIterable {
  /// A quarter red, half green, a quarter blue: most light, least noise; for dark hair.
  case luma
  /// Seven tenths blue, three tenths green: melanin absorbs most there, so blond hair shows (vellus
  /// and blond recall .82 against .55 in luma on synthetic scenes).
  case blue

  /// The weight of each channel; they sum to 1.
  var weights: (red: Float, green: Float, blue: Float) {
    switch self {
    case .luma: (0.25, 0.5, 0.25)
    case .blue: (0, 0.3, 0.7)
    }
  }

  /// The light of this channel in a picture of three planes.
  func mixture(
    of red: Plane<Float>, _ green: Plane<Float>, _ blue: Plane<Float>, pool: FramePool
  ) -> Plane<Float> {
    let weights = weights
    return Plane(width: green.width, height: green.height, pool: pool) { target in
      red.withUnsafeSamples { reds in
        green.withUnsafeSamples { greens in
          blue.withUnsafeSamples { blues in
            var index = 0
            while index < target.count {
              target[index] =
                weights.red * reds[index] + weights.green * greens[index]
                + weights.blue * blues[index]
              index &+= 1
            }
          }
        }
      }
    }
  }
}
