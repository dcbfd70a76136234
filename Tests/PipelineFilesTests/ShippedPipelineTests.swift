import BuiltInStages
import ClinicalRecords
import PipelineFiles
import StageKit
import StageTesting
import Testing

@Suite("What is in the house holds together")
struct ShippedPipelineTests {
  /// The repository's `Pipelines/`, as the command finds it from the root.
  private static func surroundings() throws -> PlanSurroundings {
    var files = TestFiles(folders: ["/clinic/images"])
    for name in try ReferenceFiles.names() {
      files.files["/clinic/Pipelines/\(name)"] = try ReferenceFiles.text(name)
      files.folders.insert("/clinic/Pipelines/\(folder(of: name))")
    }
    // What Linux has of a machine of 4 GiB.
    return PlanSurroundings(
      workingDirectory: "/clinic", environment: [:], memoryBytes: 3800 << 20, files: files)
  }

  @Test("Every pipeline makes a plan with every study")
  func pipelines() throws {
    let surroundings = try Self.surroundings()
    let reader = PipelineReader(catalogue: BuiltInPlugin.catalogue, surroundings: surroundings)
    let names = try ReferenceFiles.names()
    let pipelines = names.filter { !$0.contains("/") && $0.hasSuffix(".yaml") }
    let studies = names.filter { $0.hasPrefix("studies/") }
    #expect(pipelines.count >= 2 && studies.count >= 2)
    for name in pipelines {
      let text = try ReferenceFiles.text(name)
      var given = text.contains("\n  images: {type: path") ? ["images": "images"] : [:]
      try expectPlan(name, text, given, reader)
      // The demonstration's profile and subjects are those of the reference study.
      for study in studies where name != "demo.yaml" {
        given["study"] = "Pipelines/\(study)"
        // A study may take its scale from a calibration.
        if text.contains("\n  calibrations:") {
          given["calibrations"] = "Pipelines/profiles/phantom.yaml"
        }
        try expectPlan(name, text, given, reader)
      }
    }
  }

  @Test("The device's calibrations are a variable, left out when they are not given")
  func calibrations() throws {
    let reader = PipelineReader(
      catalogue: BuiltInPlugin.catalogue, surroundings: try Self.surroundings())
    func profile(_ variables: [String: String]) throws -> String? {
      let reading = reader.read(
        text: Array(try ReferenceFiles.text("reprocess.yaml").utf8),
        fileName: "Pipelines/reprocess.yaml", variables: variables)
      let plan = try #require(reading.plan, "\(Diagnostic.text(reading.diagnostics))")
      guard case .string(let path)? = plan.stage("calibrate")?.settings["profile"] else {
        return nil
      }
      return path
    }
    #expect(try profile(["images": "images"]) == nil)
    #expect(
      try profile([
        "images": "images", "study": "Pipelines/studies/reference.yaml",
        "calibrations": "Pipelines/profiles/phantom.yaml",
      ]) == "/clinic/Pipelines/profiles/phantom.yaml")
  }

  @Test("A study that takes its scale from a calibration asks for one, at the setting's place")
  func missingCalibrations() throws {
    let reader = PipelineReader(
      catalogue: BuiltInPlugin.catalogue, surroundings: try Self.surroundings())
    let reading = reader.read(
      text: Array(try ReferenceFiles.text("reprocess.yaml").utf8),
      fileName: "Pipelines/reprocess.yaml",
      variables: ["images": "images", "study": "Pipelines/studies/reference.yaml"])
    #expect(reading.plan == nil)
    #expect(reading.diagnostics.map(\.code.name) == ["settings_conflict"])
    let text = Diagnostic.text(reading.diagnostics)
    #expect(text.contains("the study takes its scale from a calibration"), "\(text)")
    #expect(text.contains("profile: \"${var:calibrations}\""), "\(text)")
  }

  @Test("A grant that a de-identifier's profile does not give is refused with place and remedy")
  func grant() throws {
    let reader = PipelineReader(
      catalogue: BuiltInPlugin.catalogue, surroundings: try Self.surroundings())
    let text = try ReferenceFiles.text("reprocess.yaml")
      .replacing("declassify: pseudonymised", with: "declassify: deidentified")
    let reading = reader.read(
      text: Array(text.utf8), fileName: "Pipelines/reprocess.yaml",
      variables: ["images": "images"])
    #expect(reading.plan == nil)
    #expect(reading.diagnostics.map(\.code.name) == Array(repeating: "grant_refused", count: 3))
    let message = try #require(Diagnostic.text(reading.diagnostics).split(separator: "\n").first)
    #expect(message.contains("gives pseudonymised records with 'profile: trial'"))
    #expect(message.contains("write 'declassify: pseudonymised', or set 'profile: public'"))
  }

  private static func folder(of name: String) -> String {
    name.split(separator: "/").dropLast().joined(separator: "/")
  }

  @Test("A file that is no pipeline and no study is one that a pipeline names, or its folder")
  func others() throws {
    let names = try ReferenceFiles.names().filter { $0.contains("/") && !$0.hasPrefix("studies/") }
      // What makes the fixtures stands beside their folders.
      .filter { Self.folder(of: $0) != "fixtures" }
    let pipelines = try ReferenceFiles.names().filter { $0.hasSuffix(".yaml") && !$0.contains("/") }
      .map(ReferenceFiles.text)
    for name in names {
      #expect(
        pipelines.contains { $0.contains(name) || $0.contains(Self.folder(of: name) + "}") },
        "\(name)")
    }
  }

  @Test("Every stage conforms in what it declares")
  func conformance() {
    #expect(BuiltInPlugin.catalogue.count >= 10)
    #expect(BuiltInPlugin.catalogue.flatMap { StageConformance.problems(of: $0) } == [])
    #expect(Set(BuiltInPlugin.catalogue.map(\.manifest.id)).count == BuiltInPlugin.catalogue.count)
  }

  private func expectPlan(
    _ name: String, _ text: String, _ variables: [String: String], _ reader: PipelineReader
  ) throws {
    let reading = reader.read(
      text: Array(text.utf8), fileName: "Pipelines/\(name)", variables: variables)
    #expect(Diagnostic.text(reading.diagnostics) == "", "\(name) \(variables)")
    #expect(reading.plan != nil, "\(name) \(variables)")
  }
}
