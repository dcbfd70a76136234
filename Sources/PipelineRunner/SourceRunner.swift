import BoundedQueues
import ClinicalRecords
import Ledger
import PipelineFiles
import StageKit

/// Runs one source and takes in what it hands over.
///
/// A source that can wait is held back when its followers are behind. A live one cannot: what it
/// offers goes through its intake, the only place where a record may be lost, by the policy of the
/// pipeline file, and counted.
struct SourceRunner: Sendable {
  let node: StageNode
  let run: PipelineRun
  let committer: LedgerCommitter
  let offer: @Sendable (LedgerOutcome, LedgerEntry.Product?) -> Void

  typealias Body =
    @Sendable (@escaping @Sendable (any Record, Bool) async throws -> Void) async throws -> Void

  /// Runs the source until it has no more or the run stops.
  func run(_ body: @escaping Body) async throws {
    guard let policy = node.plan.intake else {
      return try await body { record, wait in
        if run.isStopping { throw CancellationError() }
        node.meter.handsOver()
        defer { node.meter.handedOver() }
        for outlet in node.outlets { await outlet.inbox.untilSourceMayGoOn() }
        try await take(record, wait: wait)
      }
    }
    let intake = Intake(
      maxCount: policy.maxRecords, maxBytes: policy.maxBytes,
      whenFull: IntakePolicy(policy.whenFull))
    run.began(intake: intake, of: node.name)
    node.meter.loses { intake.tally.dropped }
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await pump(intake) }
      group.addTask {
        // What was offered before the end is taken in, however the source ends.
        defer { intake.close() }
        try await body { record, wait in
          if run.isStopping { throw CancellationError() }
          try await hand(record, to: intake, wait: wait)
        }
      }
      try await group.waitForAll()
    }
  }

  // MARK: The intake of a live source

  /// A record that waits for acceptance, and who waits for it.
  struct Offered: Sendable {
    let record: any Record
    let answer: BoundedQueue<Result<Void, any Error>>?
  }
  typealias Intake = IntakeQueue<Offered>

  private func hand(_ record: any Record, to intake: Intake, wait: Bool) async throws {
    let answer =
      wait
      ? BoundedQueue<Result<Void, any Error>>(
        name: "intake.answer", limits: QueueLimits(maxCount: 1, maxBytes: 1)) : nil
    switch intake.offer(Offered(record: record, answer: answer), byteCount: record.byteCount) {
    case .accepted: break
    case .dropped(let lost):
      for offered in lost { _ = offered.answer?.trySend(.failure(full), byteCount: 0) }
    case .refused: throw full
    case .closed: throw CancellationError()
    }
    try await answer?.receive()?.get()
  }

  private var full: StageError {
    StageError(
      .unavailable, "intake_full", subject: "the intake of '\(node.name)' is full",
      hint: "wait a moment and capture again; the pictures before are safe")
  }

  private func pump(_ intake: Intake) async throws {
    while let offered = try await intake.receive() {
      do {
        try await take(offered.record, wait: offered.answer != nil)
        _ = offered.answer?.trySend(.success(()), byteCount: 0)
      } catch {
        _ = offered.answer?.trySend(.failure(error), byteCount: 0)
        throw error
      }
    }
  }

  // MARK: Acceptance

  /// Takes a record in: a stored one is committed, a derived one goes to the queues.
  private func take(_ record: any Record, wait: Bool) async throws {
    if let stored = record as? any StoredRecord, node.makesStored {
      let product = try LedgerEntry.Product(
        record: stored, stage: node.name,
        resultVersion: node.plan.entry.manifest.resultVersion, parent: nil, delivery: nil)
      let entry = LedgerEntry(product: product)
      if wait {
        try await committer.commit(entry) { offer($0, product) }
      } else {
        try await committer.submit(entry) { offer($0, product) }
      }
    } else {
      try await pass(record)
    }
    node.meter.sent()
    run.accepted()
  }

  private func pass(_ record: any Record) async throws {
    let stretch = Stretch(delivery: nil, edge: nil, origin: nil)
    stretch.branch(into: node.outlets.count)
    for outlet in node.outlets {
      let item = InboxItem(edge: outlet.edge, record: record, reference: nil, stretch: stretch)
      do {
        try await outlet.inbox.queue.send(item, byteCount: record.byteCount)
      } catch {
        if outlet.inbox.isStopped { throw CancellationError() }
        throw error
      }
      run.account.opened(outlet.edge)
    }
  }
}

extension IntakePolicy {
  /// The pipeline file's word as the queue's.
  init(_ policy: Plan.Intake.WhenFull) {
    switch policy {
    case .refuse: self = .refuse
    case .dropOldest: self = .dropOldest
    case .dropNewest: self = .dropNewest
    }
  }
}
