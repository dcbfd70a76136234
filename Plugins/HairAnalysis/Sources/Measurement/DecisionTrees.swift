#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A sum of small decision trees over some numbers; data, made by `Tools/HairTraining`.
struct DecisionTrees: Sendable {
  /// The sum before any tree.
  let baseline: Float
  /// The first node of each tree.
  let roots: [Int16]
  /// Which number a node looks at; -1 at a leaf.
  let feature: [Int8]
  /// Where the branch above the threshold starts; the other follows its node.
  let high: [Int16]
  /// A node's threshold, a leaf's addend.
  let value: [Float]

  /// The logarithm of the odds.
  func evidence(of features: [Float]) -> Float {
    var sum = baseline
    for root in roots {
      var node = Int(root)
      while feature[node] >= 0 {
        // The low branch follows its node; the table holds where the high one starts.
        node = features[Int(feature[node])] <= value[node] ? node + 1 : Int(high[node])
      }
      sum += value[node]
    }
    return sum
  }

  /// The probability, 0 to 1.
  func confidence(of features: [Float]) -> Float { 1 / (1 + exp(-evidence(of: features))) }

  /// The table as bytes, for a digest.
  var bytes: [UInt8] {
    let values = ([baseline] + value).map(\.bitPattern)
    let nodes = feature.map { UInt32(bitPattern: Int32($0)) }
    let branches = high.map { UInt32(bitPattern: Int32($0)) }
    return (values + nodes + branches).flatMap { bits in
      stride(from: UInt32(0), to: 32, by: 8).map { UInt8(truncatingIfNeeded: bits >> $0) }
    }
  }
}
