/// Says how likely a candidate is a hair.
///
/// In two steps: the first judges a line by itself (``CandidateFeatures``), the second also by what
/// the first made of its neighbours (``CandidateContext``).
enum CandidateClassifier {
  /// Judges a line by itself.
  static let first = DecisionTrees(
    baseline: FirstClassifierTable.baseline, roots: FirstClassifierTable.roots,
    feature: FirstClassifierTable.feature, high: FirstClassifierTable.high,
    value: FirstClassifierTable.value)
  /// Judges it among its neighbours.
  static let second = DecisionTrees(
    baseline: SecondClassifierTable.baseline, roots: SecondClassifierTable.roots,
    feature: SecondClassifierTable.feature, high: SecondClassifierTable.high,
    value: SecondClassifierTable.value)

  /// The confidence at which false and missed hairs balance on the tuning fields.
  static let balancedConfidence = SecondClassifierTable.balancedConfidence
  /// The version of all tables.
  static let version = SecondClassifierTable.version

  /// All tables as bytes, for the digest in a measurement's provenance.
  static var tableBytes: [UInt8] {
    Array(version.utf8) + [first, second, Polarity.trees].flatMap(\.bytes)
  }
}
