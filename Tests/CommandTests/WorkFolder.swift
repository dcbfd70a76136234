import Foundation

/// A new folder where the commands of one transcript run.
///
/// It holds the drawn pictures in `pictures/`. The command under test is found as `anagen`, the project's root as `$ROOT`; the environment
/// holds nothing else of who runs the test.
struct WorkFolder {
  let path: String
  private let root: String
  private let program: String

  init() throws {
    root =
      URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().path().trimmed
    // The test program lies beside the command.
    program =
      URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
      .path().trimmed
    path = FileManager.default.temporaryDirectory
      .appending(path: "anagen-transcript-\(UUID().uuidString)").path()
    try Pictures.write(to: "\(path)/pictures")
  }

  func remove() {
    do {
      try FileManager.default.removeItem(atPath: path)
    } catch {
      print("the folder \(path) could not be removed: \(error)")
    }
  }

  /// Runs a command with `sh` and gathers what it printed, this folder's path replaced by `$PWD`.
  func run(_ command: String) throws -> Transcript.Outcome {
    let shell = Process()
    shell.executableURL = URL(filePath: "/bin/sh")
    shell.arguments = ["-c", command]
    shell.currentDirectoryURL = URL(filePath: path)
    shell.environment = [
      "PATH": "\(program):/usr/local/bin:/usr/bin:/bin", "ROOT": root, "LC_ALL": "C.UTF-8",
      "HOME": path, "TERM": "dumb", "TZ": "UTC",
    ]
    // Files, not pipes: a pipe that nobody empties while the other is read would stop the command.
    let out = URL(filePath: "\(path)/.stdout")
    let error = URL(filePath: "\(path)/.stderr")
    for file in [out, error] {
      try Data().write(to: file)
    }
    let outHandle = try FileHandle(forWritingTo: out)
    let errorHandle = try FileHandle(forWritingTo: error)
    shell.standardInput = FileHandle.nullDevice
    shell.standardOutput = outHandle
    shell.standardError = errorHandle
    try shell.run()
    shell.waitUntilExit()
    try outHandle.close()
    try errorHandle.close()
    let lines = try lines(of: out) + lines(of: error).map { "2> \($0)".trimmedAtEnd }
    try FileManager.default.removeItem(at: out)
    try FileManager.default.removeItem(at: error)
    let status =
      shell.terminationReason == .exit ? shell.terminationStatus : 128 + shell.terminationStatus
    return Transcript.Outcome(lines: lines, status: status)
  }

  private func lines(of file: URL) throws -> [String] {
    var lines = try String(contentsOf: file, encoding: .utf8)
      .replacingOccurrences(of: path, with: "$PWD").replacingOccurrences(of: root, with: "$ROOT")
      .split(separator: "\n", omittingEmptySubsequences: false).map { String($0).trimmedAtEnd }
    while lines.last == "" { lines.removeLast() }
    return lines
  }
}

extension String {
  fileprivate var trimmed: String { hasSuffix("/") ? String(dropLast()) : self }
  fileprivate var trimmedAtEnd: String {
    var text = self
    while text.last == " " { text.removeLast() }
    return text
  }
}
