import Foundation
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A run that is stopped or killed at any moment goes on when it is run again, and every picture
/// is accounted for once.
///
/// `ANAGEN_STOP_ROUNDS` sets how many rounds are played; 30 when it is not set.
struct StopTests {
  static let rounds =
    ProcessInfo.processInfo.environment["ANAGEN_STOP_ROUNDS"].flatMap { Int($0) } ?? 30

  /// A signal, and the exit statuses that may follow it in a run that it met after its start.
  static let signals: [(number: Int32, name: String)] = [
    (SIGINT, "SIGINT"), (SIGTERM, "SIGTERM"), (SIGKILL, "SIGKILL"),
  ]

  @Test(.timeLimit(.minutes(30)), arguments: signals.indices)
  func stoppedAtAnyMomentItGoesOn(_ signal: Int) throws {
    let (number, name) = StopTests.signals[signal]
    var random = SystemRandomNumberGenerator()
    let material = try Material(good: 6)
    let clock = ContinuousClock()
    let whole = try clock.measure { _ = try material.run() }
    for round in stride(from: signal, to: StopTests.rounds, by: StopTests.signals.count) {
      try FileManager.default.removeItem(atPath: material.data)
      let run = try AnagenProcess(material.runArguments(), printingTo: material.path)
      let moment = Double.random(in: 0...1, using: &random) * (whole / .seconds(1))
      usleep(UInt32(moment * 1_000_000))
      run.send(number)
      let outcome = try run.wait()
      let note = "round \(round), \(name) after \(Int(moment * 1000)) ms of \(whole)"
      // 128 + number: it met the program before it listened, or could not be caught.
      #expect(
        [0, 128 + number, number == SIGINT ? 130 : 0].contains(outcome.status),
        "\(note): \(outcome.status): \(outcome.talk)")
      try material.expectEverythingAccountedFor(after: material.run(), note)
    }
  }

  @Test func killedAgainAndAgainOnOneFolderItStillComesToItsEnd() throws {
    let material = try Material(good: 6)
    for step in 1...10 {
      let run = try AnagenProcess(material.runArguments(), printingTo: material.path)
      usleep(UInt32(step) * 30_000)
      run.send(SIGKILL)
      _ = try run.wait()
    }
    try material.expectEverythingAccountedFor(after: material.run())
  }

  @Test func theSecondCtrlCEndsAtOnceAndLosesNothing() throws {
    let material = try Material(good: 6)
    let run = try AnagenProcess(material.runArguments(), printingTo: material.path)
    while run.isRunning, try run.talk().isEmpty { usleep(1000) }
    usleep(50_000)
    run.send(SIGINT)
    run.send(SIGINT)
    let outcome = try run.wait()
    #expect([0, 130].contains(outcome.status), "\(outcome.status): \(outcome.talk)")
    if outcome.status == 130 {
      // Two signals that come together are one.
      #expect(
        ["ended at once", "stopping after what is in hand"].contains {
          outcome.talk.contains($0)
        }, "\(outcome.talk)")
    }
    try material.expectEverythingAccountedFor(after: material.run())
  }
}
