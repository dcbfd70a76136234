import BuiltInStages
import ClinicalRecords
import PipelineFiles
import Testing

struct SchemaTests {
  @Test func eachStageBringsItsSettings() throws {
    let schema = PipelineSchema.document(catalogue: TestStages.catalogue)
    #expect(schema["$schema"] == .string("https://json-schema.org/draft/2020-12/schema"))
    let stage = try #require(schema["properties"]?["stages"]?["additionalProperties"])
    guard case .array(let rules) = stage["allOf"] else {
      Issue.record("no rules by use")
      return
    }
    #expect(rules.count == TestStages.catalogue.count)
    let camera = rules.first { rule in
      rule["if"]?["properties"]?["use"]?["const"] == .string("test.camera")
    }
    let settings = camera?["then"]?["properties"]?["with"]?["properties"]
    #expect(settings?["frames_per_second"]?["default"] == .integer(15))
    #expect(
      settings?["frames_per_second"]?["description"] == .string("How many pictures a second."))
    let folder = rules.first { rule in
      rule["if"]?["properties"]?["use"]?["const"] == .string("test.folder")
    }
    #expect(folder?["then"]?["required"] == .array([.string("with")]))
  }

  @Test func theSchemasAreWhatWasRecorded() throws {
    try RecordedCases("schemas.txt").check { item in
      item.name == "pipeline"
        ? PipelineSchema.document(catalogue: TestStages.catalogue).indented()
        : StudySchema.document.indented()
    }
  }
}
