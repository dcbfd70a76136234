public import ClinicalRecords
import StageKit

/// A plan for people and for programs: what `anagen plan` prints before anything is opened.
public enum PlanDescription {
  /// The plan as text: stages, edges with bounds and labels, grants, the memory ceiling with its
  /// arithmetic, and the study's assumptions.
  ///
  /// - Parameter lacks: what this machine cannot hold of the confinement of processes, in words;
  ///   `nil` when it holds all.
  public static func text(_ plan: Plan, lacks: String?) -> String {
    var blocks = [head(plan), stages(plan), edges(plan)]
    let grants = plan.stages.filter { $0.declassify != nil }
    blocks.append(
      "declassify granted to\n"
        + (grants.isEmpty
          ? "  no stage\n"
          : grants.map { stage in
            "  \(stage.name) (\(stage.entry.manifest.id)): "
              + "\(highestInput(of: stage, plan).rawValue) -> \(stage.label.rawValue)\n"
          }.joined()))
    if let processes = processes(plan, lacks) { blocks.append(processes) }
    blocks.append(memory(plan))
    if !plan.study.assumed.isEmpty {
      blocks.append(
        "assumed until confirmed (study \(plan.study.id))\n"
          + plan.study.assumed.map { "  \($0)\n" }.joined())
    }
    return blocks.joined(separator: "\n")
  }

  /// The plan as JSON, with the same facts; secrets by name.
  ///
  /// - Parameter lacks: what this machine cannot hold of the confinement of processes.
  public static func json(_ plan: Plan, lacks: String?) -> JSONValue {
    .object([
      JSONValue.Member("name", .string(plan.name)),
      JSONValue.Member(
        "study",
        .object([
          JSONValue.Member("id", .string(plan.study.id)),
          JSONValue.Member("status", .string(plan.study.status.rawValue)),
          JSONValue.Member("assumed", strings(plan.study.assumed)),
        ])),
      JSONValue.Member("data", .string(plan.folder.path)),
      JSONValue.Member("durability", .string(plan.durability.rawValue)),
      JSONValue.Member(
        "variables",
        .object(plan.variables.map { JSONValue.Member($0.name, .string($0.value)) })),
      JSONValue.Member(
        "inputFiles",
        .array(
          plan.inputFiles.map {
            .object([
              JSONValue.Member("path", .string($0.path)),
              JSONValue.Member("sha256", .string($0.sha256.hexadecimal)),
            ])
          })),
      JSONValue.Member("secrets", strings(plan.secretNames)),
      JSONValue.Member("stages", .array(plan.stages.map(json))),
      JSONValue.Member("edges", .array(plan.edges.map(json))),
      JSONValue.Member("plugins", .array(plan.plugins.map(json))),
      JSONValue.Member("confinementLacks", lacks.map { .string($0) } ?? .null),
      JSONValue.Member("memory", json(plan.memory)),
    ])
  }
}

// MARK: - Text

extension PlanDescription {
  private static func head(_ plan: Plan) -> String {
    var lines = [
      "pipeline \(plan.name)",
      "  study        \(plan.study.id) (\(plan.study.isOpen ? "open" : plan.study.status.rawValue))",
      "  data folder  \(plan.folder.path)",
    ]
    if plan.durability == .none {
      lines.append("  durability   none: what a crash interrupts may be lost")
    }
    if !plan.secretNames.isEmpty {
      lines.append("  secrets      \(plan.secretNames.joined(separator: ", "))")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func stages(_ plan: Plan) -> String {
    table(
      ["stage", "runs", "kind", "calls", "takes from", "label", "retry"],
      plan.stages.map { stage in
        [
          stage.name, stage.entry.manifest.id, stage.entry.kind.rawValue, "\(stage.concurrency)",
          stage.inputs.isEmpty ? "-" : stage.inputs.joined(separator: ", "),
          stage.accepts.map { "accepts \($0.rawValue)" } ?? stage.label.rawValue,
          stage.entry.kind == .source
            ? intake(stage)
            : "\(stage.retry.attempts) x, \(time(stage.retry.initial)) to \(time(stage.retry.max))",
        ]
      })
  }

  private static func intake(_ stage: Plan.Stage) -> String {
    guard let intake = stage.intake else { return "waits for room" }
    return "intake \(intake.maxRecords), full: \(intake.whenFull.rawValue)"
  }

  private static func edges(_ plan: Plan) -> String {
    table(
      ["edge", "record", "kept", "records", "bytes", "label"],
      plan.edges.map { edge in
        [
          "\(edge.from) -> \(edge.to)", edge.record.schema.description,
          edge.isStored ? "stored" : "derived", "\(edge.queue.maxRecords)",
          Plan.text(bytes: edge.queue.maxBytes), edge.label.rawValue,
        ]
      })
  }

  /// What each process may do beyond its own folder, and what holds it; `nil` without processes.
  private static func processes(_ plan: Plan, _ lacks: String?) -> String? {
    let isolated = plan.stages.compactMap { stage in stage.isolation.map { (stage, $0) } }
    guard !isolated.isEmpty else { return nil }
    var lines = ["processes of their own"]
    for (stage, isolation) in isolated {
      lines.append(
        "  \(stage.name) (\(stage.entry.manifest.id)): at most "
          + "\(Plan.text(bytes: isolation.memoryBytes)), "
          + (isolation.processorLimit.map { "\(time($0)) of the processor a record, " } ?? "")
          + "records to "
          + "\(Plan.text(bytes: isolation.recordBytes)); granted "
          + (isolation.grants.isEmpty ? "nothing" : isolation.grants.joined(separator: ", ")))
    }
    if let lacks { lines.append("  NOT HELD on this machine: \(lacks)") }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func memory(_ plan: Plan) -> String {
    let limit = plan.memory.limitIsStated ? "'memory'" : "half of this machine's memory"
    return """
      memory ceiling \(Plan.text(bytes: plan.memory.ceilingBytes)), within \(limit), \
      \(Plan.text(bytes: plan.memory.limitBytes))
        \(plan.memory.arithmetic)

      """
  }

  private static func highestInput(of stage: Plan.Stage, _ plan: Plan) -> PrivacyLabel {
    plan.edges(into: stage.name).map(\.label).max() ?? .identified
  }

  private static func time(_ duration: Duration) -> String {
    let milliseconds = duration.milliseconds
    return milliseconds % 1000 == 0 ? "\(milliseconds / 1000) s" : "\(milliseconds) ms"
  }

  /// Columns as wide as their widest cell, two spaces apart.
  private static func table(_ head: [String], _ rows: [[String]]) -> String {
    let all = [head] + rows
    let widths = head.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
    return all.map { row in
      var line = ""
      for (column, cell) in row.enumerated() {
        let padding = column == row.count - 1 ? 0 : widths[column] - cell.count + 2
        line += cell + String(repeating: " ", count: padding)
      }
      return line + "\n"
    }.joined()
  }
}

extension Plan.Memory {
  /// The sum in words: `edges 768 MiB + working sets 300 MiB + program 64 MiB`.
  var arithmetic: String {
    var parts = ["edges \(Plan.text(bytes: edgeBytes))"]
    if intakeBytes > 0 { parts.append("intake \(Plan.text(bytes: intakeBytes))") }
    parts.append("calls x working set \(Plan.text(bytes: workingSetBytes))")
    parts.append("program \(Plan.text(bytes: programBytes))")
    return parts.joined(separator: " + ")
  }
}

// MARK: - JSON

extension PlanDescription {
  private static func strings(_ texts: [String]) -> JSONValue { .array(texts.map { .string($0) }) }

  private static func integer(_ number: Int) -> JSONValue { .integer(Int64(number)) }

  private static func json(_ stage: Plan.Stage) -> JSONValue {
    var members = [
      JSONValue.Member("name", .string(stage.name)),
      JSONValue.Member("use", .string(stage.entry.manifest.id)),
      JSONValue.Member("kind", .string(stage.entry.kind.rawValue)),
      JSONValue.Member("from", strings(stage.inputs)),
      JSONValue.Member("with", stage.settings),
      JSONValue.Member("concurrency", integer(stage.concurrency)),
      JSONValue.Member("workingSetBytes", integer(stage.entry.manifest.workingSetBytes)),
      JSONValue.Member("label", .string(stage.label.rawValue)),
    ]
    if let accepts = stage.accepts {
      members.append(JSONValue.Member("accepts", .string(accepts.rawValue)))
    }
    if let declassify = stage.declassify {
      members.append(JSONValue.Member("declassify", .string(declassify.rawValue)))
    }
    if let isolation = stage.isolation {
      members.append(
        JSONValue.Member(
          "isolation",
          .object(
            [
              JSONValue.Member("memoryBytes", integer(isolation.memoryBytes)),
              JSONValue.Member("recordBytes", integer(isolation.recordBytes)),
              JSONValue.Member("network", .boolean(isolation.network)),
              JSONValue.Member("processes", .boolean(isolation.processes)),
              JSONValue.Member("read", strings(isolation.readable)),
            ]
              + (isolation.processorLimit.map {
                [JSONValue.Member("processorMilliseconds", .integer($0.milliseconds))]
              } ?? []))))
    }
    if let intake = stage.intake {
      members.append(
        JSONValue.Member(
          "intake",
          .object([
            JSONValue.Member("maxRecords", integer(intake.maxRecords)),
            JSONValue.Member("maxBytes", integer(intake.maxBytes)),
            JSONValue.Member("whenFull", .string(intake.whenFull.rawValue)),
          ])))
    }
    return .object(members)
  }

  private static func json(_ edge: Plan.Edge) -> JSONValue {
    .object([
      JSONValue.Member("from", .string(edge.from)), JSONValue.Member("to", .string(edge.to)),
      JSONValue.Member("record", .string(edge.record.schema.description)),
      JSONValue.Member("stored", .boolean(edge.isStored)),
      JSONValue.Member("maxRecords", integer(edge.queue.maxRecords)),
      JSONValue.Member("maxBytes", integer(edge.queue.maxBytes)),
      JSONValue.Member("label", .string(edge.label.rawValue)),
    ])
  }

  private static func json(_ plugin: PluginReader.Plugin) -> JSONValue {
    .object([
      JSONValue.Member("name", .string(plugin.name)),
      JSONValue.Member("version", .string(plugin.version)),
      JSONValue.Member("folder", .string(plugin.folder)),
      JSONValue.Member("manifestSHA256", .string(plugin.manifest.hexadecimal)),
    ])
  }

  private static func json(_ memory: Plan.Memory) -> JSONValue {
    .object([
      JSONValue.Member("ceilingBytes", integer(memory.ceilingBytes)),
      JSONValue.Member("edgeBytes", integer(memory.edgeBytes)),
      JSONValue.Member("intakeBytes", integer(memory.intakeBytes)),
      JSONValue.Member("workingSetBytes", integer(memory.workingSetBytes)),
      JSONValue.Member("programBytes", integer(memory.programBytes)),
      JSONValue.Member("limitBytes", integer(memory.limitBytes)),
    ])
  }
}
