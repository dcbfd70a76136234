import ArgumentParser
import ClinicalRecords
import StageKit

/// The `--data` of commands that look into a data folder.
struct DataFolderArgument: ParsableArguments {
  @Option(help: ArgumentHelp("The data folder of a run.", valueName: "folder"))
  var data = "anagen-data"

  /// The folder, as an absolute path.
  func folder(in environment: CommandEnvironment) -> DataFolder {
    DataFolderArgument.folder(data, in: environment)
  }

  /// A folder of the command line as an absolute path without slashes at its end.
  static func folder(_ name: String, in environment: CommandEnvironment) -> DataFolder {
    var path = environment.absolute(name)
    while path.count > 1, path.hasSuffix("/") { path.removeLast() }
    return DataFolder(path: path)
  }
}
