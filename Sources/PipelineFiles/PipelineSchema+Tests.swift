import ClinicalRecords

extension PipelineSchema {
  /// The schema of `tests`.
  static var tests: JSONValue {
    let feed = JSONSchema.object(
      [
        ("stage", JSONSchema.name("The stage that is fed.")),
        (
          "record",
          JSONSchema.text(
            "A record in its canonical encoding, or a folder with record.json or manifest.csv.")
        ),
      ], required: TestReader.feedKeys,
      help: "What a stage is given; without it the pipeline's own sources run.")
    let test = JSONSchema.object(
      [
        ("name", JSONSchema.text("What the test shows.")), ("feed", feed),
        ("vars", JSONSchema.map(of: scalar, "Values of variables; paths start at this file.")),
        (
          "limits",
          JSONSchema.object([("time", JSONSchema.time("The longest that it may take."))], help: nil)
        ), ("expect", JSONSchema.list(of: expectation, "What is to come of it.")),
      ], required: ["name", "expect"], help: nil)
    return JSONSchema.list(of: test, "What 'anagen test' runs.")
  }

  private static var expectation: JSONValue {
    JSONSchema.object(
      [
        ("stage", JSONSchema.name("The stage it is about.")),
        (
          "outcome",
          JSONSchema.words(Plan.Expectation.Outcome.self, "How records end; 'done' if absent.")
        ), ("reason", JSONSchema.text("Why they are set aside, such as burned_in_text.")),
        (
          "records",
          JSONSchema.integer(TestReader.recordCounts, "How many; at least one if absent.")
        ),
        (
          "fields",
          JSONSchema.map(
            of: .object([
              JSONValue.Member(
                "anyOf",
                .array([
                  scalar,
                  .object([
                    JSONValue.Member("type", .string("array")),
                    JSONValue.Member(
                      "items", .object([JSONValue.Member("type", .string("number"))])),
                    JSONValue.Member("minItems", .integer(2)),
                    JSONValue.Member("maxItems", .integer(2)),
                  ]),
                ]))
            ]),
            "What every record made there holds: PATH: VALUE, or PATH: [LOWEST, HIGHEST].")
        ),
      ], required: ["stage"], help: nil)
  }

  private static let scalar = JSONValue.object([
    JSONValue.Member("type", .array(["string", "number", "boolean"].map { .string($0) }))
  ])
}
