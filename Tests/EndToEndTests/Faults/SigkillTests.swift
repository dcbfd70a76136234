import Foundation
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Runs killed at random instants, some of them again and again while they go on: no record is
/// lost, no effect doubled, no ledger needs repair.
struct SigkillTests {
  @Test(.timeLimit(.minutes(240)), arguments: Repetition.Pipeline.allCases)
  func killedAtRandomInstantsNothingIsLostOrDoubled(_ pipeline: Repetition.Pipeline) throws {
    let repetition = try Repetition(pipeline)
    let wanted = FaultCampaign.kills / Repetition.Pipeline.allCases.count
    var random = SystemRandomNumberGenerator()
    var kills = 0
    var rounds = 0
    while kills < wanted {
      try repetition.reset()
      rounds += 1
      var moments: [Int] = []
      // One kill in half of the rounds, two in a quarter, and so on.
      repeat {
        let run = try repetition.start()
        let moment = Double.random(in: 0...repetition.seconds, using: &random)
        moments.append(Int(moment * 1000))
        usleep(UInt32(moment * 1_000_000))
        run.send(SIGKILL)
        let outcome = try run.wait()
        #expect([0, 1, 128 + SIGKILL].contains(outcome.status), "\(outcome.talk)")
        if outcome.status == 128 + SIGKILL { kills += 1 }
      } while Bool.random(using: &random)
      try repetition.expectItGoesOn("\(pipeline), killed after \(moments) ms")
      // A machine on which every run ends before its kill would play for ever.
      try #require(rounds <= 10 * wanted, "the runs end before they are killed")
    }
    FaultCampaign.report("\(pipeline): \(kills) kills at random instants in \(rounds) rounds")
  }
}
