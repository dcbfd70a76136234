public import ClinicalRecords
public import StageKit

/// The JSON Schema (2020-12) of pipeline files, for editors: what `anagen schema` prints.
///
/// An editor that knows it completes keys, shows help and marks faults while a file is written.
/// What needs more than one place to see (wiring, privacy, memory) is found by `validate` alone.
public enum PipelineSchema {
  /// The schema for an installation's stages.
  ///
  /// - Parameter catalogue: the stages there are; `use` is one of their ids, and `with` takes the
  ///   settings of that stage.
  public static func document(catalogue: [StageEntry]) -> JSONValue {
    let stage = JSONSchema.object(
      stageProperties(catalogue), required: ["use"], help: "One step of the pipeline.")
    return .object(
      [
        JSONValue.Member("$schema", .string(JSONSchema.dialect)),
        JSONValue.Member("$id", .string("urn:anagen:schema:pipeline:1")),
        JSONValue.Member("title", .string("Anagen pipeline")),
      ]
        + JSONSchema.members(
          of: JSONSchema.object(
            [
              ("anagen", .object([JSONValue.Member("const", .integer(1))])),
              ("name", JSONSchema.name("The pipeline's name.")),
              (
                "vars",
                JSONSchema.map(of: variable, "Variables; --var NAME=VALUE gives another value.")
              ),
              (
                "plugins",
                JSONSchema.list(
                  of: JSONSchema.text("A folder with a plugin.yaml."), "Outside plugins.")
              ),
              ("study", JSONSchema.text("The study file; without one, an open study.")),
              (
                "defaults",
                JSONSchema.object([("queue", queue), ("retry", retry)], help: "For every stage.")
              ),
              ("memory", JSONSchema.size("What the memory ceiling may not pass.")),
              ("durability", JSONSchema.words(Plan.Durability.self, "How the ledger syncs.")),
              (
                "stages",
                .object([
                  JSONValue.Member("type", .string("object")),
                  JSONValue.Member("minProperties", .integer(1)),
                  JSONValue.Member("maxProperties", .integer(Int64(PipelineReader.maximumStages))),
                  JSONValue.Member("propertyNames", JSONSchema.name("A stage's name.")),
                  JSONValue.Member(
                    "additionalProperties",
                    .object(
                      JSONSchema.members(of: stage)
                        + [JSONValue.Member("allOf", .array(catalogue.map(settingsByUse)))])),
                ])
              ),
              ("tests", tests),
            ], required: ["anagen", "name", "stages"], help: nil)))
  }

  private static let variable = JSONSchema.object(
    [
      ("type", JSONSchema.words(VariableDeclaration.Kind.self, "What values it takes.")),
      (
        "default",
        .object([
          JSONValue.Member(
            "type", .array(["string", "number", "boolean"].map { .string($0) }))
        ])
      ),
      ("optional", JSONSchema.boolean("Whether a setting that is this variable may be left out.")),
      ("help", JSONSchema.text("What it is for.")),
    ], required: ["type"], help: nil)

  private static let queue = JSONSchema.object(
    [
      ("max_records", JSONSchema.integer(StageReader.recordCounts, "The most records.")),
      ("max_bytes", JSONSchema.size("The most bytes.")),
    ], help: "The bounds of each edge that leaves the stage.")

  private static let retry = JSONSchema.object(
    [
      ("attempts", JSONSchema.integer(1...1000, "How often a delivery is tried.")),
      ("initial", JSONSchema.time("The wait after the first failure; it doubles.")),
      ("max", JSONSchema.time("The longest wait.")),
    ], help: "What is done about failures that may pass, before a delivery is quarantined.")

  private static func stageProperties(
    _ catalogue: [StageEntry]
  ) -> [(key: String, schema: JSONValue)] {
    let uses = catalogue.map { entry in
      JSONValue.object([
        JSONValue.Member("const", .string(entry.manifest.id)),
        JSONValue.Member("description", .string(entry.manifest.summary)),
      ])
    }
    let outside = JSONValue.object([
      JSONValue.Member("pattern", .string("^[a-z0-9_]+\\.[a-z0-9_]+$")),
      JSONValue.Member("description", .string("A stage of an outside plugin.")),
    ])
    return [
      ("use", .object([JSONValue.Member("anyOf", .array(uses + [outside]))])),
      (
        "from",
        .object([
          JSONValue.Member(
            "description", .string("The stages it takes from; a list merges, it never joins.")),
          JSONValue.Member(
            "oneOf",
            .array([
              .object([JSONValue.Member("type", .string("string"))]),
              .object([
                JSONValue.Member("type", .string("array")),
                JSONValue.Member("minItems", .integer(1)),
                JSONValue.Member("uniqueItems", .boolean(true)),
                JSONValue.Member(
                  "items", .object([JSONValue.Member("type", .string("string"))])),
              ]),
            ])),
        ])
      ),
      ("with", .object([JSONValue.Member("type", .array([.string("object"), .string("null")]))])),
      ("queue", queue), ("retry", retry),
      ("concurrency", JSONSchema.integer(StageReader.concurrencies, "The most calls at once.")),
      (
        "accepts",
        JSONSchema.words(PrivacyLabel.self, "The highest privacy label that a sink takes.")
      ),
      (
        "declassify",
        JSONSchema.words(
          ["pseudonymised", "deidentified"], "What a de-identifier may lower its output's label to."
        )
      ),
      (
        "intake",
        JSONSchema.object(
          [
            ("max_records", JSONSchema.integer(StageReader.recordCounts, "The most that wait.")),
            (
              "when_full", JSONSchema.words(Plan.Intake.WhenFull.self, "What happens without room.")
            ),
          ], help: "A live source's bound before acceptance.")
      ),
    ] + processProperties
  }

  /// What is said of the process of a stage, and of its calls.
  private static var processProperties: [(key: String, schema: JSONValue)] {
    [
      (
        "limits",
        JSONSchema.object(
          [
            ("time", JSONSchema.time("The longest that one call may take.")),
            ("processor", JSONSchema.time("The most processor time of the process for a record.")),
            ("memory", JSONSchema.size("The most memory of the stage's process.")),
            ("record", JSONSchema.size("The largest record that goes to the process or back.")),
          ], help: nil)
      ),
      (
        "isolation",
        JSONSchema.words(["process"], "Runs the stage in a process of its own, confined.")
      ),
      (
        "needs",
        JSONSchema.object(
          [
            ("network", JSONSchema.boolean("Whether its process may use the network.")),
            ("processes", JSONSchema.boolean("Whether its process may start others.")),
            (
              "read",
              JSONSchema.list(
                of: JSONSchema.text("A path."), "Files and folders that its process may read.")
            ),
          ], help: "What the stage's process is granted beyond its own folder.")
      ),
    ]
  }

  /// If `use` is this stage, `with` is its settings.
  private static func settingsByUse(_ entry: StageEntry) -> JSONValue {
    func properties(_ key: String, _ schema: JSONValue) -> JSONValue {
      .object([JSONValue.Member("properties", .object([JSONValue.Member(key, schema)]))])
    }
    let isRequired = entry.settings.contains { $0.required }
    var then = JSONSchema.members(
      of: properties("with", JSONSchema.orReference(entry.settingsSchema)))
    if isRequired { then.append(JSONValue.Member("required", .array([.string("with")]))) }
    return .object([
      JSONValue.Member(
        "if",
        .object(
          JSONSchema.members(
            of: properties("use", .object([JSONValue.Member("const", .string(entry.manifest.id))])))
            + [JSONValue.Member("required", .array([.string("use")]))])),
      JSONValue.Member("then", .object(then)),
    ])
  }
}

/// Pieces of JSON Schema that the file formats share.
enum JSONSchema {
  static let dialect = "https://json-schema.org/draft/2020-12/schema"

  static func members(of schema: JSONValue) -> [JSONValue.Member] {
    if case .object(let members) = schema { members } else { [] }
  }

  static func object(
    _ properties: [(key: String, schema: JSONValue)], required: [String] = [], help: String?
  ) -> JSONValue {
    var members = [JSONValue.Member("type", .string("object"))]
    if let help { members.append(JSONValue.Member("description", .string(help))) }
    members.append(
      JSONValue.Member(
        "properties", .object(properties.map { JSONValue.Member($0.key, $0.schema) })))
    members.append(JSONValue.Member("additionalProperties", .boolean(false)))
    if !required.isEmpty {
      members.append(JSONValue.Member("required", .array(required.map { .string($0) })))
    }
    return .object(members)
  }

  static func map(of schema: JSONValue, _ help: String) -> JSONValue {
    .object([
      JSONValue.Member("type", .string("object")), JSONValue.Member("description", .string(help)),
      JSONValue.Member("additionalProperties", schema),
    ])
  }

  static func list(of schema: JSONValue, _ help: String, count: Int? = nil) -> JSONValue {
    var members = [
      JSONValue.Member("type", .string("array")), JSONValue.Member("description", .string(help)),
      JSONValue.Member("items", schema),
    ]
    if let count {
      members.append(JSONValue.Member("minItems", .integer(Int64(count))))
      members.append(JSONValue.Member("maxItems", .integer(Int64(count))))
    }
    return .object(members)
  }

  static func text(_ help: String, pattern: String? = nil) -> JSONValue {
    var members = [
      JSONValue.Member("type", .string("string")), JSONValue.Member("description", .string(help)),
    ]
    if let pattern { members.append(JSONValue.Member("pattern", .string(pattern))) }
    return .object(members)
  }

  static func boolean(_ help: String) -> JSONValue {
    .object([
      JSONValue.Member("type", .string("boolean")), JSONValue.Member("description", .string(help)),
    ])
  }

  static func name(_ help: String) -> JSONValue { text(help, pattern: "^[A-Za-z0-9_.-]{1,64}$") }

  static func integer(_ range: ClosedRange<Int>, _ help: String) -> JSONValue {
    orReference(
      .object([
        JSONValue.Member("type", .string("integer")),
        JSONValue.Member("description", .string(help)),
        JSONValue.Member("minimum", .integer(Int64(range.lowerBound))),
        JSONValue.Member("maximum", .integer(Int64(range.upperBound))),
      ]))
  }

  static func share(_ help: String) -> JSONValue {
    .object([
      JSONValue.Member("type", .string("number")), JSONValue.Member("description", .string(help)),
      JSONValue.Member("minimum", .integer(0)), JSONValue.Member("maximum", .integer(1)),
    ])
  }

  static func words(_ words: [String], _ help: String) -> JSONValue {
    .object([
      JSONValue.Member("enum", .array(words.map { .string($0) })),
      JSONValue.Member("description", .string(help)),
    ])
  }

  static func words<Word: RawRepresentable<String> & CaseIterable>(
    _ type: Word.Type, _ help: String
  ) -> JSONValue { words(Word.allCases.map(\.rawValue), help) }

  static func size(_ help: String) -> JSONValue {
    orReference(text(help, pattern: quantity("B|KiB|MiB|GiB|kB|MB|GB")))
  }

  static func time(_ help: String) -> JSONValue {
    orReference(text(help, pattern: quantity("ms|s|min|h|d")))
  }

  static func length(_ help: String) -> JSONValue { text(help, pattern: quantity("um|µm|mm|cm")) }

  private static func quantity(_ units: String) -> String {
    "^[0-9]+(\\.[0-9]+)?([eE][+-]?[0-9]+)? ?(\(units))$"
  }

  /// A schema whose scalars may be references: numbers, words and paths may come from a variable.
  static func orReference(_ schema: JSONValue) -> JSONValue {
    guard case .object(let members) = schema else { return schema }
    switch schema["type"] {
    case .string("object"):
      return .object(
        members.map { member in
          guard member.key == "properties", case .object(let properties) = member.value else {
            return member
          }
          return JSONValue.Member(
            "properties",
            .object(properties.map { JSONValue.Member($0.key, orReference($0.value)) }))
        })
    case .string("array"):
      return .object(
        members.map {
          $0.key == "items" ? JSONValue.Member("items", orReference($0.value)) : $0
        })
    case .string("string") where schema["pattern"] == nil: return schema
    default:
      if case .string(let pattern) = schema["pattern"], pattern.contains("secret") { return schema }
      let kept = members.filter { ["description", "default"].contains($0.key) }
      let rest = members.filter { !["description", "default"].contains($0.key) }
      var choices: [JSONValue] = [.object(rest)]
      if let unit = schema["unit"], case .string(let word) = unit {
        choices.append(
          text("In \(word), or with a unit of its kind.", pattern: "^[0-9.eE+-]+ ?[a-zA-Zµ%]+2?$"))
      }
      choices.append(text("A reference.", pattern: "\\$\\{(var|env):"))
      return .object(kept + [JSONValue.Member("anyOf", .array(choices))])
    }
  }
}
