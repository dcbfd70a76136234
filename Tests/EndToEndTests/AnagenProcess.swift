import Foundation
import Testing

/// The built command as a child process.
///
/// What it prints goes to files, not pipes: a pipe that nobody empties would stop it.
final class AnagenProcess {
  /// How a child ended and what it had printed.
  struct Outcome {
    /// The exit status, or 128 and the signal that ended it, as a shell says it.
    let status: Int32
    /// What stood on stdout.
    let results: String
    /// What stood on stderr.
    let talk: String
  }

  /// The test program lies beside the command.
  static let program = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
    .deletingLastPathComponent().appending(path: "anagen").path()
  /// The project's root.
  static let root = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().path()

  private let child = Process()
  private let resultsFile: URL
  private let talkFile: URL

  /// Starts the command.
  ///
  /// - Parameters:
  ///   - arguments: the command line without the program's name.
  ///   - wrapper: a command that runs the one that follows it, such as `setpriv --nnp`.
  ///   - folder: an existing folder for what is printed.
  ///   - variables: more of the environment.
  init(
    _ arguments: [String], through wrapper: [String] = [], printingTo folder: String,
    variables: [String: String] = [:]
  ) throws {
    let name = UUID().uuidString
    resultsFile = URL(filePath: "\(folder)/\(name).stdout")
    talkFile = URL(filePath: "\(folder)/\(name).stderr")
    for file in [resultsFile, talkFile] { try Data().write(to: file) }
    // What a run says is read here as a person reads it, unless a test asks for something else.
    let isRun = ["run", "resume"].contains(arguments.first)
    let arguments =
      isRun && !arguments.contains { $0.hasPrefix("--log-format") }
      ? arguments + ["--log-format", "text"] : arguments
    let command = wrapper + [AnagenProcess.program] + arguments
    // Without a wrapper the child is the command itself, so that signals reach it.
    child.executableURL = URL(filePath: wrapper.isEmpty ? AnagenProcess.program : "/usr/bin/env")
    child.arguments = wrapper.isEmpty ? arguments : command
    child.currentDirectoryURL = URL(filePath: folder)
    child.environment = [
      "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL": "C.UTF-8", "TERM": "dumb",
      "TZ": "UTC", "SWIFT_BACKTRACE": "enable=no",
    ].merging(variables) { _, new in new }
    child.standardInput = FileHandle.nullDevice
    child.standardOutput = try FileHandle(forWritingTo: resultsFile)
    child.standardError = try FileHandle(forWritingTo: talkFile)
    try child.run()
  }

  /// Runs the command to its end.
  static func run(
    _ arguments: [String], through wrapper: [String] = [], printingTo folder: String
  ) throws -> Outcome {
    try AnagenProcess(arguments, through: wrapper, printingTo: folder).wait()
  }

  var isRunning: Bool { child.isRunning }
  var identifier: Int32 { child.processIdentifier }

  /// What stands on stderr so far.
  func talk() throws -> String { try String(contentsOf: talkFile, encoding: .utf8) }

  /// Sends a signal; does nothing when the child has ended.
  func send(_ signal: Int32) {
    if child.isRunning { kill(child.processIdentifier, signal) }
  }

  /// Waits for the end.
  func wait() throws -> Outcome {
    child.waitUntilExit()
    let status =
      child.terminationReason == .exit ? child.terminationStatus : 128 + child.terminationStatus
    return Outcome(
      status: status, results: try String(contentsOf: resultsFile, encoding: .utf8),
      talk: try talk())
  }
}

/// What a test needs of the machine, found out by trying.
enum Machine {
  /// Whether this process may mount in a namespace of its own.
  static let canMount = succeeds(["unshare", "-m", "true"])
  static let mountReason: Comment = "mounting needs root in a mount namespace of its own"

  /// A wrapper after which file modes count for root too.
  static let withoutOverride = [
    "setpriv", "--bounding-set", "-dac_override,-dac_read_search", "--inh-caps",
    "-dac_override,-dac_read_search",
  ]

  /// How to run the command so that file modes count; `nil` where that cannot be had.
  static let heldToModes: [String]? =
    geteuid() != 0
    ? []
    : (succeeds(withoutOverride + [AnagenProcess.program, "--version"]) ? withoutOverride : nil)
  static let modesReason: Comment = "root's right to pass over file modes cannot be dropped here"

  /// Runs `script` with `sh` in a mount namespace of its own; `"$@"` is the command.
  static func mounting(_ script: String) -> [String] {
    ["unshare", "-m", "sh", "-ec", script, "sh"]
  }

  /// Whether systemd's checker of unit files is here.
  static let hasSystemdAnalyze = succeeds(["systemd-analyze", "--version"])

  /// Runs a program of the machine and gives what it prints on both its outputs.
  static func run(
    _ command: [String], in folder: String, input: String = ""
  ) throws -> (text: String, status: Int32) {
    let (child, name) = (Process(), UUID().uuidString)
    let (out, into) = ("\(folder)/\(name).out", "\(folder)/\(name).in")
    try Data().write(to: URL(filePath: out))
    try Data(input.utf8).write(to: URL(filePath: into))
    let printed = try FileHandle(forWritingTo: URL(filePath: out))
    child.executableURL = URL(filePath: "/usr/bin/env")
    child.arguments = command
    child.currentDirectoryURL = URL(filePath: folder)
    child.standardInput = try FileHandle(forReadingFrom: URL(filePath: into))
    child.standardOutput = printed
    child.standardError = printed
    try child.run()
    child.waitUntilExit()
    return (try String(contentsOfFile: out, encoding: .utf8), child.terminationStatus)
  }

  private static func succeeds(_ command: [String]) -> Bool {
    let child = Process()
    child.executableURL = URL(filePath: "/usr/bin/env")
    child.arguments = command
    child.standardOutput = FileHandle.nullDevice
    child.standardError = FileHandle.nullDevice
    do {
      try child.run()
    } catch {
      return false
    }
    child.waitUntilExit()
    return child.terminationStatus == 0
  }
}
