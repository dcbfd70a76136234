import ClinicalRecords
import Ledger
import LocalSockets
import Logging
import PipelineFiles
import PipelineRunner
import StageKit
import Synchronization

/// A run with its ears open: signals, a progress line, metrics, the service's notices, and a new
/// start when the pipeline file has changed.
final class RunSupervision: Sendable {
  /// What a run is made from; read anew for each start.
  struct Prepared: Sendable {
    let plan: Plan
    /// Who runs it, for the audit chain.
    let actor: String
    let secrets: [String: [UInt8]]
    /// What it was read from, kept with the run.
    let source: RunSource
    /// Whether its sources give anything.
    var takesNew = true
  }

  private struct State {
    var run: PipelineRun
    var plan: Plan
    /// Counts the starts.
    var start = 1
    /// What to start with once the run has drained.
    var next: Prepared?
    var isStopping = false
  }

  private let terminal: Terminal
  private let logger: Logger
  private let notifier: ServiceNotifier
  private let prepare: @Sendable (DataFolder) async throws -> Prepared
  private let state: Mutex<State>

  /// - Parameter prepare: reads everything anew, and throws when it cannot be run on this folder.
  init(
    _ first: Prepared, on terminal: Terminal, logger: Logger,
    notifier: ServiceNotifier, prepare: @escaping @Sendable (DataFolder) async throws -> Prepared
  ) {
    self.terminal = terminal
    self.logger = logger
    self.notifier = notifier
    self.prepare = prepare
    state = Mutex(State(run: RunSupervision.run(first, logger), plan: first.plan))
  }

  /// How far the run is.
  var progress: RunProgress { current.progress }

  /// How the run stands.
  var snapshot: RunSnapshot { current.snapshot }

  /// Runs to the end, as often as the file is changed.
  ///
  /// - Returns: the last plan, and how its run went.
  func outcome(serving endpoint: MetricsEndpoint?) async throws -> (Plan, RunReport) {
    // A terminal that has gone wants what Ctrl-C wants; only a service is told of a new file so.
    let signals = Signals(hangUp: terminal.isInteractive ? .stop : .reload, on: terminal)
    return try await withThrowingTaskGroup(of: (Plan, RunReport)?.self) { group in
      group.addTask { try await self.runs() }
      for work in [listen(signals), showProgress, feedWatchdog, notify] {
        group.addTask {
          await work()
          return nil
        }
      }
      if let endpoint {
        group.addTask {
          await endpoint.serve()
          return nil
        }
      }
      defer { terminal.redraw("") }
      while let finished = try await group.next() {
        guard let outcome = finished else { continue }
        notifier.stopping()
        group.cancelAll()
        notifier.status(RunEnd(outcome.1).status(of: outcome.0.folder))
        return outcome
      }
      throw CommandFailure(.bug, "the run ended without a report", hint: "report this")
    }
  }

  private var current: PipelineRun { state.withLock { $0.run } }

  private static func run(
    _ prepared: Prepared, _ logger: Logger, isReconfigured: Bool = false
  ) -> PipelineRun {
    var options = PipelineRun.Options(
      secrets: prepared.secrets, program: "anagen \(Version.number)", actor: prepared.actor,
      logger: logger)
    options.launcher = Program.path
    options.source = prepared.source
    options.isReconfigured = isReconfigured
    options.takesNew = prepared.takesNew
    return PipelineRun(plan: prepared.plan, options: options)
  }

  private func runs() async throws -> (Plan, RunReport) {
    while true {
      let (run, plan) = state.withLock { ($0.run, $0.plan) }
      let report = try await run.run()
      // For a person the results tell it.
      if terminal.speaksJSON { RunEnd(report).log(to: logger) }
      let startsAnew = state.withLock { state in
        guard let next = state.next, !state.isStopping else { return false }
        state.next = nil
        state.plan = next.plan
        state.start += 1
        state.run = RunSupervision.run(next, logger, isReconfigured: true)
        return true
      }
      guard startsAnew else { return (plan, report) }
      say(.notice, "the run starts anew with the changed pipeline")
    }
  }

  // MARK: Signals

  private func listen(_ signals: Signals) -> @Sendable () async -> Void {
    { for await request in signals.requests { await self.obey(request) } }
  }

  private func obey(_ request: Signals.Request) async {
    switch request {
    case .reload: return await reload()
    case .drain:
      say(.notice, "draining: no new records, all accepted ones are finished; once more to quit")
    case .stop:
      say(.notice, "stopping after what is in hand; run again to go on, Ctrl-C again to quit")
    }
    notifier.stopping()
    let run = state.withLock { state in
      state.isStopping = true
      return state.run
    }
    if request == .drain { run.drain() } else { run.interrupt() }
  }

  /// Reads the file anew; a good one is run on the same folder once the run has drained.
  private func reload() async {
    notifier.reloading()
    do {
      let next = try await prepare(state.withLock { $0.plan.folder })
      let run = state.withLock { state in
        state.next = next
        return state.run
      }
      say(.notice, "the changed pipeline is good; draining to start anew with it")
      run.drain()
    } catch {
      let failure = CommandFailure(describing: error)
      say(
        .error, "the changed pipeline is not used; the run goes on as it is",
        ["reason": failure.map { "\($0.what); \($0.hint)" } ?? "\(type(of: error))"])
      notifier.ready("the changed pipeline was refused; the run goes on as it was")
    }
  }

  /// Talks to who watches: a person reads a line, a program an event.
  private func say(
    _ level: Logger.Level, _ message: StaticString, _ values: [String: String] = [:]
  ) {
    if terminal.speaksJSON {
      logger.log(level: level, "\(message)", metadata: values.mapValues { .string($0) })
    } else {
      let values = values.sorted { $0.key < $1.key }.map { ": \($0.value)" }.joined()
      terminal.talk("\(message)\(values)")
    }
  }

  // MARK: What is seen

  @Sendable private func showProgress() async {
    guard terminal.isInteractive else { return }
    var line = RunProgressLine()
    let start = ContinuousClock.now
    await repeated(every: .milliseconds(200)) {
      let seconds = (.now - start) / .seconds(1)
      let text = line.text(self.current.progress, at: seconds, width: max(20, terminal.width - 1))
      terminal.redraw(text)
    }
  }

  /// Says when a run works, and how far it is.
  @Sendable private func notify() async {
    guard notifier.isHeard else { return }
    var ready = 0
    await repeated(every: .milliseconds(500)) {
      let (run, start) = state.withLock { ($0.run, $0.start) }
      guard run.snapshot.phase != .opening else { return }
      let status = RunProgressLine.status(run.progress)
      if ready != start {
        // A notice that systemd had no room for is said again.
        if notifier.ready(status) { ready = start }
      } else if !state.withLock({ $0.isStopping }) {
        notifier.status(status)
      }
    }
  }

  /// Tells systemd of progress as long as there is some: four looks in its time, so that one late
  /// look is no alarm.
  @Sendable private func feedWatchdog() async {
    guard let time = notifier.watchdog else { return }
    var heartbeat = Heartbeat()
    var watched = 0
    await repeated(every: time / 4) {
      let (run, start) = state.withLock { ($0.run, $0.start) }
      if watched != start { (watched, heartbeat) = (start, Heartbeat()) }
      let stuck = await heartbeat.stuck(run, within: time / 4)
      if stuck.isEmpty {
        notifier.progress()
      } else {
        say(
          .critical, "nothing moves; the watchdog is not told",
          ["what": stuck.joined(separator: ", ")])
      }
    }
  }

  private func repeated(
    every time: Duration, _ body: () async -> Void
  ) async {
    while !Task.isCancelled {
      await body()
      do {
        try await Task.sleep(for: time)
      } catch {
        return  // cancelled: the run has ended
      }
    }
  }
}
