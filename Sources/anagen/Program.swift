import ArgumentParser
import FoundationEssentials

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The process: reads the command line, runs one command, tells the shell how it ended.
///
/// Commands never print, exit or read the environment by themselves; they are given a
/// ``CommandEnvironment`` and return an ``ExitStatus``.
@main
enum Program {
  static func main() async {
    Signals.ignoreBrokenPipes()
    let variables = ProcessInfo.processInfo.environment
    let arguments = Array(CommandLine.arguments.dropFirst())
    let terminal = Terminal(environment: variables, arguments: arguments)
    let environment = CommandEnvironment(
      terminal: terminal, variables: variables,
      currentFolder: FileManager.default.currentDirectoryPath)
    let status = await run(arguments, in: environment)
    exit(status.rawValue)
  }

  /// This program's own file, which stages that run in processes of their own are started with.
  ///
  /// `nil` where `/proc` is not there to say.
  static var path: String? {
    do {
      return try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    } catch { return nil }
  }

  /// Parses and runs one command; prints its error, if it has one.
  static func run(_ arguments: [String], in environment: CommandEnvironment) async -> ExitStatus {
    do {
      var command = try Anagen.parseAsRoot(arguments)
      if let command = command as? any AnagenCommand {
        return try await command.run(in: environment)
      }
      try command.run()
      return .done
    } catch {
      return report(error, to: environment.terminal)
    }
  }

  private static func report(_ error: any Error, to terminal: Terminal) -> ExitStatus {
    if error is Terminal.ReaderGone { return .done }
    if let failure = CommandFailure(describing: error) {
      for line in failure.details { terminal.problem(line) }
      terminal.error(failure.what, hint: failure.hint)
      return failure.status
    }
    let code = Anagen.exitCode(for: error)
    if code == .success {
      do {
        try terminal.result(Anagen.fullMessage(for: error))
      } catch {
        return .done
      }
      return .done
    }
    if code == .validationFailure {
      terminal.usageError(Anagen.fullMessage(for: error))
      return .usage
    }
    terminal.error(
      "unexpected: \(error)", hint: "this is a bug of anagen; report it with the command used")
    return .bug
  }
}

/// A command of the tree: does its work and tells how it went.
protocol AnagenCommand: ParsableCommand {
  /// Runs the command.
  ///
  /// - Throws: ``CommandFailure``, or an error that it can describe.
  func run(in environment: CommandEnvironment) async throws -> ExitStatus
}

/// What a command is given of the world.
struct CommandEnvironment: Sendable {
  /// Where results and talk go.
  let terminal: Terminal
  /// The environment's variables.
  let variables: [String: String]
  /// What relative paths start from.
  let currentFolder: String

  /// A path of the command line as an absolute one.
  func absolute(_ path: String) -> String {
    path.hasPrefix("/") ? path : "\(currentFolder)/\(path)"
  }
}
