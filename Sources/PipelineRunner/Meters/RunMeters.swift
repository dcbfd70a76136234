import PipelineFiles
import StageKit
import Synchronization

/// The meters of a run: one for each stage, one for the ledger.
final class RunMeters: Sendable {
  let ledger = LedgerMeter()
  private let stages: [(identity: StageSnapshot.Identity, meter: StageMeter)]
  /// What each source said it will hand over.
  private let expectations: Mutex<[String: Int?]>

  init(_ plan: Plan) {
    stages = plan.stages.map { stage in
      (
        StageSnapshot.Identity(
          name: stage.name, use: stage.entry.manifest.id, kind: stage.entry.kind.rawValue),
        StageMeter()
      )
    }
    let sources = plan.stages.filter { $0.entry.kind == .source }
    expectations = Mutex(Dictionary(uniqueKeysWithValues: sources.map { ($0.name, nil) }))
  }

  /// The meter of a stage of the plan.
  subscript(_ stage: String) -> StageMeter {
    guard let found = stages.first(where: { $0.identity.name == stage }) else {
      preconditionFailure("the plan has its own stages")
    }
    return found.meter
  }

  /// A source says how many records it will hand over in all.
  func expect(_ records: Int, from stage: String) {
    expectations.withLock { if $0.keys.contains(stage) { $0[stage] = .some(records) } }
  }

  /// The sum of what the sources said; `nil` when one of them has not.
  var expected: Int? {
    expectations.withLock { all in
      var sum = 0
      for case let number in all.values {
        guard let number else { return nil }
        sum += number
      }
      return sum
    }
  }

  /// How the stages stand, in the order of the plan.
  func snapshots() -> [StageSnapshot] { stages.map { $0.meter.snapshot($0.identity) } }
}
