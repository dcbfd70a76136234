import BoundedQueues
import StageKit
import Synchronization

/// Calls something for at most a time: a stage for as long as its pipeline file allows, a test.
struct TimeLimit: Sendable {
  /// How long a call may take to end after it was told to: as long as the anchors' plug-in hosts
  /// give a child between TERM and KILL.
  static let grace = Duration.seconds(5)

  let limit: Duration
  /// The stage to blame; `nil` where none is.
  let stage: String?
  var grace = TimeLimit.grace
  let sleep: @Sendable (Duration) async throws -> Void
  /// What else is told at the limit, when cancelling is not the gentlest way to end a call.
  var stop: (@Sendable () -> Void)?

  /// Runs a call; at the limit it is cancelled.
  ///
  /// The call runs in a task that nobody awaits to its end: a stage that does not answer to its
  /// cancellation would hold whoever awaits it, and within one process nothing else can end it.
  ///
  /// - Throws: what the call throws; ``StageError`` of class `transient` with code `time_limit`
  ///   when it was cancelled at its limit; ``RunError`` when it did not end even then.
  func run<Result: Sendable>(
    _ call: @escaping @Sendable () async throws -> Result
  ) async throws -> Result {
    let answer = BoundedQueue<Swift.Result<Result, any Error>>(
      name: "time limit", limits: QueueLimits(maxCount: 2, maxBytes: 1))
    let expiry = Expiry()
    let work = Task {
      let result: Swift.Result<Result, any Error>
      do { result = .success(try await call()) } catch { result = .failure(error) }
      _ = answer.trySend(result, byteCount: 0)
    }
    let (limit, stage, grace, sleep, stop) = (limit, stage, grace, sleep, stop)
    let timer = Task {
      try await sleep(limit)
      expiry.expire()
      if let stop { stop() } else { work.cancel() }
      try await sleep(grace)
      work.cancel()
      _ = answer.trySend(.failure(TimeLimit.ignored(stage, grace)), byteCount: 0)
    }
    defer { timer.cancel() }
    let result = await withTaskCancellationHandler {
      // Not cancelled with its task: the work is, and answers.
      await Task { try await answer.receive() }.result
    } onCancel: {
      work.cancel()
    }
    guard let ended = try result.get() else { throw CancellationError() }
    switch ended {
    case .success(let value): return value
    case .failure(let error):
      if expiry.hasExpired, !(error is RunError) { throw TimeLimit.exceeded(limit) }
      throw error
    }
  }

  private final class Expiry: Sendable {
    private let flag = Atomic(false)
    var hasExpired: Bool { flag.load(ordering: .acquiring) }
    func expire() { flag.store(true, ordering: .releasing) }
  }

  /// Whether an error says that a call with no stage to blame took too long.
  static func isOverdue(_ error: any Error) -> Bool {
    switch error {
    case let error as StageError: error.code.name == "time_limit"
    case let error as RunError: error.stage == nil && error.reason == "time_limit_ignored"
    default: false
    }
  }

  private static func exceeded(_ limit: Duration) -> StageError {
    StageError(
      .transient, "time_limit", subject: "a call took longer than its limit of \(limit)",
      hint: "raise 'limits: {time}' of the stage, or look at what holds it up")
  }

  private static func ignored(_ stage: String?, _ grace: Duration) -> RunError {
    RunError(
      code: .fatal, stage: stage, reason: "time_limit_ignored",
      subject: "a call went on \(grace) after it was cancelled at its time limit",
      hint: "run again to go on; the stage must answer to cancellation")
  }
}
