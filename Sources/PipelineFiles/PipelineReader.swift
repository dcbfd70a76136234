import ClinicalRecords
public import StageKit

/// Reads a pipeline file into a plan, or says everything that is wrong with it.
///
/// Pure but for the study file and the input files that the pipeline names, which are read through
/// ``PlanSurroundings/files``. Takes about 1 ms for 50 stages beside the parsing of the YAML.
public struct PipelineReader: Sendable {
  /// The most bytes of a pipeline or study file; who reads one from a disk need read no more than
  /// one byte beyond.
  public static let maximumFileBytes = SourceText.maximumBytes

  /// What a reading came to.
  public struct Reading: Sendable {
    /// The plan, when there is no error.
    public let plan: Plan?
    /// Everything found: the pipeline file's, then the study file's, each in the order of places.
    public let diagnostics: [Diagnostic]
  }

  static let keys = [
    "anagen", "name", "vars", "plugins", "study", "defaults", "memory", "durability", "stages",
    "tests",
  ]
  /// The most stages of a pipeline.
  static let maximumStages = 1000

  let catalogue: [String: StageEntry]
  let surroundings: PlanSurroundings

  /// Makes a reader.
  ///
  /// - Parameters:
  ///   - catalogue: the stages there are.
  ///   - surroundings: folder, environment, machine and files.
  public init(catalogue: [StageEntry], surroundings: PlanSurroundings) {
    self.catalogue = Dictionary(catalogue.map { ($0.manifest.id, $0) }) { first, _ in first }
    self.surroundings = surroundings
  }

  /// What a file is read for.
  public enum Purpose: Sendable, Equatable {
    /// To run it or look at it.
    case run
    /// To run its tests: fixtures must be there, and a variable of type `path` that has no value is
    /// this folder, since no test may depend on what lies elsewhere.
    case tests(emptyFolder: String)
    /// To draw it: what a variable without a value fills is left out, and a study's needs do not count.
    case drawing
  }

  /// Reads the text of a pipeline file.
  ///
  /// - Parameters:
  ///   - text: the file's bytes.
  ///   - fileName: the file as messages name it; paths in it are relative to its folder.
  ///   - variables: what `--var NAME=VALUE` gives, or a test.
  ///   - purpose: what the plan is for.
  public func read(
    text: [UInt8], fileName: String, variables: [String: String] = [:], for purpose: Purpose = .run
  ) -> Reading {
    let findings = Findings()
    var plan: Plan?
    if let source = SourceText(text, file: fileName, findings: findings) {
      let reader = ValueReader(source: source, findings: findings)
      var composer = DocumentComposer(source, findings)
      if let root = composer.compose(),
        let fields = reader.fields(root, of: "the pipeline", known: PipelineReader.keys)
      {
        plan = self.plan(fields, reader, given: variables, purpose)
      }
    }
    let isUsable = !findings.hasErrors
    return Reading(plan: isUsable ? plan : nil, diagnostics: findings.diagnostics)
  }

  private func plan(
    _ fields: Fields, _ reader: ValueReader, given: [String: String], _ purpose: Purpose
  ) -> Plan? {
    let fileFolder = FilePaths.folder(of: surroundings.absolute(reader.source.file))
    checkVersion(fields, reader)
    let variables = VariableReader(
      reader: reader, surroundings: surroundings, fileFolder: fileFolder, given: given,
      pathWithoutValue: purpose == .drawing ? surroundings.workingDirectory : purpose.emptyFolder,
      needsValues: purpose != .drawing
    ).read(fields["vars"], at: fields.place(of: "vars"))
    let references = References(
      variables, environment: surroundings.environment, reader: reader)
    let folder = DataFolder(
      path: variables.first { $0.name == "data" }?.value
        ?? surroundings.absolute(DataFolderName.standard))
    let name = name(fields, reader, references)
    let study = study(fields, reader, references, fileFolder: fileFolder)
    let limit = fields["memory"].flatMap {
      reader.bytes(references.resolve($0), "'memory'")
    }
    let durability = fields["durability"].flatMap {
      reader.choice(
        references.refuse($0, in: "'durability'"), "'durability'", of: Plan.Durability.self)
    }
    let (catalogue, plugins) = catalogue(
      with: fields, reader, references, fileFolder: fileFolder)
    let drafts = stages(
      fields, reader, references, fileFolder: fileFolder, folder: folder, catalogue: catalogue,
      serving: purpose == .run ? study : nil)
    let graph = StageGraph(drafts, reader: reader)
    let tests = TestReader(
      reader: reader, references: references, graph: graph, variables: variables,
      catalogue: catalogue.values.sorted { $0.manifest.id < $1.manifest.id },
      files: surroundings.files, fileFolder: fileFolder,
      isTesting: purpose.emptyFolder != nil
    ).read(fields["tests"])
    let privacy = PrivacyFlow(graph, reader: reader, dataFolder: folder.path)
    reportSharedOutputs(drafts, reader)
    reportUnused(variables, references, reader)
    let builder = PlanBuilder(
      name: name ?? "", graph: graph, labels: privacy.labels, durability: durability ?? .full,
      study: study ?? .open(), folder: folder, variables: variables, tests: tests,
      plugins: plugins)
    let memory = builder.memory(
      limit: limit ?? surroundings.memoryBytes / 2, isStated: limit != nil)
    reportMemory(memory, builder, fields, reader)
    return reader.findings.hasErrors ? nil : builder.plan(memory: memory)
  }
}

// MARK: - The keys of the file

extension PipelineReader {
  private func checkVersion(_ fields: Fields, _ reader: ValueReader) {
    guard let node = fields["anagen"] else {
      guard fields.lacks("anagen") else { return }
      reader.report(
        .missingKey, at: fields.place, "the file does not say which version of the format it has",
        hint: "begin it with 'anagen: 1'")
      return
    }
    _ = reader.integer(node, "the format's version 'anagen'", within: 1...1)
  }

  private func name(
    _ fields: Fields, _ reader: ValueReader, _ references: References
  ) -> String? {
    guard let node = fields["name"] else {
      guard fields.lacks("name") else { return nil }
      reader.report(
        .missingKey, at: fields.place, "the pipeline has no name", hint: "add 'name: NAME'")
      return nil
    }
    guard let name = reader.text(references.refuse(node, in: "'name'"), "'name'") else {
      return nil
    }
    guard References.isName(name) else {
      reader.report(
        .badName, at: node.place, "'\(ValueReader.cut(name))' is not a pipeline's name",
        hint: "use at most 64 letters, digits, '_', '-' and '.'")
      return nil
    }
    return name
  }

  private func study(
    _ fields: Fields, _ reader: ValueReader, _ references: References, fileFolder: String
  ) -> Study? {
    guard let node = fields["study"] else { return .open() }
    guard let text = reader.text(references.resolve(node), "'study'") else { return nil }
    let path = FilePaths.absolute(text, base: fileFolder)
    guard surroundings.files.kind(of: path) == .file else {
      reader.report(
        .missingFile, at: node.place, "there is no study file '\(ValueReader.cut(text))'",
        hint: "looked for it at \(path)")
      return nil
    }
    do {
      let bytes = try surroundings.files.read(path, limit: SourceText.maximumBytes + 1)
      let shown = FilePaths.relative(path, to: surroundings.workingDirectory) ?? path
      return StudyReader.read(
        bytes, file: shown, digest: try surroundings.files.digest(of: path),
        findings: reader.findings)
    } catch {
      reader.report(
        .missingFile, at: node.place, "the study file cannot be read (error \(error.errno))",
        hint: error.hint)
      return nil
    }
  }

  private func stages(
    _ fields: Fields, _ reader: ValueReader, _ references: References, fileFolder: String,
    folder: DataFolder, catalogue: [String: StageEntry], serving study: Study?
  ) -> [StageDraft] {
    let settings = SettingsChecker(
      reader: reader, files: surroundings.files, fileFolder: fileFolder, dataFolder: folder.path,
      study: study)
    func stageReader(_ defaults: StageDefaults) -> StageReader {
      StageReader(
        reader: reader, references: references, settings: settings, catalogue: catalogue,
        defaults: defaults)
    }
    var defaults = StageDefaults()
    let plain = stageReader(defaults)
    if let node = fields["defaults"],
      let given = reader.fields(node, of: "'defaults'", known: ["queue", "retry"])
    {
      defaults.queue =
        given["queue"].map { plain.queue($0, "'defaults'", over: defaults.queue) } ?? defaults.queue
      defaults.retry =
        given["retry"].map { plain.retry($0, "'defaults'", over: defaults.retry) } ?? defaults.retry
    }
    guard let node = fields["stages"] else {
      guard fields.lacks("stages") else { return [] }
      reader.report(
        .missingKey, at: fields.place, "the pipeline has no stages",
        hint: "add 'stages', one key for each")
      return []
    }
    let entries = reader.named(node, "'stages'") ?? []
    if node.entries?.isEmpty ?? false {
      reader.report(
        .missingKey, at: node.place, "the pipeline has no stages", hint: "add at least two")
    }
    if entries.count > PipelineReader.maximumStages {
      reader.report(
        .tooComplex, at: entries[PipelineReader.maximumStages].place,
        "the pipeline has \(entries.count) stages",
        hint: "at most \(PipelineReader.maximumStages) may stand in one file")
    }
    let stages = stageReader(defaults)
    return entries.prefix(PipelineReader.maximumStages).compactMap { stages.read($0) }
  }
}

// MARK: - Checks over the whole file

extension PipelineReader {
  private func reportSharedOutputs(_ drafts: [StageDraft], _ reader: ValueReader) {
    var writers: [String: String] = [:]
    for draft in drafts {
      for output in draft.settings?.outputs ?? [] {
        if let other = writers[output.path], other != draft.name {
          reader.report(
            .sharedOutput, at: output.place, "\(draft.subject) writes what '\(other)' writes",
            hint: "give each its own name")
        }
        writers[output.path] = writers[output.path] ?? draft.name
      }
    }
  }

  private func reportUnused(
    _ variables: [VariableDeclaration], _ references: References, _ reader: ValueReader
  ) {
    for variable in variables
    where variable.name != "data" && variable.value != nil
      && !references.used.contains(variable.name)
    {
      reader.report(
        .unusedVariable, .warning, at: variable.place,
        "variable '\(variable.name)' is not used",
        hint: "write ${var:\(variable.name)} where it belongs, or remove it")
    }
  }

  private func reportMemory(
    _ memory: Plan.Memory, _ builder: PlanBuilder, _ fields: Fields, _ reader: ValueReader
  ) {
    guard memory.ceilingBytes > memory.limitBytes else { return }
    let place = fields["memory"]?.place ?? fields.place(of: "stages")
    let limit = memory.limitIsStated ? "'memory'" : "half of this machine's memory"
    reader.report(
      .memory, at: place,
      "the run may take \(Plan.text(bytes: memory.ceilingBytes)), more than \(limit), "
        + "\(Plan.text(bytes: memory.limitBytes)): \(memory.arithmetic)",
      hint:
        "lower 'max_bytes' or 'concurrency'"
        + "\(builder.largestPart.map { ", first of '\($0)'" } ?? ""), or raise 'memory'"
    )
  }
}

extension PipelineReader.Purpose {
  /// What stands for paths that nobody gives; `nil` when every path must be given.
  fileprivate var emptyFolder: String? {
    switch self {
    case .run, .drawing: nil
    case .tests(let emptyFolder): emptyFolder
    }
  }
}
