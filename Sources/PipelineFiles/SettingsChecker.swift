import ClinicalRecords
import StageKit

/// The settings of one stage after every check.
struct CheckedSettings {
  /// For the stage.
  let settings: JSONValue
  /// For the reuse key and the plan's digest.
  let reuse: JSONValue
  /// The files that they name.
  let files: [Plan.InputFile]
  /// The secrets that they name.
  let secrets: [String]
  /// What is written, by absolute path, with the place that says so.
  let outputs: [(path: String, place: Place)]
}

/// Checks `with` of a stage against the declarations of its settings.
struct SettingsChecker {
  let reader: ValueReader
  let files: any InputFiles
  /// The folder of the pipeline file: what input files written out in it are relative to.
  let fileFolder: String
  /// The data folder: what outputs lie below.
  let dataFolder: String
  /// What the stages are to serve; `nil` where that is not known, or does not matter.
  let study: Study?

  /// The settings, or `nil` after something was reported.
  ///
  /// - Parameter place: where what is missing is reported.
  func check(
    _ node: DocumentNode?, of stage: StageEntry, _ subject: String, at place: Place
  ) -> CheckedSettings? {
    let keys = stage.settings.map(\.key)
    let given: Fields
    if let node {
      guard let fields = reader.fields(node, of: "'with' of \(subject)", known: keys) else {
        return nil
      }
      given = fields
    } else {
      given = Fields(entries: [], place: place)
    }
    var isWhole = given.entries.allSatisfy { keys.contains($0.key) }
    var collected = Collected()
    for declaration in stage.settings {
      guard let node = given[declaration.key] else {
        if declaration.required { isWhole = false }
        if declaration.required, given.lacks(declaration.key) {
          reader.report(
            .missingSetting, at: place, "\(subject) lacks the setting '\(declaration.key)'",
            hint: "add it: \(declaration.kind.words); \(declaration.help)")
        }
        addDefault(of: declaration, stage, at: place, to: &collected)
        continue
      }
      let value = value(
        node, declaration.kind, "setting '\(declaration.key)' of \(subject)", &collected)
      guard let value else {
        isWhole = false
        continue
      }
      collected.add(declaration.key, value)
    }
    guard isWhole else { return nil }
    if let problem = stage.checkSettings(.object(collected.settings), study) {
      let at = given[problem.key]?.place ?? place
      reader.report(
        .settingsConflict, at: at,
        "setting\(problem.key.isEmpty ? "s" : " '\(problem.key)'") of \(subject): \(problem.what)",
        hint: problem.hint)
      return nil
    }
    return collected.checked
  }

  /// What a value is for the stage, and for the reuse key; `nil` there leaves it out.
  private typealias Value = (setting: JSONValue, reuse: JSONValue?)

  private struct Collected {
    var settings: [JSONValue.Member] = []
    var reuse: [JSONValue.Member] = []
    var files: [Plan.InputFile] = []
    var secrets: [String] = []
    var outputs: [(path: String, place: Place)] = []

    mutating func add(_ key: String, _ value: Value) {
      settings.append(JSONValue.Member(key, value.setting))
      if let counted = value.reuse { reuse.append(JSONValue.Member(key, counted)) }
    }

    var checked: CheckedSettings {
      CheckedSettings(
        settings: .object(settings), reuse: .object(reuse), files: files, secrets: secrets,
        outputs: outputs)
    }
  }

  /// Outputs that nobody named lie below the data folder too; every other default stands.
  private func addDefault(
    of declaration: SettingDeclaration, _ stage: StageEntry, at place: Place,
    to collected: inout Collected
  ) {
    guard let standard = stage.defaults[declaration.key], standard != .null else { return }
    if case .outputPath = declaration.kind, case .string(let text) = standard, !text.isEmpty {
      let path = FilePaths.absolute(text, base: dataFolder)
      collected.add(declaration.key, output(path, at: place, &collected))
    } else {
      collected.add(declaration.key, (standard, standard))
    }
  }

  // MARK: - One value

  private func value(
    _ node: DocumentNode, _ kind: SettingDeclaration.Kind, _ subject: String,
    _ collected: inout Collected
  ) -> Value? {
    func plain(_ value: JSONValue?) -> Value? { value.map { ($0, $0) } }
    switch kind {
    case .boolean: return plain(reader.boolean(node, subject).map { .boolean($0) })
    case .integer(let range):
      return plain(reader.integer(node, subject, within: range).map { .integer(Int64($0)) })
    case .number(let range, let unit):
      return plain(reader.number(node, subject, unit: unit, within: range).map { .number($0) })
    case .text: return plain(reader.text(node, subject).map { .string($0) })
    case .choice(let words):
      return plain(reader.choice(node, subject, among: words).map { .string($0) })
    case .inputFile: return inputFile(node, subject, &collected)
    case .inputFolder: return inputFolder(node, subject)
    case .outputPath: return outputPath(node, subject, &collected)
    case .secret: return secret(node, subject, &collected)
    case .list(let kind):
      guard let elements = reader.list(node, subject) else { return nil }
      let values = elements.compactMap { value($0, kind, "an element of \(subject)", &collected) }
      guard values.count == elements.count else { return nil }
      return (.array(values.map(\.setting)), .array(values.compactMap(\.reuse)))
    }
  }

  private func inputFile(
    _ node: DocumentNode, _ subject: String, _ collected: inout Collected
  ) -> Value? {
    guard let path = existing(node, subject, .file, "file") else { return nil }
    if let known = collected.files.first(where: { $0.path == path }) {
      return (.string(path), .string("sha256:\(known.sha256.hexadecimal)"))
    }
    do {
      let digest = try files.digest(of: path)
      collected.files.append(Plan.InputFile(path: path, sha256: digest))
      return (.string(path), .string("sha256:\(digest.hexadecimal)"))
    } catch {
      reader.report(
        .missingFile, at: node.place, "\(subject): the file cannot be read (error \(error.errno))",
        hint: error.hint)
      return nil
    }
  }

  /// A folder's path is left out of the reuse key: what counts is what a stage reads from it.
  private func inputFolder(_ node: DocumentNode, _ subject: String) -> Value? {
    guard let path = existing(node, subject, .folder, "folder") else { return nil }
    guard FilePaths.relative(dataFolder, to: path) == nil else {
      reader.report(
        .dataFolderInside, at: node.place, "\(subject): the data folder lies in this folder",
        hint: "name a data folder beside it: what a run writes would be read as pictures")
      return nil
    }
    return (.string(path), nil)
  }

  private func existing(
    _ node: DocumentNode, _ subject: String, _ kind: InputFileKind, _ word: String
  ) -> String? {
    guard let text = reader.text(node, subject) else { return nil }
    let path = FilePaths.absolute(text, base: fileFolder)
    guard files.kind(of: path) == kind else {
      reader.report(
        .missingFile, at: node.place, "\(subject): there is no \(word) '\(ValueReader.cut(text))'",
        hint: "looked for it at \(path)")
      return nil
    }
    return path
  }

  private func outputPath(
    _ node: DocumentNode, _ subject: String, _ collected: inout Collected
  ) -> Value? {
    guard let text = reader.text(node, subject) else { return nil }
    let path = FilePaths.absolute(text, base: dataFolder)
    guard FilePaths.relative(path, to: dataFolder) != nil else {
      reader.report(
        .outsideDataFolder, at: node.place, "\(subject) lies outside the data folder",
        hint: "write '${var:data}/NAME', or a path relative to the data folder")
      return nil
    }
    return output(path, at: node.place, &collected)
  }

  private func output(_ path: String, at place: Place, _ collected: inout Collected) -> Value {
    collected.outputs.append((path, place))
    let relative = FilePaths.relative(path, to: dataFolder) ?? path
    return (.string(path), .string("data:\(relative)"))
  }

  private func secret(
    _ node: DocumentNode, _ subject: String, _ collected: inout Collected
  ) -> Value? {
    guard let scalar = node.scalar, let name = scalar.secret else {
      if !(node.scalar?.isUnresolved ?? false) {
        reader.findings.report(
          .secretWrittenOut, at: node.place, in: reader.source,
          "\(subject) is not a secret's name",
          hint: "write ${secret:NAME}; the secret itself never stands in a pipeline file",
          isHidden: true)
      }
      return nil
    }
    if !collected.secrets.contains(name) { collected.secrets.append(name) }
    return (.string("secret:\(name)"), .string("secret:\(name)"))
  }
}
