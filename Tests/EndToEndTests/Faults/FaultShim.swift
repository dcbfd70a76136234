import Foundation

/// A fault that the shim makes in a child; `FaultShim.c` says how.
struct Fault: Sendable, CustomStringConvertible {
  enum Action: Sendable {
    /// SIGKILL in place of the call.
    case kill
    /// The call is made, a write by half, then SIGKILL.
    case tear
    /// The call never returns.
    case hang
    /// The call fails with this number.
    case error(Int32)
  }

  /// Every call that changes something.
  static let changes = "owtasrlum"

  var action: Action
  /// The letters of the calls that count.
  var calls = Fault.changes
  /// Which of them are met, counted from 1.
  var from = 1
  /// The last that is met; every one from `from` on when `nil`.
  var through: Int?
  /// A part of the path; every file when `nil`.
  var path: String?

  var description: String {
    let word =
      switch action {
      case .kill: "kill"
      case .tear: "tear"
      case .hang: "hang"
      case .error(let number): "error=\(number)"
      }
    return "\(word) \(calls) \(from) \(through ?? Int.max) \(path ?? "-")"
  }
}

/// The shim between a child and the kernel's file calls.
enum FaultShim {
  /// Builds it once for the test program, with the C compiler that also builds the image codecs.
  private static let library = Result<String, any Error> {
    let source = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "FaultShim.c").path()
    let library = FileManager.default.temporaryDirectory
      .appending(path: "anagen-fault-shim-\(getpid()).so").path()
    let compiler = Process()
    compiler.executableURL = URL(filePath: "/bin/sh")
    compiler.arguments = [
      "-c", #"exec "$(command -v cc || command -v clang)" "$@""#, "sh", "-O2", "-Wall", "-Wextra",
      "-Werror", "-shared", "-fPIC", "-o", library, source,
    ]
    try compiler.run()
    compiler.waitUntilExit()
    guard compiler.terminationStatus == 0 else {
      throw CocoaError(.executableLoad, userInfo: [NSFilePathErrorKey: source])
    }
    return library
  }

  /// The variables that put the shim between a child and the files below a folder.
  ///
  /// - Parameters:
  ///   - folder: an absolute path without links in it.
  ///   - log: where every change is noted, with its bytes.
  ///   - clock: after how many readings the wall clock jumps, and by how many seconds.
  static func environment(
    under folder: String, _ fault: Fault? = nil, log: String? = nil,
    clock: (readings: Int, seconds: Int)? = nil
  ) throws -> [String: String] {
    var variables = ["LD_PRELOAD": try library.get(), "FAULT_UNDER": folder]
    variables["FAULT_PLAN"] = fault.map { "\($0)" }
    variables["FAULT_LOG"] = log
    variables["FAULT_CLOCK"] = clock.map { "\($0.readings) \($0.seconds)" }
    return variables
  }
}
