import ArgumentParser
import Foundation

extension PluginTemplate.Language: ExpressibleByArgument {}

/// `anagen plugin new`: a plugin that works, to write one's own stage in.
struct PluginNew: AnagenCommand {
  static let configuration = CommandConfiguration(
    commandName: "new", abstract: "Make a plugin with a stage that works.",
    discussion: """
        anagen plugin new --language python scalp-warmth
        anagen plugin new --language swift scalp-warmth

      The folder it makes is a whole plugin that passes 'anagen plugin test' as it stands.
      """)

  @Option(help: "What the stage is written in: swift or python.")
  var language: PluginTemplate.Language
  @Option(
    help: ArgumentHelp(
      "The checkout that a plugin in Swift builds against; that of this program unless given.",
      valueName: "folder"))
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
    let checkout = try language == .swift ? foundCheckout(in: environment) : ""
    let folder = environment.absolute(name)
    guard !FileManager.default.fileExists(atPath: folder) else {
      throw CommandFailure(
        .usage, "'\(name)' is there already", hint: "give another name, or remove it")
    }
    let template = PluginTemplate(name: name, language: language, checkout: checkout)
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
    try environment.terminal.result(
      """
      made \(name) with the stage \(template.stageID)
      try it: cd \(name) && \(template.steps)
      """)
    return .done
  }

  /// The checkout that a plugin in Swift builds against.
  private func foundCheckout(in environment: CommandEnvironment) throws -> String {
    func isCheckout(_ folder: String) -> Bool {
      FileManager.default.fileExists(atPath: "\(folder)/Package.swift")
        && FileManager.default.fileExists(atPath: "\(folder)/Sources/StageKit")
    }
    if let checkout {
      let folder = environment.absolute(checkout)
      guard isCheckout(folder) else {
        throw CommandFailure(
          .usage, "'\(checkout)' is no checkout of this project",
          hint: "name the folder that holds its Package.swift")
      }
      return URL(filePath: folder).standardizedFileURL.path
    }
    var folder = URL(filePath: Program.path ?? "/").deletingLastPathComponent()
    while folder.path != "/" {
      if isCheckout(folder.path) { return folder.path }
      folder.deleteLastPathComponent()
    }
    throw CommandFailure(
      .usage, "a plugin in Swift builds against a checkout of this project",
      hint: "this program lies in none: give --checkout FOLDER")
  }
}
