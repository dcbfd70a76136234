import ArgumentParser
import ClinicalRecords
import Ledger
import LocalSockets
import PipelineFiles
import PipelineRunner
import StageKit

/// What a run is told beside its pipeline: `run` and `resume` share it.
struct RunOptions: ParsableArguments {
  @Option(
    name: .customLong("secret"), parsing: .singleValue,
    help: ArgumentHelp(
      "The file of a secret that the pipeline names; mode 0600. A new data folder gets its own.",
      valueName: "name=file"))
  var secrets: [String] = []

  @OptionGroup var lock: LockOption
  @OptionGroup var logs: LogOptions

  @Option(
    help: ArgumentHelp(
      "Serves OpenMetrics at unix:PATH or 127.0.0.1:PORT while the run works.",
      valueName: "address"))
  var metrics: String?

  @OptionGroup var actor: ActorArgument
  @OptionGroup var output: FormatOption

  func validate() throws {
    do {
      _ = try metrics.map(SocketAddress.init(parsing:))
    } catch let error as SocketError {
      throw ValidationError("\(error)")
    }
  }

  /// Runs what `prepare` reads, and shows how it went.
  ///
  /// - Parameter prepare: reads everything; called again when the run is to start anew, with the
  ///   data folder that it must have then, and makes nothing in another.
  func run(
    in environment: CommandEnvironment,
    prepare: @escaping @Sendable (DataFolder?) async throws -> RunSupervision.Prepared
  ) async throws -> ExitStatus {
    let terminal = environment.terminal
    let notifier = try ServiceNotifier(environment.variables)
    let supervision = RunSupervision(
      try await prepare(nil), on: terminal, logger: logs.logger(on: terminal),
      notifier: notifier, prepare: prepare)
    let endpoint = try metrics.map { address in
      try MetricsEndpoint(metricsAddress(address, in: environment)) { supervision.snapshot }
    }
    let (plan, report): (Plan, RunReport)
    do {
      (plan, report) = try await supervision.outcome(serving: endpoint)
    } catch {
      // What was done is in the ledger, and the sum of it is owed however a run ends.
      let edges = supervision.progress.edges
      if output.format == .text, edges.contains(where: { $0.counts.opened > 0 }) {
        try terminal.result(EdgeTable.text(edges.map { ($0.edge, $0.counts) }))
      }
      throw error
    }
    let account = try RunSummary(plan: plan, report: report)
    switch output.format {
    case .json: try terminal.result(account.json.text)
    case .text: try terminal.result(account.text)
    }
    return account.status
  }

  /// A plan with its secrets and what to keep for who goes on with it.
  ///
  /// - Parameters:
  ///   - last: what an earlier run was started from, whose lock stays and whose files of secrets
  ///     count where none are given now.
  func prepared(
    _ plan: Plan, from text: [UInt8], of file: String, goingOnWith last: RunSource? = nil,
    in environment: CommandEnvironment
  ) async throws -> RunSupervision.Prepared {
    let isLocked = lock.isSet || last?.isLocked ?? false
    if isLocked { try PluginLock.check(plan, of: environment.absolute(file)) }
    // Before the first secret is made, so that what is refused leaves no folder behind.
    try PipelineRun.checkPlaces(of: plan)
    if !FileAccess.exists(plan.folder.privatePath) {
      try await PipelineRun.checkSources(of: plan)
    }
    let secrets = try Secrets(
      self.secrets, known: last?.secrets ?? [:], folder: plan.folder, in: environment)
    let kept = plan.variables.filter { $0.isGiven || $0.name == DataFolderName.variable }
    return RunSupervision.Prepared(
      plan: plan, actor: actor.name,
      secrets: try secrets.read(plan.secretNames, on: environment.terminal),
      source: RunSource(
        file: environment.absolute(file), text: String(decoding: text, as: UTF8.self),
        variables: Dictionary(uniqueKeysWithValues: kept.map { ($0.name, $0.value) }),
        secrets: secrets.given, isLocked: isLocked))
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
