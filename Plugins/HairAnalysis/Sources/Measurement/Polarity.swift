#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif
import Imaging

/// Tells root from tip.
///
/// Where a shaft leaves the skin there is a blue halo and the density fades; a clipped tip ends at
/// once. What tint and density at eight places differ by between the ends goes through decision
/// trees. One hair alone is right in more than nine of ten cases; hairs grow along with their neighbours, so a
/// vote among those within a few millimetres settles nearly all others. The vote is local, because
/// directions turn at the whorl of the vertex.
struct Polarity: Sendable {
  /// Where the cues are taken, in µm from the end, outward positive.
  static let offsetsMicrometres: [Float] = [-45, -22, 0, 22, 45, 78, 123, 168]
  /// Cues an end: tint and density at each place.
  static let cueCount = 16
  /// Fitted on cues and on their opposites, so that no end is preferred.
  static let trees = DecisionTrees(
    baseline: PolarityTable.baseline, roots: PolarityTable.roots, feature: PolarityTable.feature,
    high: PolarityTable.high,
    value: PolarityTable.value)
  /// What a neighbour's word counts against a hair's own evidence.
  private static let voteWeight: Float = 0.5
  /// How far a vote carries, as a standard deviation, in µm.
  static let voteReachMicrometres: Float = 1500

  /// The decision on one line.
  struct Verdict: Sendable {
    /// Whether the line's last point is the root.
    var isReversed: Bool
    /// How sure that is, 0.5 to 1.
    var certainty: Double
  }

  var micrometresPerPixel: Float

  /// The cues of the last end less those of the first: positive weights then speak for root first.
  func cues(
    of line: Polyline, density: BilinearSampler, tint: (SIMD2<Float>) -> Float
  ) -> [Float] {
    let last = endCues(of: line, density: density, tint: tint)
    let first = endCues(of: line.reversed, density: density, tint: tint)
    return zip(last, first).map { $0 - $1 }
  }

  private func endCues(
    of line: Polyline, density: BilinearSampler, tint: (SIMD2<Float>) -> Float
  ) -> [Float] {
    let end = line.points[line.count - 1]
    let outward = unit(end - line.points[max(0, line.count - 14)])
    let aside = SIMD2(-outward.y, outward.x) * 1.5
    var cues: [Float] = []
    cues.reserveCapacity(Polarity.cueCount)
    for offset in Polarity.offsetsMicrometres {
      let point = end + outward * (offset / micrometresPerPixel)
      let left = point + aside
      let right = point - aside
      cues.append(tint(point))
      cues.append(
        (density(point.x, point.y) + density(left.x, left.y) + density(right.x, right.y)) / 3)
    }
    return cues
  }

  /// Decides on every line from its cues and its neighbours'.
  func verdicts(on lines: [Polyline], cues: [[Float]]) -> [Verdict] {
    let evidence = cues.map { cues in
      0.5
        * (Polarity.trees.evidence(of: cues) - Polarity.trees.evidence(of: cues.map { -$0 }))
    }
    let directions = lines.map { unit($0.points[$0.count - 1] - $0.points[0]) }
    let middles = lines.map { ($0.points[$0.count - 1] + $0.points[0]) * 0.5 }
    let reach = Polarity.voteReachMicrometres / micrometresPerPixel
    return lines.indices.map { index in
      var votes: Float = 0
      for other in lines.indices where other != index {
        let offset = middles[other] - middles[index]
        let near = 1 / (1 + dot(offset, offset) / (1.39 * reach * reach))
        // One neighbour's word is bounded, so that no single halo outvotes a field.
        let word = min(max(evidence[other], -3), 3)
        votes += word * dot(directions[other], directions[index]) * near * near
      }
      let total = evidence[index] + Polarity.voteWeight * votes
      return Verdict(
        isReversed: total < 0, certainty: 1 / (1 + exp(-Double(min(abs(total), 12)))))
    }
  }
}
