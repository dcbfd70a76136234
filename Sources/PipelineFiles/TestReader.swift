import ClinicalRecords
import StageKit

/// Reads the file's `tests` and checks them against its stages.
struct TestReader {
  static let keys = ["name", "feed", "vars", "limits", "expect"]
  static let feedKeys = ["stage", "record"]
  static let expectationKeys = ["stage", "outcome", "reason", "records", "fields"]
  /// The most records that an expectation counts: as many as a queue may hold.
  static let recordCounts = 0...1_048_576
  /// What a fixture folder calls its record, and its list of pictures.
  static let recordName = "record.json"
  static let manifestName = "manifest.csv"

  let reader: ValueReader
  let references: References
  let graph: StageGraph
  let variables: [VariableDeclaration]
  let catalogue: [StageEntry]
  let files: any InputFiles
  let fileFolder: String
  /// Whether the tests are about to run: a station runs its pipeline without their fixtures.
  let isTesting: Bool

  /// The tests without fault; what is wrong with the others is reported.
  func read(_ node: DocumentNode?) -> [Plan.Test] {
    guard let node,
      let elements = reader.list(references.refuse(node, in: "'tests'"), "'tests'")
    else { return [] }
    var names: Set<String> = []
    return elements.enumerated().compactMap { read($1, number: $0 + 1, &names) }
  }

  private func read(
    _ node: DocumentNode, number: Int, _ names: inout Set<String>
  ) -> Plan.Test? {
    guard let fields = reader.fields(node, of: "test \(number)", known: TestReader.keys) else {
      return nil
    }
    let name = name(fields, number, &names)
    let subject = name.map { "test '\(ValueReader.cut($0))'" } ?? "test \(number)"
    let fed = fields["feed"].flatMap { feed($0, subject) }
    let given = fields["vars"].map { values($0, subject) } ?? [:]
    let expectations = expectations(fields, subject, from: fed?.stage)
    let limit = fields["limits"].flatMap { limits in
      reader.fields(limits, of: "'limits' of \(subject)", known: ["time"])?["time"].flatMap {
        reader.duration($0, "'time' of \(subject)")
      }
    }
    guard let name, fields["feed"] == nil || fed != nil else { return nil }
    return Plan.Test(
      name: name, place: Plan.FilePlace(node.place), feed: fed, variables: given,
      timeLimit: limit ?? Plan.Test.standardTimeLimit, expectations: expectations)
  }

  private func name(_ fields: Fields, _ number: Int, _ names: inout Set<String>) -> String? {
    guard let node = fields["name"] else {
      if fields.lacks("name") {
        reader.report(
          .missingKey, at: fields.place, "test \(number) has no name",
          hint: "say in 'name' what it shows")
      }
      return nil
    }
    guard let name = reader.text(node, "the name of test \(number)") else { return nil }
    guard name.unicodeScalars.allSatisfy({ $0.value >= 32 && $0.value != 127 }), name.count <= 200
    else {
      reader.report(
        .badName, at: node.place, "the name of test \(number) does not fit on a line",
        hint: "use at most 200 characters without line ends")
      return nil
    }
    if !names.insert(name).inserted {
      reader.report(
        .duplicateKey, at: node.place, "two tests are called '\(ValueReader.cut(name))'",
        hint: "give each a name of its own")
    }
    return name
  }

  // MARK: - Variables

  /// What a test gives variables; relative paths start at the pipeline file.
  private func values(_ node: DocumentNode, _ subject: String) -> [String: String] {
    var given: [String: String] = [:]
    for entry in reader.named(node, "'vars' of \(subject)") ?? [] {
      guard let variable = variables.first(where: { $0.name == entry.key }) else {
        reader.findings.reportUnknown(
          .undeclaredVariable, at: entry.place, in: reader.source,
          "\(subject) gives '\(ValueReader.cut(entry.key))', which the pipeline does not declare",
          name: entry.key, known: variables.map(\.name), otherwise: "declare it under 'vars'")
        continue
      }
      guard variable.name != "data" else {
        reader.report(
          .misplacedKey, at: entry.place, "\(subject) gives 'data'",
          hint: "remove it: each test writes to a folder of its own that is removed after it")
        continue
      }
      guard let text = reader.text(entry.value, "'\(entry.key)' of \(subject)") else { continue }
      guard variable.kind == .path || variable.kind == .file else {
        given[entry.key] = text
        continue
      }
      let path = FilePaths.absolute(text, base: fileFolder)
      if files.kind(of: path) == nil { reportMissing(text, path, at: entry.value.place, subject) }
      given[entry.key] = path
    }
    return given
  }

  private func reportMissing(_ text: String, _ path: String, at place: Place, _ subject: String) {
    reader.report(
      .testFixture, isTesting ? .error : .warning, at: place,
      "\(subject): there is no file or folder '\(ValueReader.cut(text))'",
      hint: "looked for it at \(path)")
  }

  // MARK: - Feed

  private func feed(_ node: DocumentNode, _ subject: String) -> Plan.Feed? {
    guard
      let fields = reader.fields(node, of: "'feed' of \(subject)", known: TestReader.feedKeys)
    else { return nil }
    for key in TestReader.feedKeys where fields.lacks(key) {
      reader.report(
        .missingKey, at: fields.place, "'feed' of \(subject) has no '\(key)'",
        hint: key == "stage" ? "name the stage" : "name a file or folder beside the pipeline")
    }
    let draft = fields["stage"].flatMap { stage($0, "'stage' of \(subject)") }
    guard let record = fields["record"], let text = reader.text(record, "'record' of \(subject)"),
      let draft, let stageNode = fields["stage"], let entry = draft.entry
    else { return nil }
    guard let input = entry.input, input.isStored else {
      let why =
        entry.input.map { "takes \($0.schema), which no file holds" }
        ?? "is a source and takes nothing"
      reader.report(
        .testStage, at: stageNode.place, "\(subject) feeds '\(draft.name)', which \(why)",
        hint: hint(forFeeding: draft))
      return nil
    }
    return fixture(text, at: record.place, subject, into: draft.name, taking: input)
  }

  /// The nearest stage before this one that takes a stored record.
  private func hint(forFeeding draft: StageDraft) -> String {
    var name = draft.inputs.first?.name
    for _ in graph.drafts.indices {
      guard let before = graph.drafts.first(where: { $0.name == name }) else { break }
      if before.entry?.input?.isStored == true { return "feed '\(before.name)'" }
      name = before.inputs.first?.name
    }
    return "leave 'feed' out and give the source its fixtures in 'vars'"
  }

  /// What lies at the fixture's path: pictures, a record, or a record with the picture it is of.
  private func fixture(
    _ text: String, at place: Place, _ subject: String, into stage: String,
    taking input: RecordType
  ) -> Plan.Feed? {
    let path = FilePaths.absolute(text, base: fileFolder)
    func feed(_ pictures: Plan.Pictures?, _ record: String?) -> Plan.Feed {
      Plan.Feed(
        stage: stage, place: Plan.FilePlace(place), pictures: pictures, record: record)
    }
    switch files.kind(of: path) {
    case nil:
      reportMissing(text, path, at: place, subject)
      return isTesting ? nil : feed(nil, path)
    case .file: return feed(nil, path)
    case .folder, .other: break
    }
    let record = "\(path)/\(TestReader.recordName)"
    let hasPictures = files.kind(of: "\(path)/\(TestReader.manifestName)") == .file
    if hasPictures, let pictures = folderSource(of: input.schema, path) {
      return feed(pictures, nil)
    }
    guard files.kind(of: record) == .file else {
      reader.report(
        .testFixture, at: place, "\(subject): '\(ValueReader.cut(text))' holds no \(input.schema)",
        hint: "put \(TestReader.recordName) there, or for a stage that takes pictures a "
          + "\(TestReader.manifestName) with its pictures")
      return nil
    }
    return feed(hasPictures ? folderSource(of: nil, path) : nil, record)
  }

  /// A source that needs nothing but a folder and gives stored records, such as `image.files`.
  private func folderSource(of schema: SchemaID?, _ path: String) -> Plan.Pictures? {
    for source in catalogue where source.kind == .source && !source.manifest.live {
      let required = source.settings.filter(\.required)
      guard let output = source.output, output.isStored, required.count == 1,
        case .inputFolder = required[0].kind, schema?.accepts(output.schema) ?? true
      else { continue }
      return Plan.Pictures(
        source: source,
        settings: .object([JSONValue.Member(required[0].key, .string(path))]))
    }
    return nil
  }

  private func stage(_ node: DocumentNode, _ subject: String) -> StageDraft? {
    guard let name = reader.text(node, subject) else { return nil }
    if let draft = graph.drafts.first(where: { $0.name == name }) { return draft }
    reader.findings.reportUnknown(
      .testStage, at: node.place, in: reader.source,
      "\(subject) is '\(ValueReader.cut(name))', which is no stage", name: name,
      known: graph.drafts.map(\.name), otherwise: "name a key of 'stages'")
    return nil
  }
}

// MARK: - Expectations

extension TestReader {
  private func expectations(
    _ fields: Fields, _ subject: String, from fed: String?
  ) -> [Plan.Expectation] {
    guard let node = fields["expect"], node.elements?.isEmpty != true else {
      if fields.lacks("expect") || fields["expect"] != nil {
        reader.report(
          .missingKey, at: fields["expect"]?.place ?? fields.place,
          "\(subject) expects nothing, so it cannot fail",
          hint: "say in 'expect' what is to come of it")
      }
      return []
    }
    let reached = fed.map(stages(reachedFrom:))
    return (reader.list(node, "'expect' of \(subject)") ?? []).compactMap {
      expectation($0, "an expectation of \(subject)", reached, fed)
    }
  }

  private func expectation(
    _ node: DocumentNode, _ subject: String, _ reached: Set<String>?, _ fed: String?
  ) -> Plan.Expectation? {
    guard let fields = reader.fields(node, of: subject, known: TestReader.expectationKeys) else {
      return nil
    }
    if fields.lacks("stage") {
      reader.report(
        .missingKey, at: fields.place, "\(subject) names no stage", hint: "add 'stage: STAGE'")
    }
    let draft = fields["stage"].flatMap { stage($0, "'stage' of \(subject)") }
    let outcome = fields["outcome"].flatMap {
      reader.choice($0, "'outcome' of \(subject)", of: Plan.Expectation.Outcome.self)
    }
    let records = fields["records"].flatMap {
      reader.integer($0, "'records' of \(subject)", within: TestReader.recordCounts)
    }
    let reason = fields["reason"].flatMap { reader.text($0, "'reason' of \(subject)") }
    let values = fields["fields"].map { self.fields($0, subject) } ?? []
    if ["outcome", "records", "fields"].allSatisfy(fields.lacks) {
      reader.report(
        .missingKey, at: fields.place, "\(subject) says nothing of its stage",
        hint: "add 'outcome', 'records' or 'fields'")
    }
    if let node = fields["reason"], outcome.map({ $0 != .quarantined }) ?? fields.lacks("outcome") {
      reader.report(
        .misplacedKey, at: node.place, "'reason' of \(subject) means nothing there",
        hint: "it goes with 'outcome: quarantined'")
    }
    guard let draft, let stageNode = fields["stage"] else { return nil }
    if let reached, let fed, !reached.contains(draft.name) {
      reader.report(
        .testStage, at: stageNode.place,
        "\(subject) is about '\(draft.name)', which no record reaches from '\(fed)'",
        hint: "name a stage from '\(fed)' on")
    }
    if let entry = draft.entry { check(fields, entry, draft.name, subject) }
    return Plan.Expectation(
      stage: draft.name, place: Plan.FilePlace(fields.place), outcome: outcome ?? .done,
      reason: reason, records: records, fields: values)
  }

  private func check(_ fields: Fields, _ entry: StageEntry, _ name: String, _ subject: String) {
    if let node = fields["fields"], entry.output?.isStored != true {
      reader.report(
        .misplacedKey, at: node.place,
        "'fields' of \(subject) means nothing at '\(name)', which makes no stored record",
        hint: "name a stage that makes one")
    }
    if let node = fields["outcome"], entry.kind == .source {
      reader.report(
        .misplacedKey, at: node.place, "'outcome' of \(subject) means nothing at a source",
        hint: "say with 'records' how many it gives")
    }
  }

  private func fields(_ node: DocumentNode, _ subject: String) -> [Plan.Field] {
    (reader.named(node, "'fields' of \(subject)") ?? []).compactMap { entry in
      let what = "'\(ValueReader.cut(entry.key))' of \(subject)"
      guard let elements = entry.value.elements else {
        return reader.text(entry.value, what).map { Plan.Field(path: entry.key, value: .text($0)) }
      }
      let bounds = elements.compactMap {
        reader.number($0, what, unit: nil, within: -1e15...1e15)
      }
      guard bounds.count == 2, elements.count == 2, bounds[0] <= bounds[1] else {
        if bounds.count == elements.count {
          reader.report(
            .wrongType, at: entry.value.place, "\(what) is not a range",
            hint: "write [LOWEST, HIGHEST]")
        }
        return nil
      }
      return Plan.Field(path: entry.key, value: .range(bounds[0]...bounds[1]))
    }
  }

  private func stages(reachedFrom first: String) -> Set<String> {
    var reached: Set<String> = [first]
    for position in graph.order
    where graph.inputs[position].contains(where: { reached.contains(graph.drafts[$0.stage].name) })
    {
      reached.insert(graph.drafts[position].name)
    }
    return reached
  }
}

extension Plan.FilePlace {
  fileprivate init(_ place: Place) { self.init(line: place.line, column: place.column) }
}
