import BoundedQueues
import ClinicalRecords
import Dispatch
import Foundation
import Glibc
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
    /// Whether it goes on from a run that was at work when its pipeline was changed.
    public var isReconfigured = false
    /// Whether sources give anything; without them what was accepted before is finished, and the
    /// run counts as drained.
    public var takesNew = true
    /// The program that confines itself and becomes a stage's process, by its absolute path; without
    /// it no stage can run in a process of its own.
    public var launcher: String?
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

  typealias Offer = @Sendable (LedgerOutcome, LedgerEntry.Product?) -> Void

  private struct State {
    var stop = Stop.none
    var inboxes: [Inbox] = []
    var sources: [Task<Void, any Error>] = []
    var accepted = 0
    var intakes: [(stage: String, tally: @Sendable () -> IntakeTally)] = []
    var phase = RunSnapshot.Phase.opening
    var committer: LedgerCommitter?
    var offer: Offer?
    var hasReleased = false
    var began = ContinuousClock.now
  }

  /// What the run can be asked while it works.
  public let control = ControlVerbs()
  let plan: Plan
  let options: Options
  let account: RunAccount
  let meters: RunMeters
  let notes = RunNotes()
  private let state = Mutex(State())

  /// Prepares a run; nothing is opened yet.
  public init(plan: Plan, options: Options) {
    self.plan = plan
    self.options = options
    if !options.takesNew { state.withLock { $0.stop = .drain } }
    account = RunAccount(
      edges: plan.edges.map { (EdgeKey(from: $0.from, to: $0.to), $0.isStored) })
    meters = RunMeters(plan)
    control.register("top") { [weak self] (_: ControlNothing, _) in
      guard let self else { throw CancellationError() }
      return self.snapshot
    }
  }

  /// Stops the sources and handles everything that they handed over (SIGTERM).
  public func drain() { stop(.drain) }

  /// Finishes what is in hand and leaves the rest in the ledger (SIGINT).
  public func interrupt() { stop(.interrupt) }

  /// How far the run is.
  public var progress: RunProgress {
    let (accepted, phase) = state.withLock { ($0.accepted, $0.phase) }
    let edges = account.snapshot()
    return RunProgress(
      accepted: accepted, expected: meters.expected, handled: handled(edges), edges: edges,
      isProjecting: phase == .projecting)
  }

  /// How the run stands, stage by stage; what `top` answers.
  public var snapshot: RunSnapshot {
    let (accepted, phase, began) = state.withLock { ($0.accepted, $0.phase, $0.began) }
    return RunSnapshot(
      pipeline: plan.name, program: options.program, process: getpid(),
      phase: isStopping ? .stopping : phase, seconds: (.now - began) / .seconds(1),
      accepted: accepted, expected: meters.expected, stages: meters.snapshots(),
      ledger: meters.ledger.snapshot())
  }

  /// Of the records that sources made, those whose deliveries have all ended.
  private func handled(_ edges: [EdgeSum]) -> Int {
    let sources = plan.stages.filter { $0.entry.kind == .source }.map(\.name)
    return sources.reduce(0) { sum, source in
      sum
        + (edges.filter { $0.edge.from == source }.map { edge in
          edge.counts.opened - edge.counts.pending + edge.reused + edge.stillQuarantined
        }.min() ?? 0)
    }
  }

  /// Runs the plan to its end.
  ///
  /// - Returns: how it went, with the sum of every edge.
  /// - Throws: ``LedgerError`` when the data folder is in use or fails, ``RunError`` when a stage
  ///   cannot be made or says that it can never work. What was accepted stays in the ledger.
  public func run() async throws -> RunReport {
    let lock = try DataFolderLock(plan.folder)
    let report = try await control.whileListening(in: plan.folder, options.logger) {
      try await runLocked()
    }
    withExtendedLifetime(lock) {}
    return report
  }

  /// Says what the pipeline is that the last run's was not: stages, settings, a study, a calibration
  /// file by its digest.
  private func tellChangedPlan(of ledger: RunLedger) {
    let now = plan.digestInput.text
    guard let changes = ledger.last?.differences(to: now), !changes.isEmpty else { return }
    notes.add(
      Notice(
        stage: plan.stages.first?.name ?? "", code: "plan_changed",
        what:
          "the pipeline is not what it was in run \(ledger.last?.entry.number ?? 0): "
          + Notice.list(changes),
        hint:
          "results that depend on it are made anew; then the registry's table 'correction' says of each "
          + "measurement that took the place of another why, and 'anagen explain' of each picture",
        isNegative: false))
  }

  /// One data folder is of one study: registry and tables of two would contradict each other.
  private func refuseOtherStudy(of ledger: RunLedger) throws {
    guard let study = try ledger.filedStudies().first(where: { $0 != plan.study.id }) else {
      return
    }
    try ledger.endRun("failed")
    try ledger.close()
    throw LedgerError(
      .otherStudy,
      subject: "\(plan.folder.path) is of the study '\(study)', and this pipeline's is "
        + "'\(plan.study.id)'",
      hint: "give each study a data folder of its own; where only its id was written otherwise, "
        + "write it as it was, or file the pictures anew in an empty folder")
  }

  private func runLocked() async throws -> RunReport {
    let start = options.now()
    state.withLock { $0.began = .now }
    let ledger = try RunLedger(
      folder: plan.folder, durability: plan.durability == .full ? .full : .none,
      plan: plan.digestInput.serialised(), source: options.source, program: options.program,
      actor: options.actor, now: options.now)
    try refuseOtherStudy(of: ledger)
    if let problem = ledger.auditProblem { tell(problem) }
    tellChangedPlan(of: ledger)
    if let last = ledger.last, last.isUnfinished {
      // One that came to its end left nothing; somebody released or withdrew something since.
      let message: Logger.Message =
        last.ending == RunReport.Ending.completed.rawValue
        ? "going on with what was decided since the last run"
        : "going on with a run that did not come to its end"
      options.logger.notice(
        message,
        metadata: [
          "run": "\(last.entry.number)", "ending": "\(last.ending)", "waiting": "\(last.pending)",
          "withdrawn": "\(last.withdrawn)",
        ])
    }
    do {
      if options.isReconfigured { try ledger.noteReconfigured() }
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
      try ledger.close()
      return report
    } catch {
      // The run's own error matters more than a second one from a ledger that may be gone.
      do {
        let head = try ledger.auditHead()
        options.logger.warning(
          "the run did not come to its end",
          metadata: ["run": "\(ledger.run)", "auditHead": "\(head)"])
      } catch let second {
        options.logger.info("the audit head cannot be read", metadata: ["error": "\(second)"])
      }
      for step in [{ try ledger.endRun("failed") }, ledger.close] as [() throws -> Void] {
        do { try step() } catch let second {
          options.logger.info(
            "the end of the run could not be noted", metadata: ["error": "\(second)"])
        }
      }
      throw error
    }
  }

  /// The run goes on, since the pictures are there to be handled, and tells it here, at its end and
  /// in what leaves.
  func tell(_ problem: AuditProblem) {
    options.logger.warning(
      "the audit log was changed, cut or put back",
      metadata: ["found": "\(problem.code.name)", "entry": "\(problem.sequence)"])
    notes.add(
      Notice(
        stage: "ledger", code: "audit_log",
        what: "the audit log is not what it was: \(problem.what)", hint: problem.hint,
        isNegative: true))
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
  func began(committer: LedgerCommitter) { state.withLock { $0.committer = committer } }
  var openCommitter: LedgerCommitter? { state.withLock { $0.committer } }

  func began(offering offer: Offer?) { state.withLock { $0.offer = offer } }

  /// Somebody released deliveries: they go to their stages, or wait for the next round.
  func released(_ opened: [LedgerOutcome.Opened], later: [LedgerOutcome.Opened]) {
    let offer = state.withLock { state in
      state.hasReleased = true
      return state.offer
    }
    for delivery in offer == nil ? opened + later : later { account.opened(delivery.edge) }
    offer?(LedgerOutcome(opened: opened), nil)
  }

  /// Whether something was released since this was asked last.
  func takeReleased() -> Bool {
    state.withLock { state in
      defer { state.hasReleased = false }
      return state.hasReleased
    }
  }

  func accepted() { state.withLock { $0.accepted += 1 } }
  func entered(_ phase: RunSnapshot.Phase) { state.withLock { $0.phase = phase } }
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

  /// Compares what was counted with what the ledger and the queues still hold, and tells how the
  /// ledger says that its deliveries stand.
  private func report(
    _ ending: RunReport.Ending, ledger: RunLedger, leftovers: [EdgeKey: Int], seconds: Double
  ) throws -> RunReport {
    let pending = try ledger.pendingCounts()
    let standing = try ledger.deliveryCounts()
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
      if sum.stored { sum.counts = standing[sum.edge, default: DeliveryCounts()] }
      return sum
    }
    return RunReport(
      run: ledger.run, ending: ending, edges: edges, mismatches: mismatches,
      quarantined: try LedgerReading(folder: plan.folder).quarantined(), seconds: seconds,
      accepted: state.withLock { $0.accepted },
      intakes: state.withLock { $0.intakes }.map { RunReport.Intake(stage: $0.stage, $0.tally()) },
      notices: notes.notices, released: notes.files.filter { DataFolder.mayLeave($0.path) },
      auditHead: try ledger.auditHead())
  }
}
