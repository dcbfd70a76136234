import Foundation
import Testing

/// A pipeline that is run over and over, each time on a new data folder, and what a run of it
/// leaves that nothing disturbs.
///
/// Both shipped pipelines end in three sinks of different kinds: `registry` (transactional),
/// `tables` and `report` (projections); their pictures are made small here.
final class Repetition {
  /// What is repeated.
  enum Pipeline: String, CaseIterable, Sendable { case reprocess, demo }

  let data: String
  /// How long the undisturbed run took, in seconds.
  let seconds: Double
  /// What it left.
  let undisturbed: FolderState
  /// The folder that faults are meant for: the data folder's parent, which is empty before a run.
  let disk: String

  private let place: TemporaryPlace
  private let arguments: [String]
  private let material: Material?

  /// Prepares a pipeline and runs it once.
  init(_ pipeline: Pipeline, pictures: Int = 3) throws {
    place = try TemporaryPlace()
    disk = "\(place.path)/disk"
    data = "\(disk)/out"
    try FileManager.default.createDirectory(atPath: disk, withIntermediateDirectories: true)
    // The same key for every folder, so that released names are the same.
    let key = "\(place.path)/key"
    try "a key for tests, of more than 32 bytes\n".write(
      toFile: key, atomically: false, encoding: .utf8)
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: key)
    var variables = ["--var", "data=\(data)", "--secret", "pseudonym-key=\(key)"]
    switch pipeline {
    case .reprocess:
      let material = try Material(good: pictures)
      self.material = material
      variables += ["--var", "images=\(material.images)"]
      arguments =
        ["run", "\(AnagenProcess.root)/Pipelines/reprocess.yaml", "--format", "json"] + variables
    case .demo:
      material = nil
      arguments =
        ["run", try Repetition.smallDemo(in: place.path), "--format", "json"] + variables
    }
    let clock = ContinuousClock()
    let start = clock.now
    let outcome = try AnagenProcess.run(arguments, printingTo: place.path)
    seconds = (clock.now - start) / .seconds(1)
    guard outcome.status == 0 || outcome.status == 1 else {
      throw CocoaError(.executableLoad, userInfo: [NSLocalizedDescriptionKey: outcome.talk])
    }
    undisturbed = try DataFolderInspection(folder: data).state()
  }

  /// The demonstration with half of its subjects and a corner of each picture: too little for a
  /// measurement that counts, but every record goes every way.
  private static func smallDemo(in folder: String) throws -> String {
    let small = "\(folder)/Pipelines"
    try FileManager.default.copyItem(atPath: "\(AnagenProcess.root)/Pipelines", toPath: small)
    var text = try String(contentsOfFile: "\(small)/demo.yaml", encoding: .utf8)
    for (shipped, changed) in [
      ("subjects: [01-001, 01-002]", "subjects: [01-001]"), ("width: 2400", "width: 320"),
      ("height: 1800", "height: 240"), ("burned_in_on: [8]", "burned_in_on: [4]"),
    ] {
      try #require(text.contains(shipped), "the demonstration has changed")
      text = text.replacing(shipped, with: changed)
    }
    try text.write(toFile: "\(small)/demo.yaml", atomically: false, encoding: .utf8)
    return "\(small)/demo.yaml"
  }

  /// Starts a run on the data folder as it is.
  func start(_ environment: [String: String] = [:]) throws -> AnagenProcess {
    try AnagenProcess(arguments, printingTo: place.path, variables: environment)
  }

  /// Runs to the end on the data folder as it is.
  func run(
    _ environment: [String: String] = [:], through wrapper: [String] = []
  ) throws -> AnagenProcess.Outcome {
    try AnagenProcess(
      arguments, through: wrapper, printingTo: place.path, variables: environment
    ).wait()
  }

  /// Begins anew, without a data folder.
  func reset() throws {
    if FileManager.default.fileExists(atPath: disk) {
      try FileManager.default.removeItem(atPath: disk)
    }
    try FileManager.default.createDirectory(atPath: disk, withIntermediateDirectories: true)
  }

  /// Where a child notes what it changed.
  var log: String { "\(place.path)/changes" }

  /// A name for something else that lives as long as this.
  func path(_ name: String) -> String { "\(place.path)/\(name)" }

  /// Holds what a disturbed run left to the promises, then lets it go on to its end, which must be
  /// that of the undisturbed one: nothing lost, nothing twice.
  func expectItGoesOn(
    _ note: String, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let inspection = DataFolderInspection(folder: data)
    let faults = try inspection.faults()
    #expect(faults.isEmpty, "\(note): \(faults)", sourceLocation: sourceLocation)
    let outcome = try run()
    guard outcome.status == 0 || outcome.status == 1 else {
      Issue.record(
        "\(note): going on ended with \(outcome.status): \(outcome.talk)",
        sourceLocation: sourceLocation)
      return
    }
    let result = try RunResult(outcome)
    #expect(
      result.ending == "completed" && result.balanced, "\(note)", sourceLocation: sourceLocation)
    #expect(
      result.edges.allSatisfy { $0.pending == 0 }, "\(note)", sourceLocation: sourceLocation)
    let differences = try inspection.state().differences(from: undisturbed)
    #expect(differences.isEmpty, "\(note): \(differences)", sourceLocation: sourceLocation)
    let later = try inspection.faults()
    #expect(later.isEmpty, "\(note), at the end: \(later)", sourceLocation: sourceLocation)
  }
}
