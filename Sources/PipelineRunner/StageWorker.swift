import BoundedQueues
import ClinicalRecords
import Ledger
import PipelineFiles
import StageKit

/// What the workers of one stage share.
final class StageNode: Sendable {
  let plan: Plan.Stage
  let running: RunningStage
  let context: StageContext
  let host: RunHost
  let inbox: Inbox?
  /// Whether the stage can be called now.
  let gate: StageGate
  /// The edges out of the stage, each with the inbox that it leads to.
  let outlets: [Outlet]
  /// The highest label that what the stage makes may have; `nil` when it makes nothing.
  let highestLabel: PrivacyLabel?
  let meter: StageMeter
  /// Where a sink acts.
  let destination: EffectDestination?

  struct Outlet: Sendable {
    let edge: EdgeKey
    let label: PrivacyLabel
    let inbox: Inbox
  }

  init(
    plan: Plan.Stage, running: RunningStage, context: StageContext, host: RunHost, inbox: Inbox?,
    outlets: [Outlet], meter: StageMeter, destination: EffectDestination?
  ) {
    self.plan = plan
    self.running = running
    self.context = context
    self.host = host
    self.inbox = inbox
    self.outlets = outlets
    self.meter = meter
    self.destination = destination
    gate = StageGate(first: plan.retry.initial, longest: plan.retry.max)
    highestLabel = outlets.map(\.label).max()
  }

  var name: String { plan.name }
  var makesStored: Bool { plan.entry.output?.isStored ?? false }
}

/// Takes items from a stage's inbox one at a time and brings each to its end.
final class StageWorker: Sendable {
  let node: StageNode
  let run: PipelineRun
  let committer: LedgerCommitter
  /// Where the worker notes what it has in hand.
  let place: InHandFile.Place
  let offer: @Sendable (LedgerOutcome, LedgerEntry.Product?) -> Void

  init(
    node: StageNode, run: PipelineRun, committer: LedgerCommitter, place: InHandFile.Place,
    offer: @escaping @Sendable (LedgerOutcome, LedgerEntry.Product?) -> Void
  ) {
    self.node = node
    self.run = run
    self.committer = committer
    self.place = place
    self.offer = offer
  }

  private var account: RunAccount { run.account }

  /// Works until the inbox is closed and empty, or the run stops.
  func work() async throws {
    guard let inbox = node.inbox else { return }
    // The group holds those that have stepped aside; each comes back, or stays in the ledger.
    try await withThrowingDiscardingTaskGroup { aside in
      while !inbox.isStopped, let item = try await inbox.queue.receive() {
        if inbox.isStopped {
          abandon(item)
          break
        }
        try await handle(item, &aside)
      }
    }
    if inbox.isStopped { try await inbox.abandonQueue(account) }
  }

  private func handle(
    _ item: InboxItem, _ aside: inout ThrowingDiscardingTaskGroup<any Error>
  ) async throws {
    node.meter.took(again: item.trial != nil)
    defer { node.meter.released() }
    var item = item
    while let (wait, trial) = try await attempt(item) {
      if item.reference != nil, let inbox = node.inbox, inbox.stepAside() {
        let left = item
        aside.addTask {
          inbox.comeBack(left, trial: try await self.pause(for: wait) ? trial : nil)
        }
        return
      }
      guard try await pause(for: wait) else {
        abandon(item)
        break
      }
      item.trial = trial
    }
    if item.reference != nil { node.inbox?.ended() }
  }

  /// Handles an item once.
  ///
  /// - Returns: the wait before it is tried again, unless it has come to its end.
  private func attempt(_ item: InboxItem) async throws -> (Duration, Trial)? {
    let record: any Record
    if let inMemory = item.record {
      record = inMemory
    } else if let reference = item.reference {
      record = try node.host.record(reference)
    } else {
      preconditionFailure("an item has its record or its row")
    }
    switch node.running {
    case .transform(let outputByteCount, let process):
      return try await transform(item, record, outputByteCount, process)
    case .sink(_, let accept, _): return try await sink(item, record, accept)
    case .queryableSink(_, let send, let query, _):
      return try await sink(item, record) {
        try await self.sendOnce($0, item, $1, send: send, query: query)
      }
    case .source, .projection: preconditionFailure("only transforms and sinks have workers")
    }
  }

  private func transform(
    _ item: InboxItem, _ record: any Record, _ outputByteCount: (any Record) -> Int,
    _ process: @escaping @Sendable (any Record, DeliveryContext) async throws -> any Record
  ) async throws -> (Duration, Trial)? {
    // Room for the output is taken before the work: nothing is made that has nowhere to wait.
    var reservations: [BoundedQueue<InboxItem>.Reservation] = []
    if !node.makesStored {
      let bytes = outputByteCount(record)
      for outlet in node.outlets {
        do {
          reservations.append(try await outlet.inbox.queue.reserve(byteCount: bytes))
        } catch {
          guard outlet.inbox.isStopped else { throw error }
          abandon(item)
          return nil
        }
      }
    }
    let reserved = reservations.first?.byteCount
    let ending = try await call(item) { delivery in
      let output = try await process(record, delivery)
      try self.check(output, reserved: reserved)
      return output
    }
    switch ending {
    case .success(let output):
      node.meter.sent()
      if let stored = output as? any StoredRecord, node.makesStored {
        try await finish(item, product: stored)
      } else {
        try await pass(item, output, reservations)
      }
    case .failure(let failure): try await fail(item, failure)
    case .later(let wait, let trial): return (wait, trial)
    case .interrupted: abandon(item)
    }
    return nil
  }

  private func sink(
    _ item: InboxItem, _ record: any Record,
    _ accept: @escaping @Sendable (any Record, DeliveryContext) async throws -> Void
  ) async throws -> (Duration, Trial)? {
    let accepts = node.plan.accepts
    let ending = try await call(item) { delivery in
      if let accepts, record.privacy > accepts {
        throw StageError(
          .record, "privacy_label", subject: "the record is \(record.privacy.rawValue)",
          hint: "the stage accepts at most \(accepts.rawValue)")
      }
      try await accept(record, delivery)
    }
    switch ending {
    case .success:
      node.meter.sent()
      try await finish(item, product: nil)
    case .failure(let failure): try await fail(item, failure)
    case .later(let wait, let trial): return (wait, trial)
    case .interrupted: abandon(item)
    }
    return nil
  }

  /// The plan's label and bounds hold at each hand-over, whatever the stage made.
  private func check(_ output: any Record, reserved: Int?) throws {
    if let reserved, output.byteCount > reserved {
      throw StageError(
        .record, "output_too_large",
        subject: "the output takes \(output.byteCount) bytes, \(reserved) were reserved",
        hint: "this is a fault of the stage: its outputByteCount must be an upper bound")
    }
    guard let highest = node.highestLabel, output.privacy > highest else { return }
    throw StageError(
      .record, "privacy_label",
      subject: "the output is \(output.privacy.rawValue), above \(highest.rawValue)",
      hint: "the stage did not lower it as the pipeline file asks")
  }

  private func pass(
    _ item: InboxItem, _ output: any Record,
    _ reservations: [BoundedQueue<InboxItem>.Reservation]
  ) async throws {
    item.stretch.branch(into: node.outlets.count)
    for (outlet, reservation) in zip(node.outlets, reservations) {
      let next = InboxItem(
        edge: outlet.edge, record: output, reference: nil, stretch: item.stretch)
      do {
        try outlet.inbox.queue.send(next, byteCount: output.byteCount, using: reservation)
      } catch {
        if outlet.inbox.isStopped { return abandon(item) }
        throw error
      }
      account.opened(outlet.edge)
    }
    if item.reference == nil { account.done(item.edge) }
  }

  /// Gives a derived record up, and its stretch with it: the delivery stays open in the ledger.
  private func abandon(_ item: InboxItem) {
    if item.reference == nil { account.abandoned(item.edge) }
  }

  /// Commits the end of a branch, with its product if it gave one.
  private func finish(_ item: InboxItem, product: (any StoredRecord)?) async throws {
    let stretch = item.stretch
    let combined = stretch.isLastBranch
    let ends =
      combined
      ? stretch.delivery.map {
        [
          LedgerEntry.End(
            delivery: $0, attempts: stretch.attempts, lookups: stretch.lookups,
            journey: stretch.journey, effect: effect(of: item))
        ]
      } ?? [] : []
    let encoded: LedgerEntry.Product?
    do {
      encoded = try product.map {
        try LedgerEntry.Product(
          record: $0, stage: node.name, resultVersion: node.plan.entry.manifest.resultVersion,
          parent: stretch.origin, delivery: stretch.delivery)
      }
    } catch {
      return try await fail(item, deliveryFailure(StageWorker.stageError(of: error)))
    }
    let entry = LedgerEntry(product: encoded, ends: ends)
    if entry.product == nil, entry.ends.isEmpty, combined {
      account.done(item.edge)
      return
    }
    let isDerived = item.reference == nil
    let (account, offer) = (account, offer)
    try await committer.submit(entry) { outcome in
      if isDerived { account.done(item.edge) }
      if combined, let edge = stretch.edge, !outcome.overtaken { account.done(edge) }
      offer(outcome, encoded)
    }
    if !combined { try await endBranch(stretch) }
  }

  private func fail(_ item: InboxItem, _ failure: DeliveryFailure) async throws {
    if item.reference == nil { account.quarantined(item.edge) }
    node.meter.setAside()
    var values = ["reason": failure.reason, "class": failure.failureClass]
    // What 'quarantine show' takes; a derived record of a source has no delivery.
    if let delivery = item.stretch.delivery { values["delivery"] = "\(delivery)" }
    node.context.host.log(.warning, stage: node.name, "a record was set aside", values)
    try await endBranch(item.stretch, failure: failure)
  }

  /// Ends a branch after what it committed before; the last one ends the delivery.
  private func endBranch(_ stretch: Stretch, failure: DeliveryFailure? = nil) async throws {
    guard let end = stretch.endBranch(failure: failure) else { return }
    let (edge, account) = (stretch.edge, account)
    try await committer.submit(LedgerEntry(ends: [end])) { outcome in
      guard let edge, !outcome.overtaken else { return }
      if end.failure == nil { account.done(edge) } else { account.quarantined(edge) }
    }
  }
}
