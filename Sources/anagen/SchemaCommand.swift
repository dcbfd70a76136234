import ArgumentParser
import BuiltInStages
import ClinicalRecords
import PipelineFiles

/// `anagen schema`: the JSON Schemas of pipeline and study files, for editors.
struct SchemaCommand: AnagenCommand {
  /// The files there are schemas of.
  enum Document: String, ExpressibleByArgument, CaseIterable {
    case pipeline, study
  }

  static let configuration = CommandConfiguration(
    commandName: "schema",
    abstract: "Print the JSON Schema of pipeline or study files, for editors.",
    discussion: """
        anagen schema > pipeline.schema.json
        anagen schema study > study.schema.json

      An editor with a YAML language server then completes keys and shows their help: begin the \
      file with '# yaml-language-server: $schema=pipeline.schema.json'.
      """)

  @Argument(help: "Of which file.")
  var document = Document.pipeline

  @OptionGroup var output: FormatOption

  func run(in environment: CommandEnvironment) async throws -> ExitStatus {
    let schema =
      switch document {
      case .pipeline: PipelineSchema.document(catalogue: BuiltInPlugin.catalogue)
      case .study: StudySchema.document
      }
    try environment.terminal.result(output.format == .json ? schema.text : schema.indented())
    return .done
  }
}
