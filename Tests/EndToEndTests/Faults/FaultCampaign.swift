import Foundation

/// How much of the fault tests is played: some of each kind with every change, all of it by
/// `make faults`, whose last results stand in `docs/faults.md`.
enum FaultCampaign {
  /// Whether `ANAGEN_FAULTS=all` asks for every boundary, cut and failing call.
  static let isWhole = ProcessInfo.processInfo.environment["ANAGEN_FAULTS"] == "all"

  /// How many kills at random instants must meet a living run; `ANAGEN_KILLS` sets another number.
  static let kills =
    ProcessInfo.processInfo.environment["ANAGEN_KILLS"].flatMap { Int($0) }
    ?? (isWhole ? 2000 : 100)

  /// Every how many-th of `count` is played, so that there are about `some` of them.
  static func step(_ count: Int, some: Int) -> Int { isWhole ? 1 : max(1, count / some) }

  /// States what a whole campaign found.
  static func report(_ text: String) {
    if isWhole { print("faults: \(text)") }
  }
}
