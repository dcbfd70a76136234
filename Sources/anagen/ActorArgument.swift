import ArgumentParser

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The `--by` of commands that leave a trace in the audit chain.
struct ActorArgument: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Who does it, for the audit chain; the system's user when left out.", valueName: "name"))
  var by: String?

  /// A name fits on a line of `audit list`: as long as a login may be on Linux (`LOGIN_NAME_MAX`).
  static let byteLimit = 256

  func validate() throws {
    guard let by else { return }
    guard (1...ActorArgument.byteLimit).contains(by.utf8.count), isLine(by) else {
      throw ValidationError("--by takes a name of 1 to \(ActorArgument.byteLimit) bytes")
    }
  }

  /// The name that was given, or the system's.
  var name: String {
    if let by { return by }
    guard let entry = getpwuid(getuid()), let login = entry.pointee.pw_name else {
      return "uid \(getuid())"
    }
    return String(cString: login)
  }
}

/// Whether a text has something to read, on one line.
func isLine(_ text: String) -> Bool {
  text.utf8.contains { $0 > 32 } && !text.utf8.contains { $0 < 32 || $0 == 127 }
}
