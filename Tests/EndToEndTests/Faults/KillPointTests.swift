import Foundation
import Testing

/// A run killed at every boundary: before and within each call by which it changes a file, so at
/// every content write, sync, renaming, folder sync and transaction of the ledger and of the sinks.
///
/// Between two of these calls nothing durable changes, so whatever else a run is killed at (a
/// stage's call, a message, an allocation) leaves one of these states. The shim counts the calls;
/// the command has no hook for it.
struct KillPointTests {
  @Test(.timeLimit(.minutes(60)), arguments: Repetition.Pipeline.allCases)
  func killedAtAnyBoundaryItGoesOn(_ pipeline: Repetition.Pipeline) throws {
    let repetition = try Repetition(pipeline, pictures: 2)
    try repetition.reset()
    _ = try repetition.run(
      FaultShim.environment(under: repetition.disk, log: repetition.log))
    let boundaries = try FaultLog(repetition.log).changes.count
    #expect(boundaries > 100, "the shim sees what the run writes")
    let step = FaultCampaign.step(boundaries, some: 20)
    var kills = 0
    for boundary in stride(from: Int.random(in: 1...step), through: boundaries, by: step) {
      for action in [Fault.Action.kill, .tear] {
        try repetition.reset()
        let fault = Fault(action: action, from: boundary)
        let outcome = try repetition.run(
          FaultShim.environment(under: repetition.disk, fault))
        // The last few are not met when batches of the ledger happened to be larger.
        #expect([0, 1, 128 + SIGKILL].contains(outcome.status), "\(fault): \(outcome.talk)")
        if outcome.status == 128 + SIGKILL { kills += 1 }
        try repetition.expectItGoesOn("\(pipeline), \(fault)")
      }
    }
    #expect(kills > 10)
    FaultCampaign.report("\(pipeline): \(boundaries) boundaries, \(kills) kills, each went on")
  }
}
