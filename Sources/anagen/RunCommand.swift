import ArgumentParser
import ClinicalRecords
import Ledger
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
      one ends at once. At the end the sum of every edge is shown: opened = done + set aside + \
      superseded + waiting.

      The exit status is 1 when something is set aside: 'anagen quarantine list' tells why.
      """)

  @OptionGroup var pipeline: PipelineArguments

  @Option(
    name: .customLong("secret"), parsing: .singleValue,
    help: ArgumentHelp(
      "The file of a secret that the pipeline names; mode 0600. A new data folder gets its own.",
      valueName: "name=file"))
  var secrets: [String] = []

  @Option(
    name: .customLong("log"),
    help: ArgumentHelp(
      "The least log level shown: \(Logger.Level.names.joined(separator: ", ")).",
      valueName: "level"))
  var logLevel = "warning"

  @OptionGroup var actor: ActorArgument
  @OptionGroup var output: FormatOption

  func validate() throws {
    guard Logger.Level(rawValue: logLevel) != nil else {
      throw ValidationError(
        "--log \(logLevel) is no level; give one of \(Logger.Level.names.joined(separator: ", "))")
    }
  }

  func run(in environment: CommandEnvironment) async throws -> ExitStatus {
    let terminal = environment.terminal
    let plan = try pipeline.plan(in: environment)
    let secrets = try Secrets(secrets, folder: plan.folder, in: environment)
      .read(plan.secretNames, on: terminal)
    var logger = Logger(label: "anagen") { [logLevel] _ in
      TerminalLogHandler(terminal, level: Logger.Level(rawValue: logLevel) ?? .warning)
    }
    logger.logLevel = Logger.Level(rawValue: logLevel) ?? .warning
    let run = PipelineRun(
      plan: plan,
      options: PipelineRun.Options(
        secrets: secrets, program: "anagen \(Version.number)", actor: actor.name,
        logger: logger))
    let report = try await RunSupervision(run, terminal).report()
    let results = try ResultsTable(folder: plan.folder, truth: PhantomTruthFile(of: plan))
    let account = RunSummary(plan: plan, report: report, results: results)
    switch output.format {
    case .json: try terminal.result(account.json.text)
    case .text: try terminal.result(account.text)
    }
    return account.status
  }
}

/// A run with its progress line and its ears open for signals.
private struct RunSupervision {
  private let run: PipelineRun
  private let terminal: Terminal

  init(_ run: PipelineRun, _ terminal: Terminal) {
    self.run = run
    self.terminal = terminal
  }

  /// Runs to the end.
  func report() async throws -> RunReport {
    let signals = Signals()
    return try await withThrowingTaskGroup(of: RunReport?.self) { group in
      group.addTask { try await run.run() }
      group.addTask {
        for await request in signals.requests { obey(request) }
        return nil
      }
      group.addTask {
        while !Task.isCancelled {
          showProgress()
          do {
            try await Task.sleep(for: .milliseconds(200))
          } catch {
            break  // cancelled: the run has ended
          }
        }
        return nil
      }
      defer { terminal.redraw("") }
      while let finished = try await group.next() {
        guard let report = finished else { continue }
        group.cancelAll()
        return report
      }
      throw CommandFailure(.bug, "the run ended without a report", hint: "report this")
    }
  }

  private func obey(_ request: Signals.Request) {
    switch request {
    case .drain:
      terminal.talk("draining: no new records, all accepted ones are finished; once more to quit")
      run.drain()
    case .stop:
      terminal.talk("stopping after what is in hand; run again to go on, Ctrl-C again to quit")
      run.interrupt()
    }
  }

  private func showProgress() {
    let progress = run.progress
    guard terminal.isInteractive else { return }
    let ended = progress.edges.reduce(0) { $0 + $1.counts.opened - $1.counts.pending }
    let opened = progress.edges.reduce(0) { $0 + $1.counts.opened }
    let setAside = progress.edges.reduce(0) { $0 + $1.counts.quarantined }
    let doing = progress.isProjecting ? ", writing reports" : ""
    let line =
      "\(progress.accepted) records accepted, \(ended) of \(opened) deliveries ended, "
      + "\(setAside) set aside\(doing)"
    terminal.redraw(String(line.prefix(max(20, terminal.width - 1))))
  }
}
