import ClinicalRecords
import StageKit

/// Puts a checked file together as a plan.
struct PlanBuilder {
  let name: String
  let graph: StageGraph
  let labels: [PrivacyLabel]
  let durability: Plan.Durability
  let study: Study
  let folder: DataFolder
  let variables: [VariableDeclaration]
  let tests: [Plan.Test]
  let plugins: [PluginReader.Plugin]

  /// The memory ceiling; sums of a file that has errors are of what could be read.
  func memory(limit: Int, isStated: Bool) -> Plan.Memory {
    var edgeBytes = 0
    var intakeBytes = 0
    var workingSetBytes = 0
    for (position, draft) in graph.drafts.enumerated() {
      for input in graph.inputs[position] {
        edgeBytes += graph.drafts[input.stage].queue.maxBytes
      }
      intakeBytes += draft.intake?.maxBytes ?? 0
      workingSetBytes += workingSet(of: draft)
    }
    return Plan.Memory(
      edgeBytes: edgeBytes, intakeBytes: intakeBytes, workingSetBytes: workingSetBytes,
      programBytes: Plan.Memory.programAllowance, limitBytes: limit, limitIsStated: isStated)
  }

  /// The stage that the ceiling would fall most by.
  var largestPart: String? {
    var outputs = [Int](repeating: 0, count: graph.drafts.count)
    for input in graph.inputs.joined() { outputs[input.stage] += 1 }
    let sizes = graph.drafts.enumerated().map { position, draft in
      (draft.name, outputs[position] * draft.queue.maxBytes + workingSet(of: draft))
    }
    return sizes.max { $0.1 < $1.1 }?.0
  }

  private func workingSet(of draft: StageDraft) -> Int {
    let (bytes, overflow) = draft.concurrency.multipliedReportingOverflow(
      by: draft.isolation?.byteCount ?? draft.entry?.manifest.workingSetBytes ?? 0)
    return overflow ? Int.max >> 16 : min(bytes, Int.max >> 16)
  }

  /// The plan; everything was checked.
  func plan(memory: Plan.Memory) -> Plan? {
    var stages: [Plan.Stage] = []
    var edges: [Plan.Edge] = []
    var files: [Plan.InputFile] = []
    var secrets: Set<String> = []
    for position in graph.order {
      let draft = graph.drafts[position]
      guard let entry = draft.entry, let settings = draft.settings else { return nil }
      stages.append(stage(draft, entry, settings, label: labels[position]))
      secrets.formUnion(settings.secrets)
    }
    for draft in graph.drafts {
      for file in draft.settings?.files ?? [] where !files.contains(file) { files.append(file) }
    }
    for (from, to) in connections {
      guard let record = graph.drafts[from].entry?.output else { return nil }
      edges.append(
        Plan.Edge(
          from: graph.drafts[from].name, to: graph.drafts[to].name,
          queue: graph.drafts[from].queue, record: record, label: labels[from]))
    }
    return Plan(
      name: name, stages: stages, edges: edges, memory: memory, durability: durability,
      study: study, folder: folder, variables: planVariables, inputFiles: files,
      secretNames: secrets.sorted(), tests: tests, plugins: plugins,
      digestInput: digestInput(stages))
  }

  /// Who gives to whom, ordered by the giver's place in the plan, then the taker's.
  private var connections: [(from: Int, to: Int)] {
    var outputs = [[Int]](repeating: [], count: graph.drafts.count)
    for to in graph.order {
      for input in graph.inputs[to] { outputs[input.stage].append(to) }
    }
    return graph.order.flatMap { from in outputs[from].map { (from, $0) } }
  }

  private var planVariables: [Plan.Variable] {
    variables.compactMap { variable in
      variable.value.map {
        Plan.Variable(
          name: variable.name, type: variable.kind.rawValue, value: $0, isGiven: variable.isGiven)
      }
    }
  }

  private func stage(
    _ draft: StageDraft, _ entry: StageEntry, _ settings: CheckedSettings, label: PrivacyLabel
  ) -> Plan.Stage {
    Plan.Stage(
      name: draft.name, entry: entry, settings: settings.settings, reuseSettings: settings.reuse,
      concurrency: draft.concurrency, inputs: draft.inputs.map(\.name), label: label,
      accepts: PrivacyFlow.accepted(by: draft), declassify: draft.declassify, intake: draft.intake,
      retry: draft.retry, queue: draft.queue, timeLimit: draft.timeLimit,
      isolation: draft.isolation)
  }

  /// Memory and variables are left out: they change nothing but through what they are put into.
  private func digestInput(_ stages: [Plan.Stage]) -> JSONValue {
    .object([
      JSONValue.Member("anagen", .integer(1)), JSONValue.Member("name", .string(name)),
      JSONValue.Member("durability", .string(durability.rawValue)),
      JSONValue.Member(
        "study",
        .string(study.fileDigest.map { "sha256:\($0.hexadecimal)" } ?? "open:\(study.id)")),
      JSONValue.Member("stages", .array(stages.map(\.digestInput))),
    ])
  }
}

extension Plan.Stage {
  fileprivate var digestInput: JSONValue {
    var members = [
      JSONValue.Member("name", .string(name)),
      JSONValue.Member("use", .string(entry.manifest.id)),
      JSONValue.Member("result_version", .string(entry.manifest.resultVersion)),
      JSONValue.Member("from", .array(inputs.map { .string($0) })),
      JSONValue.Member("with", reuseSettings),
      JSONValue.Member("concurrency", .integer(Int64(concurrency))),
      JSONValue.Member("label", .string(label.rawValue)),
    ]
    if let accepts { members.append(JSONValue.Member("accepts", .string(accepts.rawValue))) }
    if let declassify {
      members.append(JSONValue.Member("declassify", .string(declassify.rawValue)))
    }
    members.append(
      JSONValue.Member(
        "queue", .array([queue.maxRecords, queue.maxBytes].map { .integer(Int64($0)) })))
    members.append(
      JSONValue.Member(
        "retry",
        .array([
          .integer(Int64(retry.attempts)), .integer(retry.initial.milliseconds),
          .integer(retry.max.milliseconds),
        ])))
    if let intake {
      members.append(JSONValue.Member("intake", .integer(Int64(intake.maxRecords))))
      members.append(JSONValue.Member("when_full", .string(intake.whenFull.rawValue)))
    }
    if let timeLimit {
      members.append(JSONValue.Member("time_limit", .integer(timeLimit.milliseconds)))
    }
    return .object(members)
  }
}

extension Duration {
  /// Whole milliseconds.
  var milliseconds: Int64 {
    components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
  }
}
