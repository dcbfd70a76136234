import Foundation
import LocalSockets
import PipelineRunner
import StageKit
import Synchronization
import Testing

@Suite("asking a live run", .timeLimit(.minutes(10)))
struct ControlSocketTests {
  private struct Number: Codable, Equatable { var value: Int }

  /// Runs ten records and calls `body` while the run waits in the first of them.
  private func live(
    _ folder: TemporaryFolder, prepare: (PipelineRun) -> Void = { _ in },
    _ body: @escaping @Sendable (ControlClient) async throws -> Void
  ) async throws -> RunReport {
    let isOpen = Mutex(false)
    let board = TestBoard { _, _ in
      while !isOpen.withLock({ $0 }) { try await Task.sleep(for: .milliseconds(1)) }
    }
    let run = PipelineRun(
      plan: try TestRuns.chain(folder.path, board: board.register(), count: 10),
      options: TestRuns.options)
    prepare(run)
    async let report = run.run()
    while run.progress.accepted == 0 { try await Task.sleep(for: .milliseconds(1)) }
    do {
      try await body(ControlClient(DataFolder(path: folder.path)))
    } catch {
      Issue.record(error)
    }
    isOpen.withLock { $0 = true }
    return try await report
  }

  @Test func `a run says who it is and what it can be asked, until it ends`() async throws {
    let folder = TemporaryFolder()
    let report = try await live(folder) { client in
      let hello: ControlHello = try await client.ask("hello")
      #expect(hello.process == getpid())
      #expect(hello.verbs.contains("hello"))
    }
    #expect(report.ending == .completed)
    let client = ControlClient(DataFolder(path: folder.path))
    let error = await #expect(throws: ControlError.self) {
      let _: ControlHello = try await client.ask("hello")
    }
    #expect(error?.code == .noRun)
    #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/private/control.sock"))
  }

  @Test func `a verb is given its arguments and its peer, and tells its errors`() async throws {
    let folder = TemporaryFolder()
    _ = try await live(folder) { run in
      run.control.register("double") { (number: Number, request) in
        guard request.peer.process == getpid() else { return Number(value: -1) }
        return Number(value: 2 * number.value)
      }
      run.control.register("fail") { (_: ControlNothing, _) -> ControlNothing in
        throw StageError(.record, "no", subject: "it is not there", hint: "look elsewhere")
      }
      run.control.register("leak") { (_: ControlNothing, _) -> ControlNothing in
        struct Leaky: Error { let text = "planted text" }
        throw Leaky()
      }
    } _: { client in
      let answer: Number = try await client.ask("double", with: Number(value: 21))
      #expect(answer == Number(value: 42))
      for (verb, what) in [
        ("fail", "it is not there"), ("leak", "the run threw Leaky"),
        ("dance", "this run knows no verb of that name"),
      ] {
        let error = await #expect(throws: ControlError.self) {
          let _: ControlNothing = try await client.ask(verb)
        }
        #expect(error?.what == what)
      }
      let error = await #expect(throws: ControlError.self) {
        let _: Number = try await client.ask("double", with: ["value": "planted text"])
      }
      #expect(error?.code == .badMessage)
      #expect(error.map { "\($0)".contains("planted") } == false)
    }
  }

  @Test func `what nobody waits for is dropped, and what was begun is said to be`() async throws {
    let folder = TemporaryFolder()
    let changes = Mutex(0)
    _ = try await live(folder) { run in
      run.control.register("change") { (wait: Number, request) in
        try await Task.sleep(for: .milliseconds(wait.value))
        try request.begin()
        changes.withLock { $0 += 1 }
        return Number(value: 1)
      }
    } _: { client in
      let error = await #expect(throws: ControlError.self) {
        let _: Number = try await client.ask(
          "change", with: Number(value: 300), within: .milliseconds(100))
      }
      #expect(error?.code == .noAnswer)
      #expect(error?.what.contains("nothing was changed, and it will not be later") == true)
      try await Task.sleep(for: .milliseconds(500))
      #expect(changes.withLock { $0 } == 0)
      let answer: Number = try await client.ask(
        "change", with: Number(value: 0), within: .seconds(30))
      #expect(answer.value == 1 && changes.withLock { $0 } == 1)
    }
  }

  @Test func `what is no request is answered with an error and harms nothing`() async throws {
    let folder = TemporaryFolder()
    let report = try await live(folder) { client in
      let address = DataFolder(path: folder.path).controlSocket
      let deep = String(repeating: "[", count: 50_000)
      for (line, code) in [
        ("", "bad_message"), ("GET / HTTP/1.1", "bad_message"), ("{", "bad_message"),
        (deep, "bad_message"), ("[1]", "bad_message"), (#"{"anagen":1}"#, "bad_message"),
        (#"{"anagen":2,"verb":"hello","with":{}}"#, "version"),
        (#"{"anagen":1,"verb":"hello"}"#, "bad_message"),
        (#"{"anagen":1,"verb":"","with":{}}"#, "unknown_verb"),
        (String(repeating: "x", count: 70_000), "bad_message"),
      ] {
        let answer = try await Task.blocking {
          try SocketClient(address).ask(
            Array("\(line)\n".utf8), delimiter: [10], maxBytes: 1 << 20, within: .seconds(5))
        }
        let text = String(decoding: answer, as: UTF8.self)
        #expect(text.hasPrefix(#"{"anagen":1,"error":{"code":"\#(code)""#), "\(line.prefix(40))")
      }
      let _: ControlHello = try await client.ask("hello")
    }
    #expect(report.mismatches.isEmpty)
  }

  @Test func `the socket of a run that was killed is replaced, also under a long path`()
    async throws
  {
    let short = TemporaryFolder()
    let folder = DataFolder(path: short.path + String(repeating: "/a-rather-long-name", count: 8))
    try FileManager.default.createDirectory(
      atPath: folder.privatePath, withIntermediateDirectories: true,
      attributes: [.posixPermissions: 0o700])
    let killed = Process()
    killed.executableURL = URL(filePath: "/usr/bin/python3")
    killed.arguments = [
      "-c",
      """
      import os, signal, socket, sys
      os.chdir(sys.argv[1])
      s = socket.socket(socket.AF_UNIX)
      s.bind("control.sock")
      s.listen()
      os.kill(os.getpid(), signal.SIGKILL)
      """, folder.privatePath,
    ]
    try killed.run()
    killed.waitUntilExit()
    #expect(FileManager.default.fileExists(atPath: "\(folder.privatePath)/control.sock"))
    let board = TestBoard { _, _ in try await Task.sleep(for: .milliseconds(5)) }
    let run = PipelineRun(
      plan: try TestRuns.chain(folder.path, board: board.register(), count: 10),
      options: TestRuns.options)
    async let report = run.run()
    while run.progress.accepted == 0 { try await Task.sleep(for: .milliseconds(1)) }
    let hello: ControlHello = try await ControlClient(folder).ask("hello")
    #expect(hello.process == getpid())
    #expect(try await report.ending == .completed)
  }

  @Test func `a run whose socket cannot be made works all the same`() async throws {
    let folder = TemporaryFolder()
    let inTheWay = "\(folder.path)/private/control.sock"
    try FileManager.default.createDirectory(
      atPath: inTheWay, withIntermediateDirectories: true,
      attributes: [.posixPermissions: 0o700])
    let report = try await live(folder) { client in
      let error = await #expect(throws: ControlError.self) {
        let _: ControlHello = try await client.ask("hello")
      }
      #expect(error?.code == .noRun)
    }
    #expect(report.ending == .completed)
    #expect(FileManager.default.fileExists(atPath: inTheWay))
  }
}

extension Task where Success == Never, Failure == Never {
  /// Runs blocking work off the tasks' threads.
  static func blocking<Result: Sendable>(
    _ body: @escaping @Sendable () throws -> Result
  ) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
      DispatchQueue(label: "test").async {
        continuation.resume(with: Swift.Result(catching: body))
      }
    }
  }
}
