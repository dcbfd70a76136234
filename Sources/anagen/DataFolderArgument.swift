import ArgumentParser
import ClinicalRecords
import StageKit

/// The `--data` of commands that look into a data folder.
struct DataFolderArgument: ParsableArguments {
  @Option(help: ArgumentHelp("The data folder of a run.", valueName: "folder"))
  var data = "anagen-data"

  /// The folder, as an absolute path.
  func folder(in environment: CommandEnvironment) -> DataFolder {
    DataFolder(path: environment.absolute(data))
  }
}
