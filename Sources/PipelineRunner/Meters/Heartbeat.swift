import PipelineFiles
import StageKit

/// Judges, from one look at a run to the next, whether it moves.
///
/// A run moves when its ledger answers, when no call of a stage's code is older than it may be, and
/// when something has happened as long as there is something to do. A stage that has nothing to do,
/// waits for room, or waits until it may try again is in order; so is a source, which may wait for
/// a picture for days.
public struct Heartbeat: Sendable {
  /// A call without a `time_limit` of its own: a report over ten thousand records moves with each
  /// record, so that one call is a picture's or a batch's, which take seconds.
  public static let callLimit = Duration.seconds(600)
  /// What a call that has a limit may take beyond it, until its cancellation has been obeyed.
  public static let grace = Duration.seconds(30)

  private let callLimit: Duration
  private let grace: Duration
  private var movement = -1
  private var movedAt = ContinuousClock.now

  /// Makes one that has seen nothing yet.
  public init(callLimit: Duration = Heartbeat.callLimit, grace: Duration = Heartbeat.grace) {
    self.callLimit = callLimit
    self.grace = grace
  }

  /// Looks at the run.
  ///
  /// - Parameter time: how long the ledger may take to answer.
  /// - Returns: what does not move, in words; nothing when the run moves.
  public mutating func stuck(_ run: PipelineRun, within time: Duration) async -> [String] {
    let snapshot = run.snapshot
    if snapshot.phase == .opening {
      return .seconds(snapshot.seconds) > callLimit ? ["the run has not opened"] : []
    }
    var stuck: [String] = []
    for stage in run.plan.stages where stage.entry.kind != .source {
      let limit = stage.timeLimit.map { $0 + grace } ?? callLimit
      if let oldest = run.meters[stage.name].oldestCall, oldest > limit {
        stuck.append(
          "stage '\(stage.name)' has been in one call for \(oldest.components.seconds) s")
      }
    }
    if isStill(snapshot) { stuck.append("records wait and nothing is done with them") }
    if await !run.ledgerAnswers(within: time) { stuck.append("the ledger does not answer") }
    return stuck
  }

  private mutating func isStill(_ snapshot: RunSnapshot) -> Bool {
    let movement = snapshot.stages.reduce(snapshot.accepted + snapshot.ledger.entries) {
      $0 + $1.received + $1.sent + Int(clamping: $1.latency.count)
    }
    let stages = snapshot.stages.filter { $0.identity.kind != "source" }
    let isAtWork = stages.contains { [.working, .retrying, .unavailable].contains($0.state) }
    let isWaiting = stages.contains {
      $0.state == .waitingForRoom || ($0.queue.map { $0.records + $0.waitingInLedger } ?? 0) > 0
    }
    let now = ContinuousClock.now
    if movement != self.movement || isAtWork || !isWaiting {
      (self.movement, movedAt) = (movement, now)
    }
    return now - movedAt > callLimit
  }
}

extension PipelineRun {
  /// Whether the ledger's writer answers in time; true where there is none to ask.
  fileprivate func ledgerAnswers(within time: Duration) async -> Bool {
    guard let committer = openCommitter else { return true }
    return await withTaskGroup(of: Bool.self) { group in
      group.addTask {
        do {
          try await committer.flush()
          return true
        } catch is CancellationError {
          return false
        } catch {
          // Closed or failed: the run is at its end, which is movement.
          return true
        }
      }
      group.addTask {
        do {
          try await Task.sleep(for: time)
        } catch {
          return false  // the ledger answered first; nobody asks for this
        }
        return false
      }
      let answers = await group.next() ?? false
      group.cancelAll()
      return answers
    }
  }
}
