import Foundation
import Testing
import VideoDevices

/// All that needs a camera; one after the other, since each test plugs its own into one bus.
@Suite("cameras", .serialized, .enabled(if: isInGuest, outsideGuest)) struct HardwareTests {}

/// Whether this process runs in the guest, where cameras can be plugged in at will.
let isInGuest = ProcessInfo.processInfo.environment["ANAGEN_HARDWARE"] == "guest"
let outsideGuest: Comment = "needs the guest: make test-hardware"

/// A program that runs beside the test, as long as this lives.
///
/// Without `Foundation.Process`, which waits for its children through sockets that the guest's
/// kernel does not have.
final class RunningProgram {
  private let process: pid_t
  private var hasEnded = false

  /// Starts a program.
  ///
  /// - Parameter output: the descriptor that its standard output goes to.
  init(_ path: String, _ arguments: [String], output: Int32 = STDOUT_FILENO) throws {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
    var words = ([path] + arguments).map { strdup($0) } + [nil]
    defer { for word in words { free(word) } }
    var started: pid_t = 0
    try #require(posix_spawnp(&started, path, &actions, nil, &words, environ) == 0, "\(path)")
    process = started
  }

  deinit { end() }

  /// Ends it at once.
  func end() {
    guard !hasEnded else { return }
    hasEnded = true
    kill(process, SIGKILL)
    waitpid(process, nil, 0)
  }

  /// Runs a program to its end, and gives its status.
  static func run(_ path: String, _ arguments: String...) throws -> Int32 {
    try run(path, arguments: arguments)
  }

  /// Runs a program to its end, and gives its status.
  static func run(_ path: String, arguments: [String]) throws -> Int32 {
    try RunningProgram(path, arguments).status()
  }

  /// Runs a program to its end, and gives what it wrote to standard output.
  static func output(_ path: String, arguments: [String]) throws -> String {
    let pipe = Pipe()
    let program = try RunningProgram(
      path, arguments, output: pipe.fileHandleForWriting.fileDescriptor)
    _ = program.status()
    try pipe.fileHandleForWriting.close()
    return String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
  }

  private func status() -> Int32 {
    var status: Int32 = 0
    waitpid(process, &status, 0)
    hasEnded = true
    return status >> 8
  }
}

/// A simulated dermatoscope that is plugged in as long as this lives.
final class SimulatedCamera {
  private let program: RunningProgram
  private let control: Int32
  private let answers = Pipe()
  private let port: String

  /// Plugs one in, and waits until it can be opened.
  init(_ arguments: String..., port: Int = 0) throws {
    let fifo = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
    try #require(mkfifo(fifo, 0o600) == 0)
    // Open for both, so that neither end waits for the other.
    control = open(fifo, O_RDWR)
    self.port = "1-\(port + 1)"
    // The guest's command starts in the package's folder.
    program = try RunningProgram(
      ".build/release/dermatoscope-simulator",
      arguments + ["--control", fifo, "--port", "\(port)"],
      output: answers.fileHandleForWriting.fileDescriptor)
    try #require(wait { isPlugged }, "the kernel made no camera of it")
  }

  deinit {
    program.end()
    close(control)
    _ = wait { !isPlugged }
  }

  private var isPlugged: Bool {
    DeviceTree().cameras().contains { device in
      device.identity.port == port && access(device.node, R_OK) == 0
        && device.buttonNode.map { access($0, R_OK) == 0 } == true
    }
  }

  /// The kernel takes a moment to make a device, and to forget it.
  private func wait(until isTrue: () -> Bool) -> Bool {
    for _ in 0..<2000 {
      if isTrue() { return true }
      usleep(5000)
    }
    return false
  }

  /// Gives the device a command, such as `unplug`.
  func tell(_ command: String) throws {
    let line = "\(command)\n"
    try #require(write(control, line, line.utf8.count) == line.utf8.count)
  }

  /// What the device sent and damaged so far, by its commands' names.
  func counts() throws -> [String: Int] {
    try tell("count")
    var line = ""
    while !line.hasSuffix("\n") {
      line += String(decoding: answers.fileHandleForReading.availableData, as: UTF8.self)
    }
    var counts: [String: Int] = [:]
    for pair in line.split(whereSeparator: \.isWhitespace) {
      let parts = pair.split(separator: "=")
      counts[String(parts[0])] = parts.count == 2 ? Int(parts[1]) : nil
    }
    return counts
  }
}

/// Waits until something holds, which is asked 200 times a second.
///
/// - Returns: the seconds it took; `nil` when it did not come to hold in time.
func seconds(atMost limit: Double = 15, until isTrue: () -> Bool) async throws -> Double? {
  let began = ContinuousClock.now
  while true {
    let passed = began.duration(to: .now) / .seconds(1)
    if isTrue() { return passed }
    if passed > limit { return nil }
    // The guest has one processor, and so one thread for all tasks: nobody may hold it.
    try await Task.sleep(for: .milliseconds(5))
  }
}
