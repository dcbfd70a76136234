import ArgumentParser
import ClinicalRecords
import Ledger
import LocalSockets
import Logging
import PipelineFiles
import PipelineRunner
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

      At the end the sum of every edge is shown: opened = done + set aside + superseded + waiting.

      The exit status is 1 when something is set aside: 'anagen quarantine list' tells why.
      """)

  @OptionGroup var pipeline: PipelineArguments

  @Option(
    name: .customLong("secret"), parsing: .singleValue,
    help: ArgumentHelp(
      "The file of a secret that the pipeline names; mode 0600. A new data folder gets its own.",
      valueName: "name=file"))
  var secrets: [String] = []

  @OptionGroup var logs: LogOptions

  @Option(
    help: ArgumentHelp(
      "Serves OpenMetrics at unix:PATH or 127.0.0.1:PORT while the run works.",
      valueName: "address"))
  var metrics: String?

  @OptionGroup var output: FormatOption

  func validate() throws {
    do {
      _ = try metrics.map(SocketAddress.init(parsing:))
    } catch let error as SocketError {
      throw ValidationError("\(error)")
    }
  }

  func run(in environment: CommandEnvironment) async throws -> ExitStatus {
    let terminal = environment.terminal
    let notifier = try ServiceNotifier(environment.variables)
    let supervision = RunSupervision(
      try prepared(in: environment), on: terminal, logger: logs.logger(on: terminal),
      isJSON: logs.isJSON(on: terminal), notifier: notifier
    ) { [self] in try prepared(in: environment, only: $0) }
    let endpoint = try metrics.map { address in
      try MetricsEndpoint(metricsAddress(address, in: environment)) { supervision.snapshot }
    }
    let (plan, report) = try await supervision.outcome(serving: endpoint)
    let results = try ResultsTable(folder: plan.folder, truth: PhantomTruthFile(of: plan))
    let account = RunSummary(plan: plan, report: report, results: results)
    switch output.format {
    case .json: try terminal.result(account.json.text)
    case .text: try terminal.result(account.text)
    }
    return account.status
  }

  /// Reads the pipeline and its secrets.
  ///
  /// - Parameter folder: the data folder that it must have, where there is one already: nothing is
  ///   made in another.
  private func prepared(
    in environment: CommandEnvironment, only folder: DataFolder? = nil
  ) throws -> RunSupervision.Prepared {
    let plan = try pipeline.plan(in: environment)
    if let folder, plan.folder != folder {
      throw CommandFailure(
        .configuration, "the data folder would change from \(folder.path)",
        hint: "stop the run and start one with the other folder")
    }
    let secrets = try Secrets(secrets, folder: plan.folder, in: environment)
      .read(plan.secretNames, on: environment.terminal)
    return RunSupervision.Prepared(plan: plan, secrets: secrets)
  }

  private func metricsAddress(
    _ text: String, in environment: CommandEnvironment
  ) throws -> SocketAddress {
    switch try SocketAddress(parsing: text) {
    case .unix(let path): .unix(path: environment.absolute(path))
    case .loopback(let port): .loopback(port: port)
    }
  }
}
