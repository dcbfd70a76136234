/// Placeholder until trained.
enum CandidateClassifierTable {
  static let version = "0"
  static let balancedConfidence = 0.5
  static let baseline: Float = 5
  static let roots: [Int16] = []
  static let feature: [Int8] = []
  static let high: [Int16] = []
  static let value: [Float] = []
}
