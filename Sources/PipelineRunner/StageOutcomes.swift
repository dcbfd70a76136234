import Ledger
import PipelineFiles
import StageKit

/// How many records ended how at one stage.
struct StageOutcomes {
  private(set) var done = 0
  private(set) var superseded = 0
  private(set) var quarantined = 0
  /// How often each reason of this stage stands in the quarantine.
  private(set) var reasons: [String: Int] = [:]

  /// Counts the outcomes of a stage.
  ///
  /// A delivery of a stored record ends only with its whole stretch, so that one which a later stage
  /// of the stretch refused was done here.
  init(of stage: Plan.Stage, edges: [EdgeSum], quarantined deliveries: [QuarantinedDelivery]) {
    for delivery in deliveries where delivery.failure.stage == stage.name {
      reasons[delivery.failure.reason, default: 0] += 1
    }
    if stage.entry.kind == .source {
      done = edges.filter { $0.edge.from == stage.name }.map(\.counts.opened).max() ?? 0
      return
    }
    for sum in edges where sum.edge.to == stage.name {
      superseded += sum.counts.superseded
      let own =
        sum.stored
        ? deliveries.count { $0.edge == sum.edge && $0.failure.stage == stage.name }
        : sum.counts.quarantined
      quarantined += own
      done += sum.counts.done + sum.counts.quarantined - own
    }
  }

  /// How many ended so.
  func count(_ outcome: Plan.Expectation.Outcome, reason: String?) -> Int {
    switch outcome {
    case .done: done
    case .superseded: superseded
    case .quarantined: reason.map { reasons[$0, default: 0] } ?? quarantined
    }
  }

  /// In words, such as `2 done, 1 quarantined (burned_in_text 1)`.
  var text: String {
    var parts: [String] = []
    if done > 0 { parts.append("\(done) done") }
    if quarantined > 0 {
      let why = reasons.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
      parts.append(
        "\(quarantined) quarantined" + (why.isEmpty ? "" : " (\(why.joined(separator: ", ")))"))
    }
    if superseded > 0 { parts.append("\(superseded) superseded") }
    return parts.isEmpty ? "no record" : parts.joined(separator: ", ")
  }
}
