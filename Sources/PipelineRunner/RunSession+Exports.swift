import ClinicalRecords
import Ledger
import PipelineFiles
import StageKit

extension Plan {
  /// Whether what a last stage writes may leave: it names no output, or one outside `private/`.
  func isExport(_ stage: Stage) -> Bool {
    guard stage.entry.kind == .sink || stage.entry.kind == .projection else { return false }
    let paths = stage.entry.settings.compactMap { setting -> String? in
      guard case .outputPath = setting.kind, case .string(let path)? = stage.settings[setting.key]
      else { return nil }
      return folder.resolve(path)
    }
    return paths.isEmpty || !paths.allSatisfy { $0.hasPrefix(folder.privatePath + "/") }
  }

  /// Whether a last stage may be told who a refused record is of: it takes identified records, and
  /// nothing that it writes may leave.
  func mayIdentify(_ stage: Stage) -> Bool {
    !isExport(stage) && edges(into: stage.name).contains { $0.label == .identified }
  }
}

extension RunSession {
  /// Asks each sink where it acts.
  static func destinations(
    of stages: [MadeStage], in plan: Plan, _ ledger: RunLedger
  ) throws -> [String: EffectDestination] {
    var destinations: [String: EffectDestination] = [:]
    for stage in stages {
      guard let name = stage.running.destination else { continue }
      destinations[stage.plan.name] = try ledger.destination(
        name, isExport: plan.isExport(stage.plan), isAsked: stage.running.isAsked)
    }
    return destinations
  }

  /// Notes a projection that may leave before it is written, and gives what the chain says of it.
  func auditStatement(
    ofExporting records: [LedgerReference], withdrawn: Int, to stage: Plan.Stage
  ) throws -> AuditStatement? {
    guard plan.isExport(stage) else { return nil }
    let known = ledger.auditProblem
    let problem = try ledger.verifyAudit()
    if let problem, known == nil { run.tell(problem) }
    try ledger.exportProjection(stage.name, records: records, withdrawn: withdrawn)
    return AuditStatement(head: try ledger.auditHead().description, problem: problem?.what)
  }
}

extension RunningStage {
  /// Whether it is a sink whose destination can be asked for an effect.
  var isAsked: Bool {
    if case .queryableSink = self { true } else { false }
  }

  /// What is written at drain, for a sink.
  var finish: (@Sendable (UpstreamAccount) async throws -> Void)? {
    switch self {
    case .sink(_, _, let finish), .queryableSink(_, _, _, let finish): finish
    case .source, .transform, .projection: nil
    }
  }
}
