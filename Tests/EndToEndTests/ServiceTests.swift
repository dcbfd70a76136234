import Foundation
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// What stands in systemd's place: a datagram socket that gathers what the service says.
final class NotifySocket {
  let path: String
  private let descriptor: Int32
  private(set) var heard: [String] = []

  init(_ folder: String) throws {
    path = "\(folder)/notify"
    descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let bound = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    try #require(bound == 0)
  }
  deinit { close(descriptor) }

  /// Gathers what is said until `isEnough`, for 30 seconds at most.
  func listen(until isEnough: (String) -> Bool) -> Bool {
    let deadline = ContinuousClock.now + .seconds(30)
    var bytes = [UInt8](repeating: 0, count: 4096)
    while .now < deadline {
      var polled = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      guard poll(&polled, 1, 100) > 0 else { continue }
      let count = recv(descriptor, &bytes, bytes.count, 0)
      let message = String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
      heard.append(message)
      if isEnough(message) { return true }
    }
    return false
  }

  /// Gathers for a time.
  func listen(for time: Duration) {
    let end = ContinuousClock.now + time
    while .now < end { _ = listen(until: { _ in .now >= end }) }
  }
}

/// A run as systemd starts it.
@Suite(.timeLimit(.minutes(5)))
struct ServiceTests {
  private func variables(_ notify: NotifySocket, watchdog: Duration? = nil) -> [String: String] {
    var variables = ["NOTIFY_SOCKET": notify.path]
    if let watchdog {
      variables["WATCHDOG_USEC"] = "\(Int(watchdog / .microseconds(1)))"
    }
    return variables
  }

  @Test func itSaysWhenItIsReadyHowFarItIsAndWhenItStops() throws {
    let folder = try SocketPlace()
    let notify = try NotifySocket(folder.path)
    let live = try LiveRun(variables: variables(notify))
    #expect(notify.listen { $0.contains("STATUS=3 of 3 accepted records") })
    #expect(notify.heard.first?.hasPrefix("READY=1\nSTATUS=") == true, "\(notify.heard)")
    #expect(!notify.heard.contains { $0.contains("WATCHDOG") })
    let outcome = try live.stop()
    #expect(outcome.status == 0, "\(outcome.talk)")
    #expect(notify.listen { $0.hasPrefix("STOPPING=1") })
  }

  @Test func theWatchdogIsFedWhileTheRunIdlesAndNotWhenNothingAnswers() throws {
    let folder = try SocketPlace()
    let notify = try NotifySocket(folder.path)
    let live = try LiveRun(variables: variables(notify, watchdog: .milliseconds(400)))
    for _ in 0..<5 { #expect(notify.listen { $0 == "WATCHDOG=1" }) }
    // Held still by the kernel, as a process that waits for a dead disk is.
    live.process.send(SIGSTOP)
    notify.listen(for: .milliseconds(300))
    let before = notify.heard.count
    notify.listen(for: .milliseconds(800))
    #expect(notify.heard.count == before)
    live.process.send(SIGCONT)
    #expect(notify.listen { $0 == "WATCHDOG=1" })
    #expect(try live.stop().status == 0)
  }

  @Test func aHangUpTakesAGoodFileAndRefusesABadOne() throws {
    let folder = try SocketPlace()
    let notify = try NotifySocket(folder.path)
    let live = try LiveRun(variables: variables(notify))
    #expect(notify.listen { $0.hasPrefix("READY=1") })
    let good = try String(contentsOfFile: live.pipeline, encoding: .utf8)

    try good.replacing("use: hair.analyse", with: "use: hair.analyze")
      .write(toFile: live.pipeline, atomically: true, encoding: .utf8)
    live.process.send(SIGHUP)
    #expect(notify.listen { $0.hasPrefix("RELOADING=1\nMONOTONIC_USEC=") })
    #expect(notify.listen { $0.hasPrefix("READY=1\nSTATUS=the changed pipeline was refused") })
    var talk = try live.process.talk()
    #expect(talk.contains("the changed pipeline is not used; the run goes on as it is"), "\(talk)")
    #expect(talk.contains("hair.analyze"), "\(talk)")
    #expect(try live.top().status == 0)

    try good.replacing("name: reprocess", with: "name: reprocess-anew")
      .write(toFile: live.pipeline, atomically: true, encoding: .utf8)
    live.process.send(SIGHUP)
    #expect(notify.listen { $0.hasPrefix("RELOADING=1") })
    #expect(notify.listen { $0.hasPrefix("READY=1") })
    talk = try live.process.talk()
    #expect(talk.contains("the run starts anew with the changed pipeline"), "\(talk)")
    let top = try live.top()
    #expect(top.results.contains("pipeline reprocess-anew, "), "\(top.results)\(top.talk)")
    let outcome = try live.stop()
    #expect(outcome.status == 0, "\(outcome.talk)")
    try live.material.expectNothingIdentifiedLeft()
    let status = try live.material.command(["status", "--data", live.material.data])
    #expect(status.status == 0, "\(status.results)")
    #expect(status.results.hasPrefix("2 runs, the last drained"), "\(status.results)")
    let audit = try live.material.command(["audit", "list", "--data", live.material.data])
    #expect(audit.results.contains("  run.reconfigure  "), "\(audit.results)")
  }

  /// Its results go to /dev/null: what the operator and the auditor need stands in the log and in
  /// systemd's status.
  @Test func itsEndIsToldWithTheAuditHeadAndWhetherAPersonHasToLook() throws {
    let folder = try SocketPlace()
    for bad in [0, 1] {
      let notify = try NotifySocket(folder.path)
      let material = try Material(good: 2)
      if bad > 0 {
        try material.add(Array("no picture".utf8), named: "bad.jpg", subject: "S9")
        try material.writeManifest()
      }
      let process = try AnagenProcess(
        material.runArguments(["--log-format", "json"]), printingTo: material.path,
        variables: variables(notify))
      #expect(notify.listen { $0.contains(bad > 0 ? "1 set aside" : "nothing is set aside") })
      let outcome = try process.wait()
      #expect(outcome.status == Int32(bad))
      let end = try #require(outcome.talk.split(separator: "\n").last)
      #expect(end.contains("\"level\":\"\(bad > 0 ? "warning" : "notice")\""), "\(end)")
      #expect(end.contains("\"setAside\":\"\(bad)\"") && end.contains("\"ending\":\"completed\""))
      let head = try Data(contentsOf: URL(filePath: "\(material.data)/private/audit-head"))
      let text = String(decoding: head, as: UTF8.self).trimmingCharacters(
        in: .whitespacesAndNewlines)
      #expect(end.contains("\"auditHead\":\"\(text)\""), "\(end)")
      try FileManager.default.removeItem(atPath: notify.path)
    }
  }

  @Test func aHangUpThatWouldChangeTheDataFolderIsRefused() throws {
    let folder = try SocketPlace()
    let notify = try NotifySocket(folder.path)
    let live = try LiveRun(variables: variables(notify))
    #expect(notify.listen { $0.hasPrefix("READY=1") })
    let good = try String(contentsOfFile: live.pipeline, encoding: .utf8)
    try good.replacing("default: \(live.material.data)", with: "default: \(live.material.path)/b")
      .write(toFile: live.pipeline, atomically: true, encoding: .utf8)
    live.process.send(SIGHUP)
    #expect(notify.listen { $0.hasPrefix("READY=1\nSTATUS=the changed pipeline was refused") })
    #expect(try live.process.talk().contains("the data folder would change"))
    #expect(!FileManager.default.fileExists(atPath: "\(live.material.path)/b"))
    #expect(try live.stop().status == 0)
  }

  @Test(.enabled(if: Machine.hasSystemdAnalyze, "systemd-analyze is not installed"))
  func theUnitFilesAreGoodAndTheHardenedOneIsExposedToLittle() throws {
    let place = try SocketPlace()
    let units = "\(AnagenProcess.root)/Packaging/systemd"
    try FileManager.default.copyItem(atPath: units, toPath: "\(place.path)/units")
    let unit = "\(place.path)/units/anagen@.service"
    // The checker looks for the program where the unit has it installed.
    try String(contentsOfFile: unit, encoding: .utf8)
      .replacing("/usr/local/bin/anagen", with: AnagenProcess.program)
      .write(toFile: unit, atomically: true, encoding: .utf8)
    let search = ["env", "SYSTEMD_UNIT_PATH=\(place.path)/units:", "systemd-analyze"]
    let verified = try Machine.run(
      search + ["verify", "--recursive-errors=no", "\(place.path)/units/anagen@trial.service"],
      in: place.path)
    #expect(verified.status == 0, "\(verified.text)")
    #expect(verified.text.isEmpty, "\(verified.text)")
    // In tenths of systemd's scale, on which 2.0 and less is "OK" or better.
    let exposure = try Machine.run(
      search + ["security", "--offline=true", "--threshold=10", "anagen@trial.service"],
      in: place.path)
    #expect(exposure.status == 0, "\(exposure.text.suffix(200))")
  }
}

/// A short folder: a socket's path holds 107 bytes.
final class SocketPlace {
  let path = "/tmp/anagen-\(UUID().uuidString.prefix(8))"
  init() throws {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }
  deinit {
    do { try FileManager.default.removeItem(atPath: path) } catch {}
  }
}
