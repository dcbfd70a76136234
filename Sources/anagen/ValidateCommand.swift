import ArgumentParser
import ClinicalRecords
import PipelineFiles

/// `anagen validate`: every problem of a pipeline file, before anything opens.
struct ValidateCommand: AnagenCommand {
  static let configuration = CommandConfiguration(
    commandName: "validate",
    abstract: "Check a pipeline or study file; nothing is opened or run.",
    discussion: """
        anagen validate Pipelines/reprocess.yaml --var images=DIR --var data=OUT
        anagen validate study.yaml

      Shows every problem with its place and remedy. The exit status is 78 when there is an error.
      """)

  @OptionGroup var pipeline: PipelineArguments
  @OptionGroup var lock: LockOption
  @OptionGroup var output: FormatOption

  func run(in environment: CommandEnvironment) async throws -> ExitStatus {
    let text = try FileAccess.read(pipeline.file, hint: "name a pipeline file")
    let finding: Finding
    if StudyArgument.isStudy(text) {
      finding = Finding(StudyArgument.reading(of: text, named: pipeline.file))
    } else {
      let reading = try pipeline.read(text, in: environment)
      finding = Finding(reading)
      if lock.isSet, let plan = reading.plan {
        try PluginLock.check(plan, of: environment.absolute(pipeline.file))
      }
    }
    switch output.format {
    case .json:
      try environment.terminal.result(
        JSONValue.object([
          .init("file", .string(pipeline.file)), .init("valid", .boolean(finding.valid != nil)),
          .init("diagnostics", .array(finding.diagnostics.map(\.json))),
        ]).text)
      return finding.valid == nil ? .configuration : .done
    case .text:
      environment.terminal.show(finding.diagnostics)
      guard let valid = finding.valid else {
        throw Diagnostics.failure(finding.diagnostics, in: pipeline.file)
      }
      try environment.terminal.result("\(pipeline.file): valid: \(valid)")
      return .done
    }
  }
}

/// What a file came to, pipeline or study.
private struct Finding {
  /// What the file holds, in words, when it is valid.
  let valid: String?
  let diagnostics: [Diagnostic]

  init(_ reading: PipelineReader.Reading) {
    valid = reading.plan.map {
      "a pipeline of \($0.stages.count) stages and \($0.edges.count) edges, study \($0.study.id)"
    }
    diagnostics = reading.diagnostics
  }

  init(_ reading: StudyReader.Reading) {
    valid = reading.study.map {
      "a study of \(Self.counted($0.visits.count, "visit")) and "
        + "\(Self.counted($0.regions.count, "region")), \($0.id)"
    }
    diagnostics = reading.diagnostics
  }

  private static func counted(_ number: Int, _ noun: String) -> String {
    "\(number) \(noun)\(number == 1 ? "" : "s")"
  }
}
