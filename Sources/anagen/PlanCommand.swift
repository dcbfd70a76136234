import ArgumentParser
import ClinicalRecords
import PipelineFiles
import StageHost

/// `anagen plan`: what a run would do, and the memory it may take.
struct PlanCommand: AnagenCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan",
    abstract: "Show what a run would do: stages, queues, privacy labels, grants, memory.",
    discussion: """
        anagen plan Pipelines/reprocess.yaml --var images=DIR --var data=OUT
      """)

  @OptionGroup var pipeline: PipelineArguments
  @OptionGroup var output: FormatOption

  func run(in environment: CommandEnvironment) async throws -> ExitStatus {
    let plan = try pipeline.plan(in: environment)
    let lacks = Confinement.lacks
    switch output.format {
    case .json: try environment.terminal.result(PlanDescription.json(plan, lacks: lacks).text)
    case .text:
      try environment.terminal.result(trimmed(PlanDescription.text(plan, lacks: lacks)))
    }
    return .done
  }

  private func trimmed(_ text: String) -> String {
    text.hasSuffix("\n") ? String(text.dropLast()) : text
  }
}
