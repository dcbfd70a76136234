import PipelineFiles
import Testing

/// The files of `Pipelines/`, as far as they can be judged without the stages they name.
struct ShippedPipelineTests {
  @Test(arguments: [("reprocess", 8), ("demo", 8)])
  func nothingButTheStagesIsMissing(_ name: String, _ stages: Int) throws {
    var files = TestFiles()
    for study in ["open", "reference"] {
      files.files["/clinic/Pipelines/studies/\(study).yaml"] = try ReferenceFiles.text(
        "studies/\(study).yaml")
    }
    let reader = PipelineReader(
      catalogue: [],
      surroundings: PlanSurroundings(
        workingDirectory: "/clinic", environment: [:], memoryBytes: 4 << 30, files: files))
    let reading = reader.read(
      text: Array(try ReferenceFiles.text("\(name).yaml").utf8),
      fileName: "Pipelines/\(name).yaml", variables: name == "demo" ? [:] : ["images": "images"])
    let others = reading.diagnostics.filter { $0.code.name != "unknown_stage" }
    #expect(Diagnostic.text(others) == "")
    #expect(reading.diagnostics.count { $0.code.name == "unknown_stage" } == stages)
  }
}
