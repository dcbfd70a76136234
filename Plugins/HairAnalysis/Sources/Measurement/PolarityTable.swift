enum PolarityTable {
  static let weights: [Float] = [Float](repeating: 0, count: 16)
  static let voteWeight: Float = 1
}
