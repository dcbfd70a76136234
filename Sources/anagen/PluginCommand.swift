import ArgumentParser
import BuiltInStages
import ClinicalRecords
import FoundationEssentials
import PipelineFiles
import StageKit

/// `anagen plugin`: the stages there are.
struct PluginCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plugin", abstract: "Show, make and try the stages that pipelines can use.",
    subcommands: [
      List.self, PluginInspect.self, PluginNew.self, PluginTest.self, PluginLockCommand.self,
      PluginExec.self, PluginServe.self,
    ])

  /// `anagen plugin list`.
  struct List: AnagenCommand {
    static let configuration = CommandConfiguration(
      abstract: "List stages with what they take, make and can be set to.",
      discussion: """
          anagen plugin list
          anagen plugin list hair.analyse
          anagen plugin list --outside plugins    also the plugins in that folder

        A plugin that cannot be used is listed with all that is wrong with it, and the exit status \
        is 1. Nothing is started.
        """)

    @Argument(help: ArgumentHelp("Only these, by the id that 'use' names.", valueName: "id"))
    var ids: [String] = []
    @Option(
      name: .customLong("outside"), parsing: .singleValue,
      help: ArgumentHelp(
        "A plugin's folder, or one with plugins in it; may be given several times.",
        valueName: "folder"))
    var folders: [String] = []
    @OptionGroup var output: FormatOption

    func run(in environment: CommandEnvironment) async throws -> ExitStatus {
      let outside = try folders.flatMap { try OutsidePlugins.found(in: $0, environment) }
      let all =
        BuiltInPlugin.catalogue
        + outside.compactMap { found in
          if case .plugin(let plugin) = found { plugin.stages } else { nil }
        }.joined()
      let bad = outside.compactMap { found in
        if case .bad(let folder, let reasons) = found { (folder, reasons) } else { nil }
      }
      let unknown = ids.filter { id in !all.contains { $0.manifest.id == id } }
      if let first = unknown.first {
        throw CommandFailure(
          .usage, "there is no stage '\(first)'",
          hint: "'anagen plugin list' shows those there are")
      }
      let entries = ids.isEmpty ? all : all.filter { ids.contains($0.manifest.id) }
      switch output.format {
      case .json:
        let problems = bad.map { folder, reasons in
          JSONValue.object([
            .init("plugin", .string(folder)), .init("problems", .array(reasons.map(\.json))),
          ])
        }
        try environment.terminal.result(
          JSONValue.array(entries.map(StageDescription.json) + problems).text)
      case .text:
        let problems = bad.map { folder, reasons in
          "\(folder)  (cannot be used)\n" + Diagnostics.text(reasons)
        }
        try environment.terminal.result(
          (entries.map(StageDescription.text) + problems).joined(separator: "\n\n"))
      }
      return bad.isEmpty ? .done : .setAside
    }
  }
}

/// One stage type, from its own declarations.
enum StageDescription {
  static func text(_ entry: StageEntry) -> String {
    var lines = ["\(entry.manifest.id)  (\(entry.kind.rawValue))", "  \(entry.manifest.summary)"]
    let passes = [
      entry.program.map { "in \($0.folder)" },
      entry.input.map { "takes \($0.schema)" }, entry.output.map { "makes \($0.schema)" },
      entry.manifest.declassifiesTo.map { "may lower the label to \($0.rawValue)" },
    ].compactMap { $0 }
    if !passes.isEmpty { lines.append("  \(passes.joined(separator: ", "))") }
    if !entry.settings.isEmpty {
      var table = TextTable([("  setting", .left), ("takes", .left), ("default", .left)])
      for setting in entry.settings {
        table.add(["  \(setting.key)", setting.kind.words, standard(of: setting, in: entry)])
      }
      let help = entry.settings.map { "      \($0.help)" }
      let rows = table.text.split(separator: "\n").map(String.init)
      lines.append(rows[0])
      for (row, words) in zip(rows.dropFirst(), help) { lines += [row, words] }
    }
    return lines.joined(separator: "\n")
  }

  static func json(_ entry: StageEntry) -> JSONValue {
    let manifest = entry.manifest
    var members: [JSONValue.Member] = [
      .init("id", .string(manifest.id)), .init("kind", .string(entry.kind.rawValue)),
      .init("summary", .string(manifest.summary)),
      .init("resultVersion", .string(manifest.resultVersion)),
    ]
    func add(_ key: String, _ text: String?) {
      if let text { members.append(.init(key, .string(text))) }
    }
    add("input", entry.input?.schema.description)
    add("output", entry.output?.schema.description)
    add("declassifiesTo", manifest.declassifiesTo?.rawValue)
    add("effect", manifest.effect?.rawValue)
    add("folder", entry.program?.folder)
    members.append(.init("workingSetBytes", .integer(Int64(manifest.workingSetBytes))))
    members.append(.init("settings", entry.settingsSchema))
    return .object(members)
  }

  private static func standard(of setting: SettingDeclaration, in entry: StageEntry) -> String {
    if setting.required { return "required" }
    guard let value = entry.defaults[setting.key], value != .null else { return "none" }
    if case .string(let text) = value { return text.isEmpty ? "none" : text }
    return value.text
  }
}
