import Foundation
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A disk that fails at some call: the run ends with 74 and says what to do, never with a crash, and
/// the next one goes on as if nothing had been.
struct DiskFaultTests {
  /// One way to fail.
  struct Failing: CustomTestStringConvertible, Sendable {
    let number: Int32
    /// The letters of the calls that fail.
    let calls: String
    /// Whether every later call fails too, as a disk that was taken away does.
    let stays: Bool
    var testDescription: String {
      "\(String(cString: strerror(number))) from \(calls)\(stays ? " on" : "")"
    }
  }

  static let all: [Failing] = [
    Failing(number: EIO, calls: "s", stays: false), Failing(number: EIO, calls: "w", stays: false),
    Failing(number: EIO, calls: "r", stays: false), Failing(number: EIO, calls: "w", stays: true),
    Failing(number: ENOSPC, calls: "w", stays: false),
    Failing(number: ENOSPC, calls: "owam", stays: true),
    Failing(number: EROFS, calls: "owtarlum", stays: true),
    Failing(number: EMFILE, calls: "o", stays: false),
    Failing(number: EMFILE, calls: "o", stays: true),
  ]

  @Test(.timeLimit(.minutes(60)), arguments: all)
  func aCallThatFailsEndsTheRunAndLosesNothing(_ failing: Failing) throws {
    let repetition = try Repetition(.reprocess, pictures: 2)
    try repetition.reset()
    _ = try repetition.run(FaultShim.environment(under: repetition.disk, log: repetition.log))
    let calls = try FaultLog(repetition.log).changes.count {
      failing.calls.contains($0.kind.rawValue)
    }
    let step = FaultCampaign.step(calls, some: 6)
    var ends: [Int32: Int] = [:]
    for call in stride(from: Int.random(in: 1...step), through: calls, by: step) {
      try repetition.reset()
      let fault = Fault(
        action: .error(failing.number), calls: failing.calls, from: call,
        through: failing.stays ? nil : call)
      let outcome = try repetition.run(FaultShim.environment(under: repetition.disk, fault))
      ends[outcome.status, default: 0] += 1
      #expect([0, 1, 74].contains(outcome.status), "\(fault): \(outcome.status): \(outcome.talk)")
      if outcome.status == 74 { expectWords(outcome, fault) }
      try repetition.expectItGoesOn("\(fault) ended with \(outcome.status)")
    }
    // Only what a run can do without may fail unnoticed, such as tidying up after a commit.
    #expect(ends[74, default: 0] > 0, "\(ends)")
    FaultCampaign.report("\(failing.testDescription): \(calls) calls, exit statuses \(ends)")
  }

  private func expectWords(_ outcome: AnagenProcess.Outcome, _ fault: Fault) {
    let last = outcome.talk.split(separator: "\n").last.map(String.init) ?? ""
    #expect(last.hasPrefix("error: ") && last.contains("; "), "\(fault): \(outcome.talk)")
  }

  /// A sync that fails may have dropped the bytes it was to keep, and the next one would not say
  /// so (Rebello et al., "Can applications recover from fsync failures?", 2020): none goes unheard.
  @Test(
    .timeLimit(.minutes(60)),
    arguments: ["private/ledger.sqlite-wal", "private/content/", "registry.sqlite-wal", "/tables"])
  func aSyncThatFailsEndsTheRun(_ path: String) throws {
    let repetition = try Repetition(.reprocess, pictures: 2)
    try repetition.reset()
    _ = try repetition.run(FaultShim.environment(under: repetition.disk, log: repetition.log))
    let syncs = try FaultLog(repetition.log).changes.count {
      $0.kind == .synced && $0.path.contains(path)
    }
    #expect(syncs > 0)
    // The ledger's batches, and so its syncs, differ from run to run: half as many are made in each.
    let sure = max(1, syncs / 2)
    let step = FaultCampaign.step(sure, some: 5)
    for call in stride(from: Int.random(in: 1...step), through: sure, by: step) {
      try repetition.reset()
      let fault = Fault(action: .error(EIO), calls: "s", from: call, through: call, path: path)
      let outcome = try repetition.run(FaultShim.environment(under: repetition.disk, fault))
      #expect(outcome.status == 74, "\(fault): \(outcome.status): \(outcome.talk)")
      expectWords(outcome, fault)
      try repetition.expectItGoesOn("\(fault)")
    }
    FaultCampaign.report("\(path): each of the first \(sure) of \(syncs) syncs failed")
  }

  @Test(arguments: [12, 16, 20, 24, 32, 48])
  func withFewFilesAllowedItEndsInWordsOrDoesItsWork(_ files: Int) throws {
    let repetition = try Repetition(.reprocess, pictures: 2)
    try repetition.reset()
    let outcome = try repetition.run(through: ["prlimit", "--nofile=\(files)"])
    #expect([0, 74].contains(outcome.status), "\(files): \(outcome.status): \(outcome.talk)")
    if outcome.status == 74 {
      #expect(outcome.talk.contains("error: "), "\(outcome.talk)")
    }
    try repetition.expectItGoesOn("\(files) files")
  }

  @Test(arguments: [-3600, -40 * 365 * 86400, 3600])
  func aClockThatIsSetDuringTheRunChangesNothing(_ seconds: Int) throws {
    let repetition = try Repetition(.reprocess, pictures: 2)
    for readings in [1, 5, 25, 60] {
      try repetition.reset()
      let outcome = try repetition.run(
        FaultShim.environment(
          under: repetition.disk, clock: (readings: readings, seconds: seconds)))
      #expect(outcome.status == 0, "\(outcome.talk)")
      try repetition.expectItGoesOn("the clock set by \(seconds) s after \(readings) readings")
    }
  }

  @Test func aSinkThatHangsIsLeftByTheSecondSignal() throws {
    let repetition = try Repetition(.reprocess, pictures: 2)
    try repetition.reset()
    let fault = Fault(action: .hang, calls: "s", from: 3, path: "registry.sqlite")
    let run = try repetition.start(FaultShim.environment(under: repetition.disk, fault))
    let registry = "\(repetition.data)/private/registry/registry.sqlite"
    while run.isRunning, !FileManager.default.fileExists(atPath: registry) { usleep(1000) }
    usleep(300_000)
    #expect(run.isRunning)
    run.send(SIGTERM)
    usleep(100_000)
    #expect(run.isRunning, "a sink that may yet answer is waited for")
    run.send(SIGTERM)
    let outcome = try run.wait()
    #expect([130, 128 + SIGTERM].contains(outcome.status), "\(outcome.status): \(outcome.talk)")
    try repetition.expectItGoesOn("a sink hung")
  }
}
