import ArgumentParser
import Foundation

extension PluginTemplate.Language: ExpressibleByArgument {}

/// `anagen plugin new`: a plugin that works, to write one's own stage in.
struct PluginNew: AnagenCommand {
  static let configuration = CommandConfiguration(
    commandName: "new", abstract: "Make a plugin with a stage that works.",
    discussion: """
        anagen plugin new --language python scalp-warmth
        anagen plugin new --language swift --checkout path/to/anagen hair-curl
      """)

  @Option(help: "What the stage is written in: swift or python.")
  var language: PluginTemplate.Language
  @Option(
    help: ArgumentHelp(
      "A checkout of this project, which a plugin in Swift builds against.", valueName: "folder"))
  var checkout: String?
  @Argument(help: "The plugin's name and folder: a-z, 0-9 and '-'.")
  var name: String

  func run(in environment: CommandEnvironment) async throws -> ExitStatus {
    let isName =
      (1...64).contains(name.utf8.count) && name.utf8.first.map { (97...122).contains($0) } ?? false
      && name.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 45 }
    guard isName else {
      throw CommandFailure(
        .usage, "'\(name)' is no plugin's name", hint: "use a-z, 0-9 and '-', a letter first")
    }
    if language == .swift, checkout == nil {
      throw CommandFailure(
        .usage, "a plugin in Swift builds against a checkout of this project",
        hint: "give --checkout FOLDER")
    }
    let folder = environment.absolute(name)
    guard !FileManager.default.fileExists(atPath: folder) else {
      throw CommandFailure(
        .usage, "'\(name)' is there already", hint: "give another name, or remove it")
    }
    let template = PluginTemplate(
      name: name, language: language, checkout: checkout.map { environment.absolute($0) })
    for file in template.files {
      let path = URL(filePath: "\(folder)/\(file.path)")
      do {
        try FileManager.default.createDirectory(
          at: path.deletingLastPathComponent(), withIntermediateDirectories: true)
      } catch {
        throw CommandFailure(
          .io, "the folder '\(name)' cannot be made", hint: "look at who may write here")
      }
      try FileAccess.write(Array(file.text.utf8), to: path.path)
    }
    let next = language == .swift ? "swift build -c release && " : ""
    try environment.terminal.result(
      """
      made \(name) with the stage \(template.stageID)
      try it: cd \(name) && \(next)anagen plugin test .
      """)
    return .done
  }
}
