import BoundedQueues
import ClinicalRecords
import Dispatch
import Ledger
import StageKit
import Synchronization

/// Brings entries from many tasks to the ledger's one writer, in order, in batches.
///
/// A batch closes at 256 entries or after 5 ms, and at once when somebody waits for one of its
/// entries: what a commit costs beside its rows is then shared by many, and nobody waits for a timer.
///
/// When the ledger meets a full disk, its reserve makes room for the ends that are on their way:
/// what a sink has done is still noted, nothing else is, and the run ends.
final class LedgerCommitter: Sendable {
  /// 256 entries a batch (the reuse, supersede and open work of one is some 50 µs), four batches
  /// of backlog, and 32 MiB of bodies not yet on the disk: half of the program's memory allowance.
  private static let batch = 256
  private static let longestFill = Duration.milliseconds(5)
  private static let backlog = 1024
  private static let backlogBytes = 32 << 20

  typealias Completion = @Sendable (LedgerOutcome) -> Void

  private struct Job: Sendable {
    let entry: LedgerEntry
    let isAwaited: Bool
    /// What else is done by the writer, after the batch that it came in.
    var work: (@Sendable () -> Void)?
    let completion: Completion
    let failed: @Sendable (any Error) -> Void
  }

  private let ledger: RunLedger
  private let meter: LedgerMeter
  private let jobs = BoundedQueue<Job>(
    name: "ledger",
    limits: QueueLimits(
      maxCount: LedgerCommitter.backlog, maxBytes: LedgerCommitter.backlogBytes))
  private let failure = Mutex<(any Error)?>(nil)
  private let writer = DispatchQueue(label: "anagen.ledger")

  init(ledger: RunLedger, meter: LedgerMeter) {
    self.ledger = ledger
    self.meter = meter
    meter.opened { [jobs] in jobs.occupancy.count }
  }

  /// Hands an entry over; `completion` is called once it is durable, in order, and must not block.
  ///
  /// - Throws: the error that ended the committer; on a full disk, whether the entry is noted or
  ///   not.
  func submit(_ entry: LedgerEntry, completion: @escaping Completion) async throws {
    try await submit(
      Job(entry: entry, isAwaited: false, completion: completion, failed: { _ in }))
  }

  private func submit(_ job: Job) async throws {
    let entry = job.entry
    let bytes = 256 + (entry.product?.record.byteCount ?? 0)
    let over = failure.withLock { $0 }
    if let over, !entry.isAcknowledgement { throw over }
    do {
      try await jobs.send(job, byteCount: bytes)
    } catch let refusal {
      throw failure.withLock { $0 } ?? refusal
    }
    if let over { throw over }
  }

  /// Hands an entry over and returns once it is durable and all before it are.
  func commit(_ entry: LedgerEntry, completion: @escaping Completion = { _ in }) async throws {
    // One durable answer: the job is completed or failed exactly once by `run()`.
    let done = BoundedQueue<Result<Void, any Error>>(
      name: "ledger.answer", limits: QueueLimits(maxCount: 1, maxBytes: 1))
    try await submit(
      Job(
        entry: entry, isAwaited: true,
        completion: { outcome in
          completion(outcome)
          _ = done.trySend(.success(()), byteCount: 0)
        }, failed: { _ = done.trySend(.failure($0), byteCount: 0) }))
    try await done.receive()?.get()
  }

  /// Has the ledger's one writer do something, after all that was handed over before.
  ///
  /// - Parameter body: must not wait.
  /// - Throws: what `body` throws, which ends nothing; the error that ended the committer.
  func perform<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws
    -> Value
  {
    let done = BoundedQueue<Result<Value, any Error>>(
      name: "ledger.answer", limits: QueueLimits(maxCount: 1, maxBytes: 1))
    try await submit(
      Job(
        entry: LedgerEntry(), isAwaited: true,
        work: { _ = done.trySend(Result { try body() }, byteCount: 0) },
        completion: { _ in }, failed: { _ = done.trySend(.failure($0), byteCount: 0) }))
    guard let answer = try await done.receive() else { throw CancellationError() }
    return try answer.get()
  }

  /// Returns once everything handed over before is durable.
  func flush() async throws { try await commit(LedgerEntry()) }

  /// Takes no more entries; ``run()`` returns when those handed over are done.
  func close() { jobs.close() }

  /// Commits until closed.
  ///
  /// - Throws: what the ledger threw; every later submission throws it too.
  func run() async throws {
    var waiting: Set<Int64> = []
    while var batch = try await jobs.receiveBatch(max: LedgerCommitter.batch) {
      await fill(&batch)
      do {
        if let over = failure.withLock({ $0 }) {
          batch = acknowledgements(in: batch, over, &waiting)
        }
        try await commit(batch)
      } catch {
        failure.withLock { $0 = $0 ?? error }
        guard ledger.releaseReserve(after: error) else { throw try await end(batch, error) }
        batch = acknowledgements(in: batch, error, &waiting)
        do { try await commit(batch) } catch let second { throw try await end(batch, second) }
      }
    }
    if let over = failure.withLock({ $0 }) { throw over }
  }

  /// Lets a batch grow until it closes.
  private func fill(_ batch: inout [Job]) async {
    let end = ContinuousClock.now + LedgerCommitter.longestFill
    while batch.count < LedgerCommitter.batch, !batch.contains(where: \.isAwaited), .now < end {
      // Looks again each millisecond, for one that is awaited.
      do { try await Task.sleep(for: .milliseconds(1)) } catch { return }
      batch += jobs.takeAvailable(max: LedgerCommitter.batch - batch.count)
    }
  }

  private func commit(_ batch: [Job]) async throws {
    let start = ContinuousClock.now
    let (ledger, entries) = (ledger, batch.map(\.entry))
    let outcomes = try await offTask { try ledger.commit(entries) }
    meter.committed(entries: batch.count, in: .now - start)
    for (job, outcome) in zip(batch, outcomes) {
      job.completion(outcome)
      if let work = job.work { try await offTask(work) }
    }
  }

  /// Turns away what is no acknowledgement, and the ends of deliveries of which a product was turned
  /// away: these wait for the next run.
  private func acknowledgements(
    in batch: [Job], _ error: any Error, _ waiting: inout Set<Int64>
  ) -> [Job] {
    waiting.formUnion(batch.compactMap { $0.entry.product?.delivery })
    var kept: [Job] = []
    for job in batch {
      if job.entry.isAcknowledgement,
        !job.entry.ends.contains(where: { waiting.contains($0.delivery) })
      {
        kept.append(job)
      } else {
        job.failed(error)
      }
    }
    return kept
  }

  /// Turns away a batch and everything behind it.
  ///
  /// - Returns: the error that the run ends with: the first.
  private func end(_ batch: [Job], _ error: any Error) async throws -> any Error {
    jobs.close()
    for job in batch { job.failed(error) }
    while let job = try await jobs.receive() { job.failed(error) }
    return failure.withLock { $0 } ?? error
  }

  private func offTask<Value: Sendable>(
    _ body: @escaping @Sendable () throws -> Value
  ) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
      writer.async { continuation.resume(with: Result { try body() }) }
    }
  }
}

extension LedgerEntry {
  /// Whether it notes only that deliveries have ended, and needs no more room than the reserve has.
  fileprivate var isAcknowledgement: Bool { product == nil && !ends.isEmpty }
}
