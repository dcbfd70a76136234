import ArgumentParser
import BuiltInStages
import ClinicalRecords
import Crypto
import Glibc
import PipelineFiles

/// The pipeline file and what fills its variables: shared by every command that reads one.
struct PipelineArguments: ParsableArguments {
  @Argument(help: ArgumentHelp("The pipeline's YAML file.", valueName: "pipeline"))
  var file: String

  @Option(
    name: .customLong("var"), parsing: .singleValue,
    help: ArgumentHelp(
      "Sets a variable of the pipeline; may be given several times.", valueName: "name=value"))
  var assignments: [String] = []

  /// Reads and checks the file.
  ///
  /// - Throws: ``CommandFailure`` when the file cannot be read or a `--var` is not an assignment.
  func read(in environment: CommandEnvironment) throws -> PipelineReader.Reading {
    try read(try FileAccess.read(file, hint: "name a pipeline file"), in: environment)
  }

  /// Checks the file's text.
  func read(
    _ text: [UInt8], in environment: CommandEnvironment, for purpose: PipelineReader.Purpose = .run
  ) throws -> PipelineReader.Reading {
    let files = PipelineArguments.files
    let reader = PipelineArguments.reader(
      in: environment, files: purpose == .drawing ? GoneFolders(disk: files) : files)
    return reader.read(
      text: text, fileName: file, variables: try variables(), for: purpose)
  }

  /// The plan, after its diagnostics were shown.
  ///
  /// - Throws: ``CommandFailure`` when the file has errors.
  func plan(
    in environment: CommandEnvironment, for purpose: PipelineReader.Purpose = .run
  ) throws -> Plan {
    try plan(
      of: try FileAccess.read(file, hint: "name a pipeline file"), in: environment, for: purpose)
  }

  /// The plan of the file's text, after its diagnostics were shown.
  func plan(
    of text: [UInt8], in environment: CommandEnvironment, for purpose: PipelineReader.Purpose = .run
  ) throws -> Plan {
    let reading = try read(text, in: environment, for: purpose)
    environment.terminal.show(reading.diagnostics)
    guard let plan = reading.plan else { throw Diagnostics.failure(reading.diagnostics, in: file) }
    return plan
  }

  /// A reader of this machine's files and of the stages that are built in.
  static func reader(
    in environment: CommandEnvironment, files: any InputFiles = PipelineArguments.files
  ) -> PipelineReader {
    PipelineReader(
      catalogue: BuiltInPlugin.catalogue, surroundings: surroundings(in: environment, files: files))
  }

  /// This machine, as files that are read there see it.
  static func surroundings(
    in environment: CommandEnvironment, files: any InputFiles = PipelineArguments.files
  ) -> PlanSurroundings {
    PlanSurroundings(
      workingDirectory: environment.currentFolder, environment: environment.variables,
      memoryBytes: sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE)), files: files)
  }

  /// The files of this machine.
  static let files = DiskFiles(sha256: { ContentDigest(bytes: SHA256.hash(data: $0)) })

  /// What `--var` gives, by name.
  ///
  /// - Throws: ``CommandFailure`` for what is no assignment, and for a name given twice.
  func variables() throws -> [String: String] {
    var variables: [String: String] = [:]
    for assignment in assignments {
      guard let equals = assignment.firstIndex(of: "="), equals > assignment.startIndex else {
        throw CommandFailure(
          .usage, "--var \(assignment) is no assignment", hint: "write --var NAME=VALUE")
      }
      let name = String(assignment[..<equals])
      guard variables[name] == nil else {
        throw CommandFailure(
          .usage, "--var \(name) is given twice", hint: "give each variable once")
      }
      variables[name] = String(assignment[assignment.index(after: equals)...])
    }
    return variables
  }
}

/// What is wrong with a file, for people and programs.
enum Diagnostics {
  /// Every diagnostic with its source line, without a final line feed.
  static func text(_ diagnostics: [Diagnostic]) -> String {
    String(Diagnostic.text(diagnostics).dropLast())
  }

  /// The failure that a command ends with.
  static func failure(_ diagnostics: [Diagnostic], in file: String) -> CommandFailure {
    let errors = diagnostics.count { $0.severity == .error }
    return CommandFailure(
      .configuration, "\(file) has \(errors) error\(errors == 1 ? "" : "s")",
      hint: "mend what is shown above and try again")
  }
}
