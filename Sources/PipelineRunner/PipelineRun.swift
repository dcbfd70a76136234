import BoundedQueues
import ClinicalRecords
import Dispatch
import Foundation
public import Ledger
public import Logging
public import PipelineFiles
import StageKit
import Synchronization

/// One execution of a plan over a data folder.
///
/// Make one, call ``run()`` once; ``drain()`` and ``interrupt()`` may come from any thread.
public final class PipelineRun: Sendable {
  /// What a run is given beside its plan.
  public struct Options: Sendable {
    /// The bytes of every secret the plan names.
    public var secrets: [String: [UInt8]]
    /// The program's version, kept with the run.
    public var program: String
    /// What the run is started from, kept with it for who goes on with it.
    public var source: RunSource?
    /// Who runs it, for the audit chain.
    public var actor: String
    /// Where log lines go.
    public var logger: Logger
    /// Seconds since 1970.
    public var now: @Sendable () -> Double
    /// Waits before a retry.
    public var sleep: @Sendable (Duration) async throws -> Void

    /// Makes options; the clock is the machine's unless a test brings its own.
    public init(
      secrets: [String: [UInt8]] = [:], program: String, actor: String, logger: Logger,
      now: (@Sendable () -> Double)? = nil,
      sleep: (@Sendable (Duration) async throws -> Void)? = nil
    ) {
      self.secrets = secrets
      self.program = program
      self.actor = actor
      self.logger = logger
      self.now = now ?? { Date().timeIntervalSince1970 }
      self.sleep = sleep ?? { try await Task.sleep(for: $0) }
    }
  }

  private enum Stop: Int, Sendable { case none, drain, interrupt }

  private struct State {
    var stop = Stop.none
    var inboxes: [Inbox] = []
    var sources: [Task<Void, any Error>] = []
    var accepted = 0
    var intakes: [(stage: String, tally: @Sendable () -> IntakeTally)] = []
    var isProjecting = false
  }

  let plan: Plan
  let options: Options
  let account: RunAccount
  private let state = Mutex(State())

  /// Prepares a run; nothing is opened yet.
  public init(plan: Plan, options: Options) {
    self.plan = plan
    self.options = options
    account = RunAccount(
      edges: plan.edges.map { (EdgeKey(from: $0.from, to: $0.to), $0.isStored) })
  }

  /// Stops the sources and handles everything that they handed over (SIGTERM).
  public func drain() { stop(.drain) }

  /// Finishes what is in hand and leaves the rest in the ledger (SIGINT).
  public func interrupt() { stop(.interrupt) }

  /// How far the run is.
  public var progress: RunProgress {
    let (accepted, isProjecting) = state.withLock { ($0.accepted, $0.isProjecting) }
    return RunProgress(
      accepted: accepted, edges: account.snapshot(), isProjecting: isProjecting)
  }

  /// Runs the plan to its end.
  ///
  /// - Returns: how it went, with the sum of every edge.
  /// - Throws: ``LedgerError`` when the data folder is in use or fails, ``RunError`` when a stage
  ///   cannot be made or says that it can never work. What was accepted stays in the ledger.
  public func run() async throws -> RunReport {
    let start = options.now()
    let lock = try DataFolderLock(plan.folder)
    let ledger = try RunLedger(
      folder: plan.folder, durability: plan.durability == .full ? .full : .none,
      plan: plan.digestInput.serialised(), source: options.source, program: options.program,
      actor: options.actor, now: options.now)
    if let last = ledger.last, last.isUnfinished {
      options.logger.notice(
        "going on with a run that did not come to its end",
        metadata: [
          "run": "\(last.entry.number)", "ending": "\(last.ending)", "waiting": "\(last.pending)",
        ])
    }
    do {
      let session = try await RunSession(run: self, ledger: ledger)
      let leftovers = try await session.execute()
      let ending: RunReport.Ending =
        switch state.withLock({ $0.stop }) {
        case .none: .completed
        case .drain: .drained
        case .interrupt: .interrupted
        }
      try ledger.endRun(ending.rawValue)
      let report = try report(
        ending, ledger: ledger, leftovers: leftovers, seconds: options.now() - start)
      withExtendedLifetime(lock) {}
      return report
    } catch {
      // The run's own error matters more than a second one from a ledger that may be gone.
      do { try ledger.endRun("failed") } catch let second {
        options.logger.info(
          "the end of the run could not be noted", metadata: ["error": "\(second)"])
      }
      throw error
    }
  }

  // MARK: For the session

  func began(inboxes: [Inbox]) {
    let stop = state.withLock { state in
      state.inboxes = inboxes
      return state.stop
    }
    if stop == .interrupt {
      for inbox in inboxes { inbox.stop() }
    }
  }

  func began(source: Task<Void, any Error>) {
    let isStopped = state.withLock { state in
      state.sources.append(source)
      return state.stop != .none
    }
    if isStopped { source.cancel() }
  }

  func began(intake: SourceRunner.Intake, of stage: String) {
    state.withLock { $0.intakes.append((stage, { intake.tally })) }
  }

  func accepted() { state.withLock { $0.accepted += 1 } }
  func beganProjecting() { state.withLock { $0.isProjecting = true } }
  var isStopping: Bool { state.withLock { $0.stop != .none } }
  var isInterrupted: Bool { state.withLock { $0.stop == .interrupt } }

  private func stop(_ stop: Stop) {
    let (sources, inboxes) = state.withLock { state in
      if stop.rawValue > state.stop.rawValue { state.stop = stop }
      return (state.sources, stop == .interrupt ? state.inboxes : [])
    }
    for source in sources { source.cancel() }
    for inbox in inboxes { inbox.stop() }
  }

  /// Compares what was counted with what the ledger and the queues still hold.
  private func report(
    _ ending: RunReport.Ending, ledger: RunLedger, leftovers: [EdgeKey: Int], seconds: Double
  ) throws -> RunReport {
    let pending = try ledger.pendingCounts()
    var mismatches: [EdgeKey] = []
    let order = Dictionary(
      uniqueKeysWithValues: plan.edges.enumerated().map {
        (EdgeKey(from: $1.from, to: $1.to), $0)
      })
    let edges = account.snapshot().sorted {
      order[$0.edge, default: 0] < order[$1.edge, default: 0]
    }
    .map { sum in
      var sum = sum
      sum.counts.pending =
        sum.stored ? pending[sum.edge, default: 0] : leftovers[sum.edge, default: 0]
      if !sum.counts.balances { mismatches.append(sum.edge) }
      return sum
    }
    return RunReport(
      ending: ending, edges: edges, mismatches: mismatches,
      quarantined: try LedgerReading(folder: plan.folder).quarantined(), seconds: seconds,
      accepted: state.withLock { $0.accepted },
      intakes: state.withLock { $0.intakes }.map { RunReport.Intake(stage: $0.stage, $0.tally()) },
      auditHead: try ledger.auditHead())
  }
}
