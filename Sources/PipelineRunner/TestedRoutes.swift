public import Ledger
public import PipelineFiles
import StageKit

/// Which ways through a pipeline its tests took.
public struct TestedRoutes: Sendable {
  /// An outcome that no test showed.
  public struct MissingOutcome: Sendable, Equatable {
    /// The stage.
    public let stage: String
    /// The outcome.
    public let outcome: Plan.Expectation.Outcome
  }

  /// Edges on which no test sent a record, in the order of the plan.
  public let edges: [EdgeKey]
  /// Stages at which no test's record was done, or none was set aside, in the order of the plan.
  ///
  /// Sources take nothing and projections are written whole, so neither sets a record aside.
  public let outcomes: [MissingOutcome]

  /// Looks for what no test showed.
  public init(of plan: Plan, in results: [TestResult]) {
    let opened = Set(
      results.flatMap { $0.edges.filter { $0.counts.opened > 0 }.map(\.edge) })
    edges = plan.edges.map { EdgeKey(from: $0.from, to: $0.to) }.filter { !opened.contains($0) }
    outcomes = plan.stages.flatMap { stage -> [MissingOutcome] in
      guard stage.entry.kind != .source else { return [] }
      let seen = results.map {
        StageOutcomes(of: stage, edges: $0.edges, quarantined: $0.quarantined)
      }
      let wanted: [Plan.Expectation.Outcome] =
        stage.entry.kind == .projection ? [.done] : [.done, .quarantined]
      return wanted.filter { outcome in seen.allSatisfy { $0.count(outcome, reason: nil) == 0 } }
        .map { MissingOutcome(stage: stage.name, outcome: $0) }
    }
  }
}
