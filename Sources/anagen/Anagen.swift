import ArgumentParser

/// The root of the command tree.
struct Anagen: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "anagen",
    abstract: "Measures hair on photographs of the scalp, and files the result.",
    discussion: """
      One picture:
        anagen measure scalp.jpg --um-per-px 5
      A whole trial:
        anagen run Pipelines/reprocess.yaml --var images=DIR --var data=OUT

      Research software, not a medical device.

      \(ExitStatus.table)
      """,
    version: "anagen \(Version.number)",
    groupedSubcommands: [
      CommandGroup(
        name: "Measure", subcommands: [MeasureCommand.self, RunCommand.self, ResumeCommand.self]),
      CommandGroup(
        name: "Camera",
        subcommands: [
          CaptureCommand.self, AssignCommand.self, DevicesCommand.self, DoctorCommand.self,
        ]),
      CommandGroup(
        name: "Pipeline",
        subcommands: [
          ValidateCommand.self, TestCommand.self, PlanCommand.self, GraphCommand.self,
          PluginCommand.self, SchemaCommand.self,
        ]),
      CommandGroup(
        name: "Data folder",
        subcommands: [
          TopCommand.self, StatusCommand.self, ExplainCommand.self, QuarantineCommand.self,
          WithdrawCommand.self, AuditCommand.self, DeidentifyCommand.self,
        ]),
    ])
}
