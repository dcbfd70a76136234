import Foundation
import PipelineFiles

/// What outside plugins a command is about.
enum OutsidePlugins {
  /// A plugin that was looked for.
  enum Found {
    /// One that can be used.
    case plugin(PluginReader.Plugin)
    /// One that cannot, with the reasons.
    case bad(folder: String, [Diagnostic])
  }

  /// The plugins that a folder is or holds, in the order of their names.
  ///
  /// - Throws: ``CommandFailure`` when there is none.
  static func found(in folder: String, _ environment: CommandEnvironment) throws -> [Found] {
    let reader = PluginReader(surroundings: PipelineArguments.surroundings(in: environment))
    let holds = { FileAccess.exists("\(environment.absolute($0))/plugin.yaml") }
    var folders = [folder]
    if !holds(folder) {
      let names: [String]
      do {
        names = try FileManager.default.contentsOfDirectory(atPath: environment.absolute(folder))
      } catch {
        throw CommandFailure(
          .io, "the folder '\(folder)' cannot be read", hint: "name one that holds plugins")
      }
      folders = names.sorted().map { "\(folder)/\($0)" }.filter(holds)
    }
    guard !folders.isEmpty else {
      throw CommandFailure(
        .badData, "'\(folder)' holds no plugin",
        hint: "name a folder with a plugin.yaml, or one with such folders in it")
    }
    return try folders.map { folder in
      let reading = try reader.read(folder)
      return reading.plugin.map { .plugin($0) } ?? .bad(folder: folder, reading.diagnostics)
    }
  }

  /// A plugin by its folder.
  ///
  /// - Throws: ``CommandFailure`` with all that is wrong with its `plugin.yaml`.
  static func read(
    _ folder: String, in environment: CommandEnvironment
  ) throws -> PluginReader.Plugin {
    let reading: PluginReader.Reading
    do {
      reading = try PluginReader(
        surroundings: PipelineArguments.surroundings(in: environment)
      ).read(folder)
    } catch {
      throw CommandFailure(
        .badData, "'\(folder)' holds no plugin.yaml that can be read", hint: error.hint)
    }
    if !reading.diagnostics.isEmpty {
      environment.terminal.talk(Diagnostics.text(reading.diagnostics))
    }
    guard let plugin = reading.plugin else {
      throw Diagnostics.failure(reading.diagnostics, in: "\(folder)/plugin.yaml")
    }
    return plugin
  }
}
