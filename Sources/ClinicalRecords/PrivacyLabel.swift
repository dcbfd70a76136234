/// How much a record can tell about who it was; ordered, `deidentified` lowest.
///
/// The label of a stage's output is the highest of its inputs; only a stage that the pipeline file
/// grants `declassify` lowers it, and a sink takes at most what it accepts.
public enum PrivacyLabel: String, Codable, Sendable, CaseIterable, Comparable {
  /// No code that leads back to a person without a key that is kept elsewhere.
  case deidentified
  /// Carries the trial's subject number, and nothing else that identifies.
  case pseudonymised
  /// May carry anything.
  case identified

  /// Whether `left` tells less than `right`.
  public static func < (left: PrivacyLabel, right: PrivacyLabel) -> Bool {
    left.rank < right.rank
  }

  private var rank: Int {
    switch self {
    case .deidentified: 0
    case .pseudonymised: 1
    case .identified: 2
    }
  }
}
