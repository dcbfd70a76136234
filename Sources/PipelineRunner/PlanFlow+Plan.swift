public import Ledger
public import PipelineFiles

extension PlanFlow {
  /// The flow of a plan.
  public init(_ plan: Plan) {
    var before: [String: Set<String>] = [:]
    // Stages come in topological order, so that what stands before an input is known already.
    for stage in plan.stages {
      before[stage.name] = stage.inputs.reduce(into: Set(stage.inputs)) { all, input in
        all.formUnion(before[input] ?? [])
      }
    }
    self.init(
      before: before,
      deidentifying: Set(plan.stages.filter { $0.declassify != nil }.map(\.name)))
  }
}
