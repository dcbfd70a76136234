/// How long scoring and proving frames take on this machine: a press is answered in time although
/// both are slow, with fewer frames to choose from.
package struct ScoringPace: Sendable {
  /// From a press to the chosen frame, in seconds: what a hand feels as at once.
  private static let promise = 0.4
  // What a machine with other work needs to come to it.
  private static let margin = 0.02
  // The frames before the press count all the same; this is one more, of a camera of 20/s.
  private static let least = 0.05

  private var score = 0.0
  private var proof = 0.0

  package init() {}

  /// A frame was scored.
  package mutating func scored(in seconds: Double) { score = Self.follow(score, seconds) }

  /// A frame was proven whole.
  package mutating func proved(in seconds: Double) { proof = Self.follow(proof, seconds) }

  /// How many seconds after a press its frame is chosen: before it is proven, and after the score
  /// that may be under way.
  package var window: Double {
    max(Self.least, Self.promise - Self.margin - score - proof)
  }

  /// Up at once, and down slowly.
  private static func follow(_ known: Double, _ seconds: Double) -> Double {
    max(seconds, 0.8 * known + 0.2 * seconds)
  }
}
