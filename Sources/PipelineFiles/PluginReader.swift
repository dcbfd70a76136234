public import ClinicalRecords
public import StageKit

/// Reads the `plugin.yaml` of an outside plugin: its stages as the host sees them, or all that is
/// wrong with the file.
///
/// Nothing of the plugin is started (docs/stage-protocol.md §4 has what is asked of it then).
public struct PluginReader: Sendable {
  /// An outside plugin.
  public struct Plugin: Sendable {
    /// Its name.
    public let name: String
    /// Its version.
    public let version: String
    /// The absolute path of its folder.
    public let folder: String
    /// Its program and arguments as the file has them.
    public let command: [String]
    /// The SHA-256 of `plugin.yaml`.
    public let manifest: ContentDigest
    /// Its stages.
    public let stages: [StageEntry]
  }

  /// What a reading came to.
  public struct Reading: Sendable {
    /// The plugin, when there is no error.
    public let plugin: Plugin?
    /// Everything found.
    public let diagnostics: [Diagnostic]
  }

  static let keys = ["anagen_plugin", "name", "version", "protocols", "command", "stages"]
  static let stageKeys = [
    "kind", "summary", "takes", "makes", "result_version", "working_set", "declassifies_to",
    "reads_clock", "effect", "settings",
  ]
  static let settingKeys = [
    "type", "help", "required", "default", "minimum", "maximum", "unit", "values", "of",
  ]

  /// The schemas of the house, by their text.
  private let known: [String: RecordType]
  private let surroundings: PlanSurroundings

  /// Makes a reader.
  public init(surroundings: PlanSurroundings) {
    known = Dictionary(
      RecordType.known.map { ($0.schema.name, $0) }, uniquingKeysWith: { first, _ in first })
    self.surroundings = surroundings
  }

  /// Reads the manifest of a plugin.
  ///
  /// - Parameter folder: the plugin's folder, absolute or relative to the working directory.
  /// - Throws: `InputFileError` when there is none that can be read.
  public func read(_ folder: String) throws(InputFileError) -> Reading {
    let findings = Findings()
    let plugin = try read(surroundings.absolute(folder), findings)
    return Reading(plugin: findings.hasErrors ? nil : plugin, diagnostics: findings.diagnostics)
  }

  func read(_ folder: String, _ findings: Findings) throws(InputFileError) -> Plugin? {
    let path = "\(folder)/plugin.yaml"
    let text = try surroundings.files.read(path, limit: SourceText.maximumBytes + 1)
    let digest = try surroundings.files.digest(of: path)
    let shown = FilePaths.relative(path, to: surroundings.workingDirectory) ?? path
    guard let source = SourceText(text, file: shown, findings: findings) else { return nil }
    let reader = ValueReader(source: source, findings: findings)
    var composer = DocumentComposer(source, findings)
    guard let root = composer.compose(),
      let fields = reader.fields(root, of: "the plugin", known: PluginReader.keys)
    else { return nil }
    return plugin(fields, reader, digest, folder)
  }

  /// A command with the absolute path of its program: in the plugin's folder when it has a slash,
  /// else the system's, and where the environment's `PATH` finds it only when there is none: what
  /// a shell finds first is often a script that starts the program, and a stage starts nothing.
  private func program(_ folder: String, _ command: [String]) -> [String]? {
    guard let first = command.first else { return nil }
    let folders =
      first.contains("/")
      ? [folder]
      : ["/usr/local/bin", "/usr/bin", "/bin"]
        + (surroundings.environment["PATH"] ?? "").split(separator: ":").map(String.init)
    let found = folders.map { FilePaths.absolute(first, base: $0) }.first {
      surroundings.files.kind(of: $0) == .file
    }
    return found.map { [$0] + command.dropFirst() }
  }

  private func plugin(
    _ fields: Fields, _ reader: ValueReader, _ digest: ContentDigest, _ folder: String
  ) -> Plugin? {
    let version = required("anagen_plugin", fields, reader)
    _ = version.flatMap {
      reader.integer($0, "the format's version 'anagen_plugin'", within: 1...1)
    }
    let protocols = required("protocols", fields, reader).flatMap { reader.list($0, "'protocols'") }
    let spoken = protocols?.compactMap {
      reader.integer($0, "a protocol's number", within: 1...1000)
    }
    if let spoken, !spoken.contains(1) {
      reader.report(
        .outOfRange, at: fields.place(of: "protocols"),
        "the plugin does not speak stage protocol 1, the only one of this program",
        hint: "install a version of the plugin that does")
    }
    let command =
      required("command", fields, reader).flatMap { reader.texts($0, "'command'") } ?? []
    let found = program(folder, command)
    if found == nil, !fields.lacks("command") {
      reader.report(
        .missingFile, at: fields.place(of: "command"),
        "the program '\(ValueReader.cut(command.first ?? ""))' is not there, or cannot be run",
        hint: "build the plugin, or name a program of its folder or of /usr")
    }
    let name = required("name", fields, reader).flatMap { reader.text($0, "'name'") }
    let number = required("version", fields, reader).flatMap { reader.text($0, "'version'") }
    let entries = required("stages", fields, reader).flatMap { reader.named($0, "'stages'") } ?? []
    let stages = entries.compactMap { entry in
      stage(
        entry, reader,
        StageProgram(command: found ?? [], folder: folder, manifestSHA256: digest.hexadecimal))
    }
    return Plugin(
      name: name ?? "", version: number ?? "", folder: folder, command: command, manifest: digest,
      stages: stages)
  }

  private func required(
    _ key: String, _ fields: Fields, _ reader: ValueReader, of subject: String = "the plugin"
  ) -> DocumentNode? {
    if fields.lacks(key) {
      reader.report(
        .missingKey, at: fields.place, "\(subject) has no '\(key)'",
        hint: "add it; docs/stages.md has an example")
    }
    return fields[key]
  }
}

// MARK: - Stages

extension PluginReader {
  private func stage(
    _ entry: DocumentNode.Entry, _ reader: ValueReader, _ program: StageProgram
  ) -> StageEntry? {
    let subject = "stage '\(ValueReader.cut(entry.key))'"
    guard let fields = reader.fields(entry.value, of: subject, known: PluginReader.stageKeys) else {
      return nil
    }
    checkName(entry, reader)
    let kind = required("kind", fields, reader, of: subject).flatMap {
      reader.choice($0, "'kind' of \(subject)", among: ["transform", "sink"])
    }.flatMap { StageEntry.Kind(rawValue: $0) }
    let input = required("takes", fields, reader, of: subject).flatMap {
      type($0, "'takes' of \(subject)", reader, isOutput: false)
    }
    let output = fields["makes"].flatMap {
      type($0, "'makes' of \(subject)", reader, isOutput: true)
    }
    checkKind(kind, fields, subject, reader)
    let settings = fields["settings"].flatMap { reader.named($0, "'settings' of \(subject)") } ?? []
    var defaults: [JSONValue.Member] = []
    let declarations = settings.compactMap { setting -> SettingDeclaration? in
      declaration(setting, subject, reader, &defaults)
    }
    let manifest = StageManifest(
      id: entry.key,
      summary: required("summary", fields, reader, of: subject).flatMap {
        reader.text($0, "'summary' of \(subject)")
      } ?? "",
      resultVersion: required("result_version", fields, reader, of: subject).flatMap {
        reader.text($0, "'result_version' of \(subject)")
      } ?? "",
      declassifiesTo: fields["declassifies_to"].flatMap {
        reader.choice(
          $0, "'declassifies_to' of \(subject)", among: ["pseudonymised", "deidentified"])
      }.flatMap { PrivacyLabel(rawValue: $0) },
      readsClock: fields["reads_clock"].flatMap {
        reader.boolean($0, "'reads_clock' of \(subject)")
      } ?? false,
      workingSetBytes: fields["working_set"].flatMap {
        reader.bytes($0, "'working_set' of \(subject)")
      } ?? 0,
      effect: fields["effect"].flatMap {
        reader.choice($0, "'effect' of \(subject)", among: ["queryable"])
      }.flatMap { SinkEffect(rawValue: $0) })
    guard let kind, let input else { return nil }
    return StageEntry(
      manifest: manifest, kind: kind, input: input, output: output, settings: declarations,
      defaults: .object(defaults), program: program)
  }

  private func checkName(_ entry: DocumentNode.Entry, _ reader: ValueReader) {
    let words = entry.key.split(separator: ".", omittingEmptySubsequences: false)
    let isName =
      words.count == 2
      && words.allSatisfy { word in
        !word.isEmpty
          && word.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 95 }
      }
    if !isName {
      reader.report(
        .badName, at: entry.place, "'\(ValueReader.cut(entry.key))' is no stage's id",
        hint: "write two words of a-z, 0-9 and '_' joined by a dot, such as redness.index")
    }
  }

  private func checkKind(
    _ kind: StageEntry.Kind?, _ fields: Fields, _ subject: String, _ reader: ValueReader
  ) {
    if kind == .transform, fields.lacks("makes") {
      reader.report(
        .missingKey, at: fields.place, "\(subject) is a transform and does not say what it makes",
        hint: "add 'makes: NAME/1.0'")
    }
    for (key, owner) in [("makes", StageEntry.Kind.transform), ("effect", .sink)]
    where kind != nil && kind != owner && fields[key] != nil {
      reader.report(
        .misplacedKey, at: fields.place(of: key), "'\(key)' means nothing on \(subject)",
        hint: "remove it: it is for a \(owner.rawValue)")
    }
    if kind == .sink, fields.lacks("effect") {
      reader.report(
        .missingKey, at: fields.place,
        "\(subject) does not say how its effect stays single after a crash",
        hint: "add 'effect: queryable', keep the key of each effect, and answer for it")
    }
  }

  private func type(
    _ node: DocumentNode, _ subject: String, _ reader: ValueReader, isOutput: Bool
  ) -> RecordType? {
    guard let text = reader.text(node, subject) else { return nil }
    guard let schema = SchemaID(parsing: text) else {
      reader.report(
        .badName, at: node.place, "\(subject): '\(ValueReader.cut(text))' is no schema",
        hint: "write NAME/MAJOR.MINOR, such as redness.index/1.0")
      return nil
    }
    guard schema.name.hasPrefix("anagen.") || schema.name == ForeignRecord.schema.name else {
      return RecordType(foreign: schema)
    }
    guard let type = known[schema.name], schema.accepts(type.schema) else {
      reader.findings.reportUnknown(
        .unknownWord, at: node.place, in: reader.source,
        "\(subject): this program has no record of schema '\(ValueReader.cut(text))'", name: text,
        known: known.values.map(\.schema.description).sorted(),
        otherwise: "a schema of your own begins with another word than 'anagen'")
      return nil
    }
    return type
  }
}

// MARK: - Settings

extension PluginReader {
  private func declaration(
    _ entry: DocumentNode.Entry, _ stage: String, _ reader: ValueReader,
    _ defaults: inout [JSONValue.Member]
  ) -> SettingDeclaration? {
    let subject = "setting '\(ValueReader.cut(entry.key))' of \(stage)"
    guard let fields = reader.fields(entry.value, of: subject, known: PluginReader.settingKeys),
      let kind = kind(fields, subject, reader)
    else { return nil }
    let isRequired =
      fields["required"].flatMap { reader.boolean($0, "'required' of \(subject)") } ?? false
    let help = required("help", fields, reader, of: subject).flatMap {
      reader.text($0, "'help' of \(subject)")
    }
    let needsValue: Bool
    if case .secret = kind { needsValue = true } else { needsValue = isRequired }
    if let node = fields["default"] {
      if needsValue {
        reader.report(
          .misplacedKey, at: node.place, "\(subject) must be given, and has a default",
          hint: "remove 'default' or 'required'")
      } else if let value = value(node, kind, "the default of \(subject)", reader) {
        defaults.append(JSONValue.Member(entry.key, value))
      }
    }
    return SettingDeclaration(entry.key, kind, help ?? "", required: needsValue)
  }

  private func kind(
    _ fields: Fields, _ subject: String, _ reader: ValueReader
  ) -> SettingDeclaration.Kind? {
    let words = [
      "boolean", "integer", "number", "text", "choice", "file", "folder", "secret", "list",
    ]
    let word = required("type", fields, reader, of: subject).flatMap {
      reader.choice($0, "'type' of \(subject)", among: words)
    }
    switch word {
    case "boolean": return .boolean
    case "integer":
      let all = -(1 << 53)...(1 << 53)
      let low = fields["minimum"].flatMap {
        reader.integer($0, "'minimum' of \(subject)", within: all)
      }
      let high = fields["maximum"].flatMap {
        reader.integer($0, "'maximum' of \(subject)", within: all)
      }
      return .integer(range(low ?? all.lowerBound, high ?? all.upperBound, fields, subject, reader))
    case "number":
      let all = -1e300...1e300
      let low = fields["minimum"].flatMap {
        reader.number($0, "'minimum' of \(subject)", unit: nil, within: all)
      }
      let high = fields["maximum"].flatMap {
        reader.number($0, "'maximum' of \(subject)", unit: nil, within: all)
      }
      let unit = fields["unit"].flatMap { reader.text($0, "'unit' of \(subject)") }
      return .number(
        range(low ?? all.lowerBound, high ?? all.upperBound, fields, subject, reader), unit: unit)
    case "text": return .text
    case "choice":
      let values = required("values", fields, reader, of: subject).flatMap {
        reader.texts($0, "'values' of \(subject)")
      }
      return values.map { .choice($0) }
    case "file": return .inputFile
    case "folder": return .inputFolder
    case "secret": return .secret
    case "list":
      guard let node = required("of", fields, reader, of: subject),
        let inner = reader.fields(node, of: "'of' of \(subject)", known: PluginReader.settingKeys)
      else { return nil }
      return kind(inner, "an element of \(subject)", reader).map { .list($0) }
    default: return nil
    }
  }

  private func range<Number: Comparable>(
    _ low: Number, _ high: Number, _ fields: Fields, _ subject: String, _ reader: ValueReader
  ) -> ClosedRange<Number> {
    guard low <= high else {
      reader.report(
        .outOfRange, at: fields.place(of: "minimum"), "\(subject) has a minimum above its maximum",
        hint: "exchange them")
      return high...low
    }
    return low...high
  }

  private func value(
    _ node: DocumentNode, _ kind: SettingDeclaration.Kind, _ subject: String, _ reader: ValueReader
  ) -> JSONValue? {
    switch kind {
    case .boolean: return reader.boolean(node, subject).map { .boolean($0) }
    case .integer(let range):
      return reader.integer(node, subject, within: range).map { .integer(Int64($0)) }
    case .number(let range, let unit):
      return reader.number(node, subject, unit: unit, within: range).map { .number($0) }
    case .text: return reader.text(node, subject).map { .string($0) }
    case .choice(let words):
      return reader.choice(node, subject, among: words).map { .string($0) }
    case .list(let inner):
      guard let elements = reader.list(node, subject) else { return nil }
      let values = elements.compactMap { value($0, inner, "an element of \(subject)", reader) }
      return values.count == elements.count ? .array(values) : nil
    case .inputFile, .inputFolder, .outputPath, .secret:
      reader.report(
        .misplacedKey, at: node.place, "\(subject): a path or secret has no default",
        hint: "remove it; the pipeline file gives it")
      return nil
    }
  }
}
