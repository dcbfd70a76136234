/// Which hairs a figure counts: all of them, a class, or a band of diameters.
public struct HairSet: Hashable, Sendable {
  /// What makes a hair a member.
  public enum Rule: Hashable, Sendable {
    /// Every counted hair.
    case all
    /// Counted hairs of one class.
    case ofClass(Hair.Class)
    /// Counted hairs with a diameter in µm within these limits.
    case diameter(from: Double, includingFrom: Bool, to: Double, includingTo: Bool)
  }

  /// The name in tables, such as `all`, `terminal`, `<30um`, `30-40um`, `>40um`, `>=30um`.
  public let name: String
  /// What makes a hair a member.
  public let rule: Rule

  /// Every counted hair.
  public static let all = HairSet(name: "all", rule: .all)

  /// Whether a hair is counted and in the set.
  public func contains(_ hair: Hair) -> Bool {
    CountedHair(hair).map { contains($0) } ?? false
  }

  /// Whether a counted hair is in the set.
  package func contains(_ hair: CountedHair) -> Bool {
    switch rule {
    case .all: return true
    case .ofClass(let wanted): return hair.class == wanted
    case .diameter(let low, let includingLow, let high, let includingHigh):
      guard let diameter = hair.diameter?.value else { return false }
      return (includingLow ? diameter >= low : diameter > low)
        && (includingHigh ? diameter <= high : diameter < high)
    }
  }

  /// The sets that are always reported: all, the classes, the bands below, between and above the
  /// cut-offs, and all but the thin (STUDY §3).
  public static func reported(for cutOffs: CutOffs) -> [HairSet] {
    let thin = cutOffs.thinBelow
    let vellus = cutOffs.vellusAtMost
    let thinText = JSONValue.number(thin).text
    let vellusText = JSONValue.number(vellus).text
    var sets = [
      HairSet.all, HairSet(name: "terminal", rule: .ofClass(.terminal)),
      HairSet(name: "vellus", rule: .ofClass(.vellus)),
      HairSet(name: "unresolved", rule: .ofClass(.unresolved)),
      HairSet(
        name: "<\(thinText)um",
        rule: .diameter(from: 0, includingFrom: true, to: thin, includingTo: false)),
    ]
    if thin <= vellus {
      sets.append(
        HairSet(
          name: "\(thinText)-\(vellusText)um",
          rule: .diameter(from: thin, includingFrom: true, to: vellus, includingTo: true)))
    }
    return sets + [
      HairSet(
        name: ">\(vellusText)um",
        rule: .diameter(from: vellus, includingFrom: false, to: .infinity, includingTo: true)),
      notThin(for: cutOffs),
    ]
  }

  /// All but the thin: what the reference study's primary outcome counts.
  public static func notThin(for cutOffs: CutOffs) -> HairSet {
    HairSet(
      name: ">=\(JSONValue.number(cutOffs.thinBelow).text)um",
      rule: .diameter(
        from: cutOffs.thinBelow, includingFrom: true, to: .infinity, includingTo: true))
  }
}
