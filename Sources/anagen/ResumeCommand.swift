import ArgumentParser
import ClinicalRecords
import Ledger
import PipelineFiles
import StageKit

/// `anagen resume`: goes on with the last run of a data folder.
struct ResumeCommand: AnagenCommand {
  static let configuration = CommandConfiguration(
    commandName: "resume",
    abstract: "Go on with a run that was stopped or killed.",
    discussion: """
        anagen resume OUT
        anagen resume --accepted-only OUT

      Goes on with the last run of OUT as it was started: with the pipeline as its file was then, the \
      same variables and files of secrets. A study or profile that has changed since is refused; \
      'anagen run FILE' takes the change, and does anew only what it changes.

      What a run takes in it keeps in OUT/private. Where the folder of pictures is gone or its list \
      has problems, --accepted-only finishes what was taken in before; the rest waits for a resume \
      with the pictures.

      The exit status is that of 'anagen run'.
      """)

  @Argument(help: ArgumentHelp("The data folder of the run.", valueName: "folder"))
  var folder: String = ""

  /// What the other commands take; here the folder stands alone.
  @Option(help: .hidden)
  var data: String?

  @Flag(help: "Take nothing new: finish what was taken in before.")
  var acceptedOnly = false

  @OptionGroup var options: RunOptions

  func validate() throws {
    if let data { throw ValidationError("resume names the folder alone: anagen resume \(data)") }
    if folder.isEmpty { throw ValidationError("missing expected argument '<folder>'") }
  }

  func run(in environment: CommandEnvironment) async throws -> ExitStatus {
    let folder = DataFolderArgument.folder(folder, in: environment)
    guard let last = try LedgerReading(folder: folder).lastRun() else {
      throw CommandFailure(
        .badData, "no run was started in \(folder.path)",
        hint: "start one: anagen run FILE --var data=\(folder.path)")
    }
    guard last.isUnfinished else {
      environment.terminal.talk(
        "there is nothing to go on with: run \(last.entry.number) came to its end")
      return .done
    }
    guard let source = last.source else {
      throw CommandFailure(
        .configuration, "run \(last.entry.number) does not say what it was started from",
        hint: "name the pipeline: anagen run FILE --var data=\(folder.path)")
    }
    return try await options.run(in: environment) { [self] _ in
      let plan = try plan(of: source, in: folder, environment)
      let differences = last.differences(to: plan.digestInput.text)
      guard differences.isEmpty else {
        throw CommandFailure(
          .configuration, "what run \(last.entry.number) was planned with has changed since",
          hint: "put it back, or take the change: \(source.command(over: folder))",
          details: differences)
      }
      var prepared = try await options.prepared(
        plan, from: Array(source.text.utf8), of: source.file, goingOnWith: source,
        in: environment)
      prepared.takesNew = !acceptedOnly
      return prepared
    }
  }

  /// Reads the pipeline as it was, over the folder as it is named now: it may have been moved.
  private func plan(
    of source: RunSource, in folder: DataFolder, _ environment: CommandEnvironment
  ) throws -> Plan {
    var variables = source.variables
    if variables[DataFolderName.variable] != nil {
      variables[DataFolderName.variable] = folder.path
    }
    let disk = PipelineArguments.files
    let files: any InputFiles = acceptedOnly ? GoneFolders(disk: disk) : disk
    let reading = PipelineArguments.reader(in: environment, files: files).read(
      text: Array(source.text.utf8), fileName: source.file, variables: variables)
    environment.terminal.show(reading.diagnostics)
    guard let plan = reading.plan else {
      let accepted =
        acceptedOnly
        ? "" : "; to finish what was taken in before: anagen resume --accepted-only \(folder.path)"
      throw CommandFailure(
        .configuration, "the pipeline of the last run is not valid any more",
        hint: "put back what is missing, or run the file as it is now, with what is there now: "
          + "\(source.command(over: folder))\(accepted)")
    }
    guard plan.folder == folder else {
      throw CommandFailure(
        .configuration, "the pipeline of the last run keeps its data in \(plan.folder.path)",
        hint: FileAccess.exists(plan.folder.privatePath)
          ? "resume that folder"
          : "it has no variable 'data' that says where it was moved: move the folder back there")
    }
    return plan
  }
}

/// The disk for who opens no folder of pictures: none need be there.
struct GoneFolders: InputFiles {
  let disk: DiskFiles

  func kind(of path: String) -> InputFileKind? { disk.kind(of: path) ?? .folder }

  func read(_ path: String, limit: Int) throws(InputFileError) -> [UInt8] {
    try disk.read(path, limit: limit)
  }

  func digest(of path: String) throws(InputFileError) -> ContentDigest {
    try disk.digest(of: path)
  }
}

extension RunSource {
  /// The command that starts such a run over a data folder, to be pasted into a shell.
  fileprivate func command(over folder: DataFolder) -> String {
    let given = variables.merging([DataFolderName.variable: folder.path]) { _, now in now }
    let words =
      ["anagen", "run", file]
      + given.sorted { $0.key < $1.key }.flatMap { ["--var", "\($0.key)=\($0.value)"] }
      + secrets.sorted { $0.key < $1.key }.flatMap { ["--secret", "\($0.key)=\($0.value)"] }
    return words.map(RunSource.quoted).joined(separator: " ")
  }

  /// A word as a shell reads it back.
  private static func quoted(_ word: String) -> String {
    let isPlain =
      !word.isEmpty
      && word.unicodeScalars.allSatisfy {
        ("a"..."z").contains($0) || ("A"..."Z").contains($0) || ("0"..."9").contains($0)
          || "-_./=:,@%+".unicodeScalars.contains($0)
      }
    return isPlain ? word : "'" + word.replacing("'", with: #"'\''"#) + "'"
  }
}
