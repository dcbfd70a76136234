import ArgumentParser
import PipelineFiles
import StageKit

/// `anagen run`: a pipeline from its sources to its last sink.
struct RunCommand: AnagenCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Run a pipeline; run it again to go on where it stopped.",
    discussion: """
        anagen run Pipelines/reprocess.yaml --var images=DIR --var data=OUT
        anagen run Pipelines/reprocess.yaml --var images=DIR --var data=OUT --var study=study.yaml

      DIR holds pictures and a manifest.csv with the columns file, subject, visit, date, region, \
      um_per_px. OUT gets what may leave; OUT/private gets everything else.

      Nothing that was done is done again. SIGTERM stops the sources and finishes what was \
      accepted; Ctrl-C finishes what is in hand and leaves the rest for the next run; a second \
      one ends at once. SIGHUP of a run without a terminal reads the pipeline anew: a good one is \
      run on the same folder after a drain, a bad one is refused with the reason.

      With --locked a run refuses plugins that differ in anything from what 'anagen plugin lock' \
      wrote beside the pipeline, and so does each resume of it.

      At the end the sum of every edge is shown: opened = done + set aside + superseded + waiting, \
      and given up where something was.

      The exit status is 1 when something is set aside, and 'anagen quarantine list' tells why, or \
      when the run calls for ATTENTION: released pictures are lost, the audit log was changed, or one \
      picture counts twice.
      """)

  @OptionGroup var pipeline: PipelineArguments
  @OptionGroup var options: RunOptions

  func run(in environment: CommandEnvironment) async throws -> ExitStatus {
    try await options.run(in: environment) { [self] folder in
      let text = try FileAccess.read(pipeline.file, hint: "name a pipeline file")
      let plan = try pipeline.plan(of: text, in: environment)
      if let folder, plan.folder != folder {
        throw CommandFailure(
          .configuration, "the data folder would change from \(folder.path)",
          hint: "stop the run and start one with the other folder")
      }
      return try await options.prepared(plan, from: text, of: pipeline.file, in: environment)
    }
  }
}
