import ClinicalRecords
import Ledger
import PipelineFiles
import StageKit

/// How the calls for one item ended.
enum CallEnding<Result: Sendable>: Sendable {
  /// With a result.
  case success(Result)
  /// For good.
  case failure(DeliveryFailure)
  /// It is tried again after a wait; the record may step aside meanwhile.
  case later(after: Duration, Trial)
  /// The run stops.
  case interrupted
}

extension StageWorker {
  /// Calls the stage for an item until it succeeds or fails, or is to be tried again later.
  ///
  /// A record that may step aside gives its worker free while it waits. A derived one keeps it: its
  /// memory is charged to the worker, and letting it go would mean to make it again.
  func call<Result: Sendable>(
    _ item: InboxItem, _ body: @escaping @Sendable (DeliveryContext) async throws -> Result
  ) async throws -> CallEnding<Result> {
    let host = LookupNotingHost(base: node.host, stretch: item.stretch)
    let context = StageContext(
      stage: node.context.stage, study: node.context.study, folder: node.context.folder,
      host: host)
    var trial = item.trial ?? Trial(wait: node.plan.retry.initial)
    while true {
      guard try await passGate() else { return .interrupted }
      let delivery = DeliveryContext(
        stage: context, origin: item.stretch.origin, attempt: trial.attempt)
      let start = ContinuousClock.now
      place.begin(item.stretch.delivery)
      let call = node.meter.began(attempt: trial.attempt)
      let failure: StageError
      do {
        let result = try await limited { try await body(delivery) }
        place.end()
        node.meter.ended(call)
        opened()
        item.stretch.note(
          JourneyStep(
            stage: node.name, microseconds: microseconds(since: start), failures: trial.failures))
        return .success(result)
      } catch let thrown {
        place.end()
        let error = StageWorker.machineFault(in: thrown)
        guard !(error is CancellationError || error is LedgerError || error is RunError) else {
          node.meter.ended(call)
          if error is CancellationError { return .interrupted }
          throw error
        }
        failure = StageWorker.stageError(of: error)
        node.meter.ended(call, failed: failure.failureClass)
      }
      if let ending: CallEnding<Result> = try react(to: failure, &trial, item, since: start) {
        return ending
      }
    }
  }

  /// What a failed call means; `nil` to call again now, or when the gate opens.
  private func react<Result>(
    to failure: StageError, _ trial: inout Trial, _ item: InboxItem,
    since start: ContinuousClock.Instant
  ) throws -> CallEnding<Result>? {
    let attempts = node.plan.retry.attempts
    if failure.failureClass == .transient, !failure.blamesRecord, trial.pardoned < attempts {
      trial.pardoned += 1
    }
    switch failure.failureClass {
    case .fatal: throw RunError(failure, stage: node.name, fatal: .fatal)
    case .unavailable:
      if node.gate.shut() {
        node.host.log(
          .warning, stage: node.name, "the stage waits for what it needs",
          ["reason": failure.code.name])
      }
      return nil
    case .transient where trial.attempt < attempts + trial.pardoned:
      opened()
      let wait = jittered(trial.wait)
      trial.failures.append(step(failure, since: start))
      trial.attempt += 1
      trial.wait = min(trial.wait * 2, node.plan.retry.max)
      return .later(after: wait, trial)
    case .transient, .record:
      opened()
      item.stretch.note(
        JourneyStep(
          stage: node.name, microseconds: microseconds(since: start), failures: trial.failures,
          end: step(failure, since: start)))
      return .failure(deliveryFailure(failure))
    }
  }

  private func step(
    _ failure: StageError, since start: ContinuousClock.Instant
  ) -> JourneyStep.Failure {
    JourneyStep.Failure(
      failureClass: failure.failureClass.rawValue, reason: failure.code.name,
      microseconds: microseconds(since: start))
  }

  /// Waits while the stage is unavailable.
  ///
  /// - Returns: `false` when the run stops, or drains and need not wait for what is not there: what
  ///   waits for the stage then stays in the ledger.
  private func passGate() async throws -> Bool {
    while let delay = node.gate.delay {
      if run.isStopping { node.inbox?.stop() }
      guard try await pause(for: delay) else { return false }
      break
    }
    return node.inbox?.isStopped != true
  }

  /// Sleeps, and looks every tenth of a second whether the run stops.
  ///
  /// - Returns: `false` when it does.
  func pause(for duration: Duration) async throws -> Bool {
    var left = duration
    while left > .zero {
      if node.inbox?.isStopped == true || (run.isStopping && node.gate.delay != nil) {
        return false
      }
      let slice = min(left, .milliseconds(100))
      try await run.options.sleep(slice)
      left -= slice
    }
    return true
  }

  private func limited<Result: Sendable>(
    _ call: @escaping @Sendable () async throws -> Result
  ) async throws -> Result {
    guard let limit = node.plan.timeLimit else { return try await call() }
    return try await TimeLimit(limit: limit, stage: node.name, sleep: run.options.sleep).run(call)
  }

  private func opened() {
    if node.gate.open() {
      node.host.log(.info, stage: node.name, "the stage works again", [:])
    }
  }

  private func microseconds(since start: ContinuousClock.Instant) -> Int64 {
    Int64((ContinuousClock.now - start) / .microseconds(1))
  }

  /// Full jitter: a uniform share of the wait, so that retries do not march in step (Brooker,
  /// "Exponential backoff and jitter", 2015).
  private func jittered(_ wait: Duration) -> Duration { wait * Double.random(in: 0...1) }

  func deliveryFailure(_ error: StageError) -> DeliveryFailure {
    DeliveryFailure(
      stage: node.name, failureClass: error.failureClass.rawValue, reason: error.code.name,
      message: error.subject, hint: error.hint, finding: error.finding)
  }

  /// Only a stage's own errors have words that are known to tell nothing of a subject.
  static func stageError(of error: any Error) -> StageError {
    switch error {
    case let error as StageError: error
    case let error as RecordError:
      StageError(.record, error.code.name, subject: subject(of: error), hint: error.hint)
    default:
      StageError(
        .record, "unexpected_error", subject: "the stage threw \(type(of: error))",
        hint: "this is a fault of the stage: report it to its author")
    }
  }

  /// A stored file that cannot be read now is no verdict on its record: it ends the run.
  static func machineFault(in error: any Error) -> any Error {
    guard let error = error as? RecordError, error.code == .contentUnreadable else { return error }
    return LedgerError(.io, subject: subject(of: error), hint: error.hint)
  }

  /// A digest alone tells nobody which file it is.
  private static func subject(of error: RecordError) -> String {
    guard [.contentChanged, .contentMissing, .contentUnreadable].contains(error.code),
      let digest = ContentDigest(hexadecimal: error.subject)
    else { return error.subject }
    return "a stored file cannot be used: private/content/\(StoredContent.relativePath(of: digest))"
  }
}
