import BoundedQueues
import ClinicalRecords
import Ledger
import PipelineFiles
import StageKit

/// What the workers of one stage share.
struct StageNode: Sendable {
  let plan: Plan.Stage
  let running: RunningStage
  let context: StageContext
  let host: RunHost
  let inbox: Inbox?
  /// The edges out of the stage, each with the inbox that it leads to.
  let outlets: [Outlet]

  struct Outlet: Sendable {
    let edge: EdgeKey
    let label: PrivacyLabel
    let inbox: Inbox
  }

  var name: String { plan.name }
  var makesStored: Bool { plan.entry.output?.isStored ?? false }
}

/// Takes items from a stage's inbox one at a time and brings each to its end.
struct StageWorker: Sendable {
  let node: StageNode
  let account: RunAccount
  let committer: LedgerCommitter
  let ledger: RunLedger
  let types: [SchemaID: RecordType]
  let offer: @Sendable (LedgerOutcome, (any StoredRecord)?) -> Void

  /// Works until the inbox is closed and empty, or the run stops.
  func run() async throws {
    guard let inbox = node.inbox else { return }
    while !inbox.isStopped, let item = try await inbox.queue.receive() {
      if inbox.isStopped {
        abandon(item)
        break
      }
      try await handle(item)
    }
    if inbox.isStopped { try await inbox.abandonQueue(account) }
  }

  private func handle(_ item: InboxItem) async throws {
    let record: any Record
    if let inMemory = item.record {
      record = inMemory
    } else if let reference = item.reference {
      record = try ledger.record(reference, types: types)
    } else {
      preconditionFailure("an item has its record or its row")
    }
    switch node.running {
    case .transform(let outputByteCount, let process):
      try await transform(item, record, outputByteCount, process)
    case .sink(let accept, _): try await sink(item, record, accept)
    case .source, .projection: preconditionFailure("only transforms and sinks have workers")
    }
  }

  private func transform(
    _ item: InboxItem, _ record: any Record, _ outputByteCount: (any Record) -> Int,
    _ process: @Sendable (any Record, DeliveryContext) async throws -> any Record
  ) async throws {
    // Room for the output is taken before the work: nothing is made that has nowhere to wait.
    var reservations: [BoundedQueue<InboxItem>.Reservation] = []
    if !node.makesStored {
      let bytes = outputByteCount(record)
      for outlet in node.outlets {
        do {
          reservations.append(try await outlet.inbox.queue.reserve(byteCount: bytes))
        } catch {
          if outlet.inbox.isStopped { return abandon(item) }
          throw error
        }
      }
    }
    let attempt = try await tries(item) { delivery in
      let output = try await process(record, delivery)
      try check(output, reserved: reservations.first?.byteCount)
      return output
    }
    switch attempt {
    case .success(let output, let attempts):
      if let stored = output as? any StoredRecord, node.makesStored {
        try await finish(item, product: stored, attempts: attempts)
      } else {
        try await pass(item, output, reservations)
      }
    case .failure(let failure, let attempts): try await fail(item, failure, attempts)
    case .interrupted: abandon(item)
    }
  }

  private func sink(
    _ item: InboxItem, _ record: any Record,
    _ accept: @Sendable (any Record, DeliveryContext) async throws -> Void
  ) async throws {
    let attempt = try await tries(item) { delivery in
      if let accepts = node.plan.accepts, record.privacy > accepts {
        throw StageError(
          .record, "privacy_label", subject: "the record is \(record.privacy.rawValue)",
          hint: "the stage accepts at most \(accepts.rawValue)")
      }
      try await accept(record, delivery)
    }
    switch attempt {
    case .success(_, let attempts): try await finish(item, product: nil, attempts: attempts)
    case .failure(let failure, let attempts): try await fail(item, failure, attempts)
    case .interrupted: abandon(item)
    }
  }

  /// The plan's label and bounds hold at each hand-over, whatever the stage made.
  private func check(_ output: any Record, reserved: Int?) throws {
    if let reserved, output.byteCount > reserved {
      throw StageError(
        .record, "output_too_large",
        subject: "the output takes \(output.byteCount) bytes, \(reserved) were reserved",
        hint: "this is a fault of the stage: its outputByteCount must be an upper bound")
    }
    guard let highest = node.outlets.map(\.label).max(), output.privacy > highest else { return }
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
  private func finish(
    _ item: InboxItem, product: (any StoredRecord)?, attempts: Int
  ) async throws {
    let stretch = item.stretch
    let combined = stretch.isLastBranch
    let ends =
      combined
      ? stretch.delivery.map {
        [LedgerEntry.End(delivery: $0, attempts: attempts, lookups: stretch.lookups)]
      } ?? [] : []
    let encoded: LedgerEntry.Product?
    do {
      encoded = try product.map {
        try LedgerEntry.Product(
          record: $0, stage: node.name, resultVersion: node.plan.entry.manifest.resultVersion,
          parent: stretch.origin, delivery: stretch.delivery)
      }
    } catch {
      return try await fail(item, deliveryFailure(StageWorker.stageError(of: error)), attempts)
    }
    let entry = LedgerEntry(product: encoded, ends: ends)
    if entry.product == nil, entry.ends.isEmpty, combined {
      account.done(item.edge)
      return
    }
    let isDerived = item.reference == nil
    try await committer.submit(entry) { outcome in
      if isDerived { account.done(item.edge) }
      if combined, let edge = stretch.edge, !outcome.overtaken { account.done(edge) }
      offer(outcome, product)
    }
    if !combined { try await endBranch(stretch) }
  }

  private func fail(
    _ item: InboxItem, _ failure: DeliveryFailure, _ attempts: Int
  ) async throws {
    if item.reference == nil { account.quarantined(item.edge) }
    node.context.host.log(
      .warning, stage: node.name, "a record was set aside",
      ["reason": failure.reason, "class": failure.failureClass])
    try await endBranch(item.stretch, failure: failure, attempts: attempts)
  }

  /// Ends a branch after what it committed before; the last one ends the delivery.
  private func endBranch(
    _ stretch: Stretch, failure: DeliveryFailure? = nil, attempts: Int = 1
  ) async throws {
    guard let end = stretch.endBranch(failure: failure, attempts: attempts) else { return }
    let edge = stretch.edge
    try await committer.submit(LedgerEntry(ends: [end])) { outcome in
      guard let edge, !outcome.overtaken else { return }
      if end.failure == nil { account.done(edge) } else { account.quarantined(edge) }
    }
  }

  // MARK: Attempts

  private enum Attempt<Result> {
    case success(Result, attempts: Int)
    case failure(DeliveryFailure, attempts: Int)
    case interrupted
  }

  /// Calls a stage until it succeeds, fails for good, or its attempts are used up.
  private func tries<Result>(
    _ item: InboxItem, _ body: (DeliveryContext) async throws -> Result
  ) async throws -> Attempt<Result> {
    let host = LookupNotingHost(base: node.host, stretch: item.stretch)
    let context = StageContext(
      stage: node.context.stage, study: node.context.study, folder: node.context.folder,
      host: host)
    var attempt = 1
    var wait = node.plan.retry.initial
    while true {
      let delivery = DeliveryContext(
        stage: context, origin: item.stretch.origin, attempt: attempt)
      do {
        return .success(try await body(delivery), attempts: attempt)
      } catch let error as LedgerError {
        throw error
      } catch is CancellationError {
        return .interrupted
      } catch {
        let failure = StageWorker.stageError(of: error)
        switch failure.failureClass {
        case .fatal:
          throw RunError(failure, stage: node.name, fatal: .fatal)
        case .unavailable: break
        case .transient where attempt < node.plan.retry.attempts: attempt += 1
        case .transient, .record:
          return .failure(deliveryFailure(failure), attempts: attempt)
        }
      }
      if node.inbox?.isStopped == true { return .interrupted }
      try await Task.sleep(for: jittered(wait))
      wait = min(wait * 2, node.plan.retry.max)
    }
  }

  /// Full jitter: a uniform share of the wait, so that retries do not march in step (Brooker,
  /// "Exponential backoff and jitter", 2015).
  private func jittered(_ wait: Duration) -> Duration { wait * Double.random(in: 0...1) }

  private func deliveryFailure(_ error: StageError) -> DeliveryFailure {
    DeliveryFailure(
      stage: node.name, failureClass: error.failureClass.rawValue, reason: error.code.name,
      message: error.subject, hint: error.hint)
  }

  /// Only a stage's own errors have words that are known to tell nothing of a subject.
  private static func stageError(of error: any Error) -> StageError {
    switch error {
    case let error as StageError: error
    case let error as RecordError:
      StageError(.record, error.code.name, subject: error.subject, hint: error.hint)
    default:
      StageError(
        .record, "unexpected_error", subject: "the stage threw \(type(of: error))",
        hint: "this is a fault of the stage: report it to its author")
    }
  }
}
