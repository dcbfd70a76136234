#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Says how likely a candidate is a hair: a sum of small decision trees over its features.
///
/// The trees are data (``CandidateClassifierTable``), made by `Tools/HairTraining`.
enum CandidateClassifier {
  /// The confidence at which false and missed hairs balance on the tuning fields.
  static let balancedConfidence = CandidateClassifierTable.balancedConfidence

  /// The whole table as bytes, for the digest in a measurement's provenance.
  static var tableBytes: [UInt8] {
    var bytes = Array("\(CandidateClassifierTable.version) \(PolarityTable.version)".utf8)
    func add(_ bits: UInt32) {
      for shift in stride(from: UInt32(0), to: 32, by: 8) {
        bytes.append(UInt8(truncatingIfNeeded: bits >> shift))
      }
    }
    for value in CandidateClassifierTable.value + PolarityTable.weights { add(value.bitPattern) }
    for node in CandidateClassifierTable.feature { add(UInt32(bitPattern: Int32(node))) }
    for node in CandidateClassifierTable.high { add(UInt32(bitPattern: Int32(node))) }
    return bytes
  }

  /// The probability, 0 to 1.
  static func confidence(of features: [Float]) -> Float {
    var sum = CandidateClassifierTable.baseline
    for root in CandidateClassifierTable.roots {
      var node = Int(root)
      while CandidateClassifierTable.feature[node] >= 0 {
        let isLow =
          features[Int(CandidateClassifierTable.feature[node])]
          <= CandidateClassifierTable.value[node]
        // The low branch follows its node; the table holds where the high one starts.
        node = isLow ? node + 1 : Int(CandidateClassifierTable.high[node])
      }
      sum += CandidateClassifierTable.value[node]
    }
    return 1 / (1 + exp(-sum))
  }
}
