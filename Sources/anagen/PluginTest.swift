import ArgumentParser
import BuiltInStages
import ClinicalRecords
import Foundation
import PipelineFiles
import StageHost
import StageKit
import StageTesting

/// `anagen plugin inspect`: what an outside plugin says of itself.
struct PluginInspect: AnagenCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect", abstract: "Show what an outside plugin can do; starts nothing.")

  @Argument(help: "The plugin's folder.")
  var folder: String
  @OptionGroup var output: FormatOption

  func run(in environment: CommandEnvironment) async throws -> ExitStatus {
    let plugin = try OutsidePlugins.read(folder, in: environment)
    switch output.format {
    case .json:
      try environment.terminal.result(
        JSONValue.object([
          .init("name", .string(plugin.name)), .init("version", .string(plugin.version)),
          .init("manifestSHA256", .string(plugin.manifest.hexadecimal)),
          .init("command", .array(plugin.command.map { .string($0) })),
          .init("stages", .array(plugin.stages.map(StageDescription.json))),
        ]).text)
    case .text:
      let lacks = Confinement.lacks.map { "\nthis machine cannot hold it from \($0)" } ?? ""
      try environment.terminal.result(
        """
        \(plugin.name) \(plugin.version)
          runs \(plugin.command.joined(separator: " "))
          manifest sha256:\(plugin.manifest.hexadecimal)\(lacks)

        """ + plugin.stages.map(StageDescription.text).joined(separator: "\n\n"))
    }
    return .done
  }
}

/// `anagen plugin test`: tries a plugin's stages from outside.
struct PluginTest: AnagenCommand {
  static let configuration = CommandConfiguration(
    commandName: "test",
    abstract: "Try a plugin's stages from outside, as any host may treat them.",
    discussion: """
        anagen plugin test my-plugin
        anagen plugin test hair.analyse        a stage of this program, in a process of its own

      A stage that takes records of another plugin's schema is tried with the JSON objects in the
      plugin's folder samples/.
      """)

  @Argument(help: "The plugin's folder, or the id of a stage of this program.")
  var plugin: String
  @Option(
    name: .customLong("set"), parsing: .singleValue,
    help: ArgumentHelp("Gives a setting that has no default, as JSON.", valueName: "name=value"))
  var assignments: [String] = []
  @OptionGroup var output: FormatOption

  func run(in environment: CommandEnvironment) async throws -> ExitStatus {
    guard let launcher = Program.path else {
      throw CommandFailure(
        .unavailable, "/proc is not there", hint: "stages are started with /proc/self/exe")
    }
    let scratch = try ScratchFolder(in: environment.variables["TMPDIR"] ?? "/tmp")
    defer {
      if let problem = scratch.remove() { environment.terminal.talk(problem) }
    }
    let samples = try await SampleRecords.make(in: "\(scratch.path)/data")
    var results: [PluginTester.Result] = []
    let linked = BuiltInPlugin.catalogue.filter { $0.manifest.id == plugin }
    let folder = environment.absolute(plugin)
    let stages = try linked.isEmpty ? OutsidePlugins.read(plugin, in: environment).stages : linked
    for stage in stages {
      var options = ProcessStage.Options(
        program: stage.program
          ?? StageProgram(
            command: [launcher, "plugin", "serve", stage.manifest.id],
            folder: URL(filePath: launcher).deletingLastPathComponent().path, manifestSHA256: nil),
        launcher: launcher,
        confinement: Confinement(
          memoryBytes: stage.manifest.workingSetBytes + Plan.Isolation.standardMemoryBytes),
        slotBytes: Plan.Isolation.standardRecordBytes)
      options.heartbeat = .seconds(5)
      let given = try samples.records(
        for: stage, folder: linked.isEmpty ? "\(folder)/samples" : nil)
      results += await PluginTester(
        stage, settings: try settings(of: stage), context: samples.context, options: options,
        samples: given, planted: SampleRecords.planted
      ).run()
      if output.format == .text { show(results, of: stage, environment.terminal) }
    }
    if output.format == .json {
      try environment.terminal.result(JSONValue.array(results.map(json)).text)
    }
    return results.contains { $0.problem != nil } ? .setAside : .done
  }

  private func settings(of stage: StageEntry) throws -> JSONValue {
    guard case .object(var members) = stage.defaults else { return stage.defaults }
    for declaration in stage.settings {
      guard case .secret = declaration.kind else { continue }
      members.removeAll { $0.key == declaration.key }
      members.append(JSONValue.Member(declaration.key, .string("secret:\(SampleRecords.secret)")))
    }
    for assignment in assignments {
      let parts = assignment.split(separator: "=", maxSplits: 1).map(String.init)
      guard parts.count == 2 else {
        throw CommandFailure(
          .usage, "--set \(assignment) is no assignment", hint: "write --set NAME=VALUE")
      }
      let value: JSONValue
      do {
        value = try JSONValue(parsing: Array(parts[1].utf8))
      } catch { value = .string(parts[1]) }
      members.removeAll { $0.key == parts[0] }
      members.append(JSONValue.Member(parts[0], value))
    }
    return .object(members)
  }

  private func show(
    _ results: [PluginTester.Result], of stage: StageEntry, _ terminal: Terminal
  ) {
    let own = results.filter { $0.stage == stage.manifest.id }
    let failed = own.count { $0.problem != nil }
    var lines = own.map { result in
      result.problem.map { "FAILED  \(result.name) (\(result.clauses)): \($0)" }
        ?? "passed  \(result.name) (\(result.clauses))"
    }
    lines.append(
      "\(stage.manifest.id): \(own.count - failed) of \(own.count) passed"
        + (failed > 0 ? "; docs/stage-protocol.md has the sentences" : ""))
    do { try terminal.result(lines.joined(separator: "\n")) } catch {}
  }

  private func json(_ result: PluginTester.Result) -> JSONValue {
    .object(
      [
        .init("stage", .string(result.stage)), .init("test", .string(result.name)),
        .init("clauses", .string(result.clauses)), .init("passed", .boolean(result.problem == nil)),
      ] + (result.problem.map { [.init("problem", .string($0))] } ?? []))
  }
}
