import ArgumentParser
import ClinicalRecords
import Deidentification
import Foundation
import Ledger
import StageKit

/// `anagen deidentify`: whether somebody can be found in what leaves.
struct DeidentifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "deidentify", abstract: "Check that nobody can be found in what leaves.",
    subcommands: [Check.self])

  /// `anagen deidentify check`.
  struct Check: AnagenCommand {
    static let configuration = CommandConfiguration(
      abstract: "Look through files for what should not leave, whoever made them.",
      discussion: """
          anagen deidentify check OUT
          anagen deidentify check DIR --originals OUT
          anagen deidentify check DIR --texts names.txt --format json

        Photographs may carry their pixels and nothing else, and no drawn text; so may those inside \
        reports and DICOM. All bytes are searched for texts: as UTF-8, Latin-1 and UTF-16, in upper and \
        lower case, in file names, and in what unpacks from zlib, gzip, ZIP and base64. The texts are \
        the lines of --texts, one a line, and with --originals what the pictures of a data folder have \
        that must not leave: file names, SHA-256, dates, operators and serial numbers. Of a data folder \
        itself, what leaves is checked against its own originals. A text is told by its line, never \
        shown.

        The exit status is 1 when something was found or could not be checked.
        """)

    @Argument(help: ArgumentHelp("Files and folders.", valueName: "path"))
    var paths: [String]
    @Option(
      help: ArgumentHelp(
        "A file of texts that must not be there, one a line.", valueName: "file"))
    var texts: String?
    @Option(
      help: ArgumentHelp(
        "A data folder: what identifies its originals must not be there.", valueName: "folder"))
    var originals: String?
    @OptionGroup var output: FormatOption
    @Option(help: "How many files at once; as many as the machine has cores otherwise.")
    var jobs: Int?

    func validate() throws {
      if let jobs, !(1...256).contains(jobs) {
        throw ValidationError("--jobs \(jobs) is out of range; give 1 to 256")
      }
    }

    func run(in environment: CommandEnvironment) async throws -> ExitStatus {
      let terminal = environment.terminal
      let files = try LeavingFiles(paths.map(environment.absolute))
      var texts: [ExpectedText] = []
      if let list = self.texts { texts += try ExpectedTexts.lines(of: environment.absolute(list)) }
      let folders =
        files.dataFolders
        + (originals.map { [DataFolderArgument.folder($0, in: environment)] } ?? [])
      for folder in folders { texts += try ExpectedTexts.originals(in: folder) }
      let check = FileCheck(for: texts)
      let bar = ProgressBar(terminal, total: files.paths.count, noun: "files")
      let stop = StopRequest(Signals(on: terminal), terminal, noun: "files")
      var account = CheckAccount()
      let delivered = try await OrderedWork.run(
        files.paths, limit: jobs ?? ProcessInfo.processInfo.activeProcessorCount,
        mayBegin: { !stop.isRequested }, work: { CheckedFile($0, by: check) },
        deliver: { file in
          bar.clear()
          account.add(file)
          switch output.format {
          case .json: try terminal.result(file.json.text)
          case .text: if !file.findings.isEmpty { try terminal.result(file.text) }
          }
          bar.update(done: account.files)
        })
      bar.clear()
      if delivered < files.paths.count {
        terminal.talk("stopped: \(delivered) of \(files.paths.count) files were checked")
        return .interrupted
      }
      if output.format == .text { try terminal.result(account.text) }
      if texts.isEmpty {
        terminal.talk(
          "no texts were looked for: --texts FILE and --originals FOLDER name what must not be there"
        )
      }
      return account.isClean ? .done : .setAside
    }
  }
}

/// The files below what the command line names, in order.
private struct LeavingFiles {
  let paths: [String]
  /// Those of the named folders that are data folders: their `private/` does not leave.
  let dataFolders: [DataFolder]

  init(_ named: [String]) throws {
    var paths: [String] = []
    var folders: [DataFolder] = []
    for path in named {
      let isData = FileAccess.exists("\(path)/private/ledger.sqlite")
      if isData { folders.append(DataFolder(path: path)) }
      paths += try LeavingFiles.below(path, leavingOut: isData ? "private" : nil)
    }
    guard !paths.isEmpty else {
      throw CommandFailure(
        .badData, "there is no file to check", hint: "name files, or folders that hold some")
    }
    (self.paths, dataFolders) = (paths, folders)
  }

  private static func below(_ path: String, leavingOut left: String?) throws -> [String] {
    let type: FileAttributeType?
    do {
      // Of a link itself: what it leads to lies elsewhere, and a check of it would tell nothing of this.
      type = try FileManager.default.attributesOfItem(atPath: path)[.type] as? FileAttributeType
    } catch {
      throw CommandFailure(.io, "\(path): cannot be read", hint: "check the name and the rights")
    }
    guard type == .typeDirectory else { return [path] }
    let names: [String]
    do {
      names = try FileManager.default.contentsOfDirectory(atPath: path)
    } catch {
      throw CommandFailure(
        .io, "\(path): the folder cannot be read", hint: "ask for the right to read it")
    }
    return try names.sorted().filter { $0 != left }
      .flatMap { try below("\(path)/\($0)", leavingOut: nil) }
  }
}

/// One file and what was found in it.
private struct CheckedFile: Sendable {
  let path: String
  let findings: [CheckFinding]

  init(_ path: String, by check: FileCheck) {
    self.path = path
    do {
      let type =
        try FileManager.default.attributesOfItem(atPath: path)[.type] as? FileAttributeType
      guard type != .typeSymbolicLink else {
        findings = [CheckFinding(.notUnderstood, "a link: what it leads to was not looked at")]
        return
      }
      findings = check.check(
        try FileAccess.read(path, hint: "name files, or folders that hold some"), at: path)
    } catch let failure as CommandFailure {
      findings = [CheckFinding(.notUnderstood, failure.what)]
    } catch {
      findings = [CheckFinding(.notUnderstood, "cannot be read")]
    }
  }

  var text: String {
    ([path]
      + findings.map { finding in
        "  \(finding.code.name): \(finding.what)" + (finding.rule.map { " (\($0))" } ?? "")
      }).joined(separator: "\n")
  }

  var json: JSONValue {
    .object([
      .init("path", .string(path)),
      .init(
        "findings",
        .array(
          findings.map { finding in
            .object([
              .init("code", .string(finding.code.name)), .init("what", .string(finding.what)),
              .init("rule", finding.rule.map { .string($0) } ?? .null),
            ])
          })),
    ])
  }
}

/// How many files hold what.
private struct CheckAccount {
  private(set) var files = 0
  private var holding = 0
  private var unchecked = 0

  mutating func add(_ file: CheckedFile) {
    files += 1
    if file.findings.contains(where: { $0.code != .notUnderstood }) { holding += 1 }
    if file.findings.contains(where: { $0.code == .notUnderstood }) { unchecked += 1 }
  }

  var isClean: Bool { holding == 0 && unchecked == 0 }

  var text: String {
    "\(files) file\(files == 1 ? "" : "s"): \(holding) with something that should not leave, "
      + "\(unchecked) not understood and only searched for texts"
  }
}

/// Where texts come from that must not leave.
private enum ExpectedTexts {
  /// The lines of a file; empty ones say nothing.
  static func lines(of path: String) throws -> [ExpectedText] {
    let hint = "give a UTF-8 file with a text a line, each of 3 characters or more"
    guard let text = String(validating: try FileAccess.read(path, hint: hint), as: UTF8.self)
    else { throw CommandFailure(.badData, "\(path): is not UTF-8", hint: hint) }
    let name = path.split(separator: "/").last.map(String.init) ?? path
    return try text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
      .compactMap { number, line in
        let line = line.trimmingCharacters(in: .whitespacesAndNewlines)
        if line.isEmpty { return nil }
        guard let text = ExpectedText(line, named: "line \(number + 1) of \(name)") else {
          throw CommandFailure(
            .badData,
            "\(path):\(number + 1): a text of \(line.count) characters stands in every file",
            hint: hint)
        }
        return text
      }
  }

  /// What identifies the originals of a data folder, also of those that were replaced or withdrawn.
  static func originals(in folder: DataFolder) throws -> [ExpectedText] {
    var texts: Set<ExpectedText> = []
    func add(_ text: String?, _ name: String, isWord: Bool = false) {
      guard let text, let expected = ExpectedText(text, named: name, isWord: isWord) else { return }
      texts.insert(expected)
    }
    let decoder = RecordDecoder()
    try LedgerReading(folder: folder).forEachVersion(
      of: CapturedImage.schema,
      { payload in
        let picture = try decoder.decode(CapturedImage.self, from: payload)
        add(picture.fileName, "an original's file name")
        add(picture.original.sha256.hexadecimal, "an original's SHA-256")
        add(picture.operatorCode, "an operator's code", isWord: true)
        add(picture.device?.serial, "a device's serial number", isWord: true)
        for date in picture.date.map(writings) ?? [] { add(date, "a day of capture", isWord: true) }
      }, contentFolder: "\(folder.privatePath)/content")
    return texts.sorted { ($0.name, $0.text) < ($1.name, $1.text) }
  }

  /// A date as programs write it.
  private static func writings(of date: CalendarDate) -> [String] {
    let parts = "\(date)".split(separator: "-").map(String.init)
    let (year, month, day) = (parts[0], parts[1], parts[2])
    return [
      "\(year)-\(month)-\(day)", "\(year)\(month)\(day)", "\(year):\(month):\(day)",
      "\(day).\(month).\(year)", "\(day)/\(month)/\(year)", "\(month)/\(day)/\(year)",
      "\(year)/\(month)/\(day)",
    ]
  }
}
