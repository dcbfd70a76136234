import BoundedQueues
import ClinicalRecords
import Foundation
import Ledger
import Logging
import PipelineFiles
import StageHost
import StageKit

/// A run while its ledger is open: makes the stages, wires them, and works until they are done.
struct RunSession: Sendable {
  let run: PipelineRun
  let plan: Plan
  let ledger: RunLedger
  private let account: RunAccount
  private let types: [SchemaID: RecordType]
  let host: RunHost
  private let destinations: [String: EffectDestination]
  private let stages: [MadeStage]

  /// Makes the stages and asks each sink where it acts.
  init(run: PipelineRun, ledger: RunLedger) async throws {
    self.run = run
    self.ledger = ledger
    plan = run.plan
    account = run.account
    for name in plan.secretNames where run.options.secrets[name] == nil {
      throw RunError(
        code: .secretMissing, stage: nil, reason: "secret_missing",
        subject: "the pipeline asks for the secret '\(name)'",
        hint: "give --secret \(name)=FILE, or put it in $CREDENTIALS_DIRECTORY/\(name)")
    }
    var types: [SchemaID: RecordType] = [:]
    for stage in plan.stages {
      for type in [stage.entry.input, stage.entry.output].compactMap({ $0 }) {
        types[type.schema] = type
      }
    }
    self.types = types
    host = RunHost(
      ledger: ledger, types: types, secrets: run.options.secrets, logger: run.options.logger,
      clock: run.options.now, meters: run.meters, notes: run.notes, control: run.control,
      lastReleased: try ledger.releasedFiles())
    stages = try await RunSession.makeStages(
      of: plan, withSources: run.options.takesNew, host: host, launcher: run.options.launcher)
    destinations = try RunSession.destinations(of: stages, in: plan, ledger)
    let keys = try ReuseKeys(
      plan: plan, secrets: run.options.secrets, runNonce: "\(run.options.now())",
      destinations: destinations)
    try ledger.follow(plan.stages.flatMap { keys.storedEdges(outOf: $0.name) })
  }

  /// Runs everything.
  ///
  /// - Returns: how many derived records were left in the queues of an interrupted run.
  func execute() async throws -> [EdgeKey: Int] {
    let inHand = try openInHand()
    let stale = try ledger.supersedeStale()
    let backlog = try ledger.pendingCounts()
    for (edge, number) in backlog { account.opened(edge, number) }
    for (edge, number) in stale {
      account.opened(edge, number)
      account.superseded(edge, number)
    }
    let committer = LedgerCommitter(ledger: ledger, meter: run.meters.ledger)
    run.began(committer: committer)
    takeDecisions(committer)
    defer { run.control.remove(LedgerDecision.verb) }
    do {
      try await work(with: committer, inHand)
    } catch {
      await closeProcesses()
      throw error
    }
    await closeProcesses()
    return account.abandoned
  }

  private func work(with committer: LedgerCommitter, _ inHand: InHandFile) async throws {
    let stages = stages
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await committer.run() }
      group.addTask {
        do {
          try await handleAll(stages, committer, inHand)
        } catch {
          committer.close()
          throw error
        }
        committer.close()
      }
      for try await _ in group {}
    }
  }

  /// Ends the processes of stages; returns when they are gone.
  private func closeProcesses() async {
    for stage in stages { await stage.process?.close() }
  }

  private var flow: PlanFlow { PlanFlow(plan) }

  // MARK: Making

  /// A stage that was made, before it is wired.
  struct MadeStage: Sendable {
    let plan: Plan.Stage
    let running: RunningStage
    let context: StageContext
    /// What runs it, when that is a process of its own.
    let process: ProcessStage?
  }

  private static func makeStages(
    of plan: Plan, withSources: Bool, host: RunHost, launcher: String?
  ) async throws -> [MadeStage] {
    var stages: [MadeStage] = []
    ProcessStage.removeScratch(below: plan.folder)
    for stage in plan.stages {
      let context = StageContext(
        stage: stage.name, study: plan.study, folder: plan.folder, host: host)
      let running: RunningStage
      var process: ProcessStage?
      if let isolation = stage.isolation {
        let made = try await makeProcess(stage, isolation, context, launcher: launcher)
        running = made.running
        process = made
      } else if stage.entry.kind != .source {
        running = try await make(stage, context)
      } else if withSources {
        running = try await makeSource(stage, context, host.ledger)
      } else {
        running = .source(run: { _ in })
      }
      stages.append(MadeStage(plan: stage, running: running, context: context, process: process))
    }
    return stages
  }

  /// Makes a source; one that cannot be made keeps nobody from what was accepted before.
  private static func makeSource(
    _ stage: Plan.Stage, _ context: StageContext, _ ledger: RunLedger
  ) async throws -> RunningStage {
    do {
      return try await make(stage, context)
    } catch let error as RunError {
      guard let last = ledger.last, last.isUnfinished, last.pending > 0 else { throw error }
      throw RunError(
        code: error.code, stage: error.stage, reason: error.reason, subject: error.subject,
        hint: "\(error.hint); what was taken in before is not lost: "
          + "'anagen resume --accepted-only \(context.folder.path)' finishes it without the source",
        errno: error.errno)
    }
  }

  /// Opens the file of what is in hand, and notes what the last run died of, if it was that.
  private func openInHand() throws -> InHandFile {
    let places = plan.stages.filter { $0.entry.input != nil }.map(\.concurrency).reduce(0, +)
    return try InHandFile(plan.folder, run: ledger.run, places: places) { death in
      try ledger.noteDeath(
        ofRun: death.run, inHand: death.deliveries, wasAlone: death.wasAlone,
        ranOutOfMemory: death.ranOutOfMemory)
    }
  }

  /// Gives every stage its inbox, with what waits for it in the ledger.
  ///
  /// - Parameter only: the one delivery that is to be handled; all that wait when `nil`.
  private func wire(_ stages: [MadeStage], only: Int64? = nil) throws -> [StageNode] {
    var inboxes: [String: Inbox] = [:]
    for stage in plan.stages where stage.entry.kind == .transform || stage.entry.kind == .sink {
      let edges = plan.edges(into: stage.name)
      inboxes[stage.name] = Inbox(
        stage: stage.name, maxRecords: edges.map(\.queue.maxRecords).reduce(0, +),
        maxBytes: edges.map(\.queue.maxBytes).reduce(0, +),
        edges: edges.map { EdgeKey(from: $0.from, to: $0.to) },
        backlog: try pending(of: stage.name, only: only))
    }
    let nodes = stages.map { stage in
      let outlets = plan.edges(outOf: stage.plan.name).compactMap { edge in
        inboxes[edge.to].map {
          StageNode.Outlet(
            edge: EdgeKey(from: edge.from, to: edge.to), label: edge.label, inbox: $0)
        }
      }
      return StageNode(
        plan: stage.plan, running: stage.running, context: stage.context, host: host,
        inbox: inboxes[stage.plan.name], outlets: outlets, meter: run.meters[stage.plan.name],
        destination: destinations[stage.plan.name])
    }
    for node in nodes { node.meter.opened(node.inbox, isSource: node.plan.entry.kind == .source) }
    run.began(inboxes: nodes.compactMap(\.inbox))
    run.entered(.working)
    return nodes
  }

  /// What an earlier run left for a stage, oldest first; row numbers only, no contents.
  private func pending(of stage: String, only: Int64?) throws -> [PendingDelivery] {
    if let only {
      return try ledger.pending(for: stage, from: only, limit: 1).filter { $0.delivery == only }
    }
    var all: [PendingDelivery] = []
    while true {
      let page = try ledger.pending(
        for: stage, from: (all.last?.delivery ?? -1) + 1, limit: 4096)
      all += page
      if page.count < 4096 { return all }
    }
  }

  static func make(_ stage: Plan.Stage, _ context: StageContext) async throws
    -> RunningStage
  {
    do {
      return try await stage.entry.make(stage.settings, context)
    } catch let error as StageError {
      throw RunError(error, stage: stage.name, fatal: .stageFailed)
    } catch let error as SettingProblem {
      throw RunError(
        code: .stageFailed, stage: stage.name, reason: "bad_setting",
        subject: "'\(error.key)': \(error.what)", hint: error.hint)
    }
  }

  // MARK: Working

  /// How often deliveries are handled again because a partner came later: one round settles a
  /// look-up of captured records, one more what looks up what that made; two to spare.
  private static let lookupRounds = 4

  private func handleAll(
    _ stages: [MadeStage], _ committer: LedgerCommitter, _ inHand: InHandFile
  ) async throws {
    try await handleSuspects(stages, committer, inHand)
    try await work(stages, committer, inHand, withSources: true)
    let changes = try settleRefiled()
    var rounds = RunSession.lookupRounds
    while rounds > 0, !run.isInterrupted {
      let hasReleased = run.takeReleased()
      let reopened = try ledger.reopenStale()
      if reopened.isEmpty, !hasReleased { break }
      if !reopened.isEmpty { rounds -= 1 }
      for edge in reopened { account.opened(edge) }
      try await handleSuspects(stages, committer, inHand)
      try await work(stages, committer, inHand)
    }
    if run.isInterrupted { return }
    try ledger.forgetReleasedFiles()
    for stage in stages {
      guard let finish = stage.running.finish, !run.isInterrupted else { continue }
      let name = stage.plan.name
      let upstream = try ledger.account(before: name, in: flow)
      try await failing(name) { try await finish(upstream) }
    }
    if run.isInterrupted { return }
    run.entered(.projecting)
    try await project(stages, committer, changes)
    if run.isInterrupted { return }
    try ledger.keepReleasedFiles(run.notes.files)
    if !run.isStopping { try ledger.keepListed() }
  }

  /// Handles what was in hand when the program died, one after the other and nothing beside it.
  private func handleSuspects(
    _ stages: [MadeStage], _ committer: LedgerCommitter, _ inHand: InHandFile
  ) async throws {
    inHand.setAlone(true)
    for suspect in try ledger.suspects() where !run.isStopping {
      run.options.logger.notice(
        "a record that was in hand when the program died is handled alone")
      try await work(stages, only: suspect, committer, inHand)
    }
    inHand.setAlone(false)
  }

  private func work(
    _ stages: [MadeStage], only: Int64? = nil, _ committer: LedgerCommitter, _ inHand: InHandFile,
    withSources: Bool = false
  ) async throws {
    // By the writer, so that what somebody releases is either seen here or offered, and not both.
    let (nodes, inboxes, offer) = try await committer.perform {
      let nodes = try wire(stages, only: only)
      let inboxes = Dictionary(
        uniqueKeysWithValues: nodes.compactMap { node in node.inbox.map { (node.name, $0) } })
      let offer = offering(inboxes)
      run.began(offering: only == nil ? offer : nil)
      return (nodes, inboxes, offer)
    }
    defer { run.began(offering: nil) }
    var firstPlace = 0
    try await withThrowingTaskGroup(of: Void.self) { group in
      for node in nodes {
        if let inbox = node.inbox { group.addTask { try await inbox.feed() } }
        let places = firstPlace..<(firstPlace + (node.inbox == nil ? 0 : node.plan.concurrency))
        firstPlace = places.upperBound
        group.addTask {
          switch node.running {
          case .source(let body):
            if withSources { try await source(node, body, committer, offer) }
          case .transform, .sink, .queryableSink:
            try await workers(node, committer, places.map(inHand.place), offer)
          case .projection: return
          }
          // All that the stage gave is durable and offered before its followers are told.
          try await committer.flush()
          node.meter.ended()
          for outlet in node.outlets { outlet.inbox.upstreamEnded() }
        }
      }
      do {
        for try await _ in group {}
      } catch {
        for inbox in inboxes.values { inbox.stop() }
        throw error
      }
    }
  }

  private func workers(
    _ node: StageNode, _ committer: LedgerCommitter, _ places: [InHandFile.Place],
    _ offer: @escaping @Sendable (LedgerOutcome, LedgerEntry.Product?) -> Void
  ) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for place in places {
        let worker = StageWorker(
          node: node, run: run, committer: committer, place: place, offer: offer)
        group.addTask { try await worker.work() }
      }
      for try await _ in group {}
    }
  }

  /// Counts what a commit did and hands the opened deliveries to their inboxes.
  private func offering(
    _ inboxes: [String: Inbox]
  ) -> @Sendable (LedgerOutcome, LedgerEntry.Product?) -> Void {
    let (account, recent) = (account, host.recent)
    return { outcome, product in
      for edge in outcome.superseded { account.superseded(edge) }
      for edge in outcome.reused { account.reused(edge) }
      for edge in outcome.stillQuarantined { account.stillQuarantined(edge) }
      if let product, let reference = outcome.reference, !outcome.opened.isEmpty {
        recent.keep(product.record, as: reference, payloadBytes: product.payloadByteCount)
      }
      for opened in outcome.opened {
        account.opened(opened.edge)
        inboxes[opened.edge.to]?.offer(
          opened, record: opened.record == outcome.reference ? product?.record : nil)
      }
    }
  }

  private func source(
    _ node: StageNode, _ body: @escaping SourceRunner.Body, _ committer: LedgerCommitter,
    _ offer: @escaping @Sendable (LedgerOutcome, LedgerEntry.Product?) -> Void
  ) async throws {
    let runner = SourceRunner(node: node, run: run, committer: committer, offer: offer)
    let task = Task { try await runner.run(body) }
    run.began(source: task)
    do {
      try await withTaskCancellationHandler {
        try await failing(node.name) { try await task.value }
      } onCancel: {
        task.cancel()
      }
    } catch is CancellationError where run.isStopping {
      return
    }
  }

  // MARK: Projecting

  private func project(
    _ stages: [MadeStage], _ committer: LedgerCommitter, _ changes: [ListChange]
  ) async throws {
    for stage in stages {
      guard case .projection(let project) = stage.running, !run.isInterrupted else { continue }
      let name = stage.plan.name
      let standing = try ledger.standing(at: name, in: flow)
      let references = standing + (try ledger.withdrawn(at: name))
      let setAside = try ledger.setAside(before: name, in: flow)
      let mayIdentify = plan.mayIdentify(stage.plan)
      let refused = mayIdentify ? try ledger.refused(before: name, in: flow) : []
      let (host, context) = (host, stage.context)
      let withdrawn = references.count - standing.count
      let audit = try auditStatement(ofExporting: references, withdrawn: withdrawn, to: stage.plan)
      let meter = run.meters[name]
      meter.opened(nil)
      let call = meter.began()
      defer {
        meter.ended(call)
        meter.ended()
      }
      try await failing(name) {
        try await project(
          standing.count, withdrawn, setAside, refused, mayIdentify ? changes : [], audit
        ) { index in
          meter.received(in: call)
          let reference = references[index]
          let record = try host.record(reference)
          return (record, DeliveryContext(stage: context, origin: reference, attempt: 1))
        }
      }
      try await endProjected(name, committer)
    }
  }

  /// What a projection was written from has ended well.
  private func endProjected(_ stage: String, _ committer: LedgerCommitter) async throws {
    var first: Int64 = 0
    while true {
      let pending = try ledger.pending(for: stage, from: first, limit: 256)
      guard let last = pending.last else { return }
      let account = account
      for delivery in pending {
        let end = LedgerEntry.End(delivery: delivery.delivery)
        try await committer.submit(LedgerEntry(ends: [end])) { _ in account.done(delivery.edge) }
      }
      try await committer.flush()
      first = last.delivery + 1
    }
  }

  /// Runs a stage's own code outside a delivery: what it throws ends the run, in words.
  private func failing(_ stage: String, _ body: () async throws -> Void) async throws {
    do {
      try await body()
    } catch let error as StageError {
      throw RunError(error, stage: stage, fatal: .fatal)
    } catch {
      throw StageWorker.machineFault(in: error)
    }
  }
}
