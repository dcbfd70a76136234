import Foundation
import Testing

/// A list of pictures with a mistake is refused before the first picture is taken, with the place,
/// the cause and the remedy.
struct BadManifestTests {
  /// What stands in the manifest and what is said of it.
  struct Case: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let lines: [String]
    let message: String
    var study: String?
  }

  static let cases = [
    Case(
      testDescription: "a missing file",
      lines: [
        Material.header, "a.jpg,S1,V1,2024-03-25,vertex,5", "c.jpg,S1,V1,2024-03-25,vertex,5",
      ],
      message: "manifest.csv:3:1: error: there is no such file; copy it here, or remove the row"),
    Case(
      testDescription: "an unknown subject",
      lines: [Material.header, "a.jpg,09-001,BL,2024-03-25,VX,5"],
      message:
        "manifest.csv:2:7: error: the subject is unknown: it does not match the study's pattern "
        + "'0[12]-[0-9]{3}'; correct it; a spreadsheet may have dropped leading zeros",
      study: "reference.yaml"),
    Case(
      testDescription: "one file in two rows",
      lines: [
        Material.header, "a.jpg,S1,V1,2024-03-25,vertex,5", "a.jpg,S1,V1,2024-03-25,vertex,5",
      ],
      message:
        "manifest.csv:3:1: error: the same file is listed at manifest.csv:2:1; remove one of the two"
    ),
    Case(
      testDescription: "one acquisition in two rows",
      lines: [
        Material.header + ",field", "a.jpg,S1,V1,2024-03-25,vertex,5,1",
        "b.jpg,S1,V1,2024-03-25,vertex,5,1",
      ],
      message:
        "manifest.csv:3:1: error: the same acquisition is listed at manifest.csv:2:1; give field, "
        + "placement or attempt, or remove one of the two"),
    Case(
      testDescription: "a date that does not exist",
      lines: [Material.header, "a.jpg,S1,V1,2023-02-29,vertex,5"],
      message: "manifest.csv:2:13: error: there is no such day; correct the date"),
    Case(
      testDescription: "a cell without a scale",
      lines: [Material.header, "a.jpg,S1,V1,2024-03-25,vertex,"],
      message:
        "manifest.csv:2:31: error: the scale is missing; write the size of a pixel in micrometres, "
        + "such as 2.78"),
    Case(
      testDescription: "the scale 0",
      lines: [Material.header, "a.jpg,S1,V1,2024-03-25,vertex,0"],
      message:
        "manifest.csv:2:31: error: the scale is 0; write the size of a pixel in micrometres, "
        + "such as 2.78"),
    Case(
      testDescription: "a negative scale",
      lines: [Material.header, "a.jpg,S1,V1,2024-03-25,vertex,-5"],
      message:
        "manifest.csv:2:31: error: the scale is negative; write the size of a pixel in "
        + "micrometres, such as 2.78"),
  ]

  @Test(arguments: cases)
  func theRunRefusesWithPlaceCauseAndRemedy(_ bad: Case) throws {
    let material = try Material()
    try material.put(Photographs.jpeg(0), named: "a.jpg")
    try material.put(Photographs.jpeg(1), named: "b.jpg")
    try material.writeManifest(bad.lines)
    // A trial's scale comes from the calibrations of its device.
    let study = bad.study.map { study in
      [
        "study=\(AnagenProcess.root)/Pipelines/studies/\(study)",
        "calibrations=\(AnagenProcess.root)/Pipelines/profiles/phantom.yaml",
      ].flatMap { ["--var", $0] }
    }
    let outcome = try material.run(study ?? [])
    #expect(outcome.status == 65, "\(outcome.talk)")
    #expect(outcome.results.isEmpty)
    let lines = outcome.talk.split(separator: "\n").map(String.init)
    #expect(
      lines.suffix(2) == [
        bad.message,
        "error: stage 'images': the list of pictures has a problem; correct it and run again: "
          + "nothing was taken",
      ], "\(outcome.talk)")
    // Neither a folder nor a secret in it is left of a run that could not begin.
    #expect(!FileManager.default.fileExists(atPath: material.data))
  }

  @Test func allProblemsAreShownAtOnce() throws {
    let material = try Material()
    try material.put(Photographs.jpeg(0), named: "a.jpg")
    try material.writeManifest([
      Material.header, "a.jpg,S1,V1,2024-02-30,vertex,0", "none.jpg,S1,V1,2024-03-25,vertex,-5",
    ])
    let outcome = try material.run()
    #expect(outcome.status == 65)
    #expect(outcome.talk.contains("the list of pictures has 4 problems"), "\(outcome.talk)")
    #expect(
      outcome.talk.contains("has 4 problems; correct them and run again: nothing was taken"),
      "\(outcome.talk)")
  }

  @Test func theSameFolderRunsOnceItsListIsMended() throws {
    let material = try Material(good: 3)
    try material.writeManifest([Material.header, "none.jpg,S1,V1,2024-03-25,vertex,5"])
    #expect(try material.run().status == 65)
    try material.writeManifest()
    let outcome = try material.run()
    #expect(outcome.status == 0, "\(outcome.talk)")
    try material.expectEverythingAccountedFor(after: outcome)
  }

  @Test func aListWithoutAnyScaleIsRefusedBeforeAnythingIsTaken() throws {
    let material = try Material(good: 2)
    try material.writeManifest(
      ["file,subject,visit,region"]
        + material.rows.map { "\($0.file),\($0.subject),\($0.visit),\($0.region)" })
    let outcome = try material.run()
    #expect(outcome.status == 65)
    #expect(outcome.talk.contains("the list of pictures has a problem"), "\(outcome.talk)")
    #expect(outcome.talk.contains("add the column um_per_px"), "\(outcome.talk)")
    #expect(!FileManager.default.fileExists(atPath: material.data))
  }

  @Test(arguments: [
    ([], "no scale; give --um-per-px NUMBER"), (["--um-per-px", "0"], "--um-per-px 0 is no scale"),
    (["--um-per-px=-5"], "--um-per-px -5 is no scale"),
  ])
  func measureAsksForAScale(_ arguments: [String], _ message: String) throws {
    let material = try Material()
    try material.put(Photographs.jpeg(0), named: "a.jpg")
    let outcome = try material.command(["measure", "\(material.images)/a.jpg"] + arguments)
    #expect(outcome.status == 64)
    #expect(outcome.talk.contains("error: \(message)"), "\(outcome.talk)")
  }
}
