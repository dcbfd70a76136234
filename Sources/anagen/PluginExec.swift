import ArgumentParser
import BuiltInStages
import ClinicalRecords
import FoundationEssentials
import Glibc
import StageHost
import StageKit

/// `anagen plugin exec`: confines itself and becomes a stage's program.
struct PluginExec: AnagenCommand {
  static let configuration = CommandConfiguration(
    commandName: "exec", abstract: "Confine this process and become a stage's program.",
    shouldDisplay: false)

  @Argument(help: "What the program may do, as JSON.")
  var confinement: String
  @Argument(parsing: .postTerminator, help: "The program and its arguments.")
  var command: [String] = []

  func run(in environment: CommandEnvironment) async throws -> ExitStatus {
    guard let first = command.first, first.hasPrefix("/") else {
      throw CommandFailure(
        .usage, "no program is named by an absolute path", hint: "this command is called by a run")
    }
    let confinement = try RecordDecoder().decode(Confinement.self, from: Array(confinement.utf8))
    let problem = confinement.become(command, parent: getppid())
    throw CommandFailure(.configuration, problem, hint: "look at the stage's 'limits' and 'needs'")
  }
}

/// `anagen plugin serve`: serves one in-tree stage over descriptor 0.
struct PluginServe: AnagenCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve", abstract: "Serve a stage of the program to a run.", shouldDisplay: false)

  @Argument(help: "The stage's id.")
  var stage: String

  func run(in environment: CommandEnvironment) async throws -> ExitStatus {
    guard let entry = BuiltInPlugin.catalogue.first(where: { $0.manifest.id == stage }) else {
      throw CommandFailure(
        .usage, "there is no stage '\(stage)'", hint: "'anagen plugin list' shows those there are")
    }
    await StageServer.serve(
      PluginDescription(
        name: stage, version: Version.number, command: ["anagen", "plugin", "serve", stage]),
      [entry])
  }
}
