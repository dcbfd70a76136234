import Foundation
import Testing

/// A folder of photographs with its manifest, and the data folder that a run of them fills.
final class Material {
  /// One photograph of the manifest.
  struct Row {
    var file: String
    var subject = "S1"
    var visit = "V1"
    var date = "2024-03-25"
    var region = "vertex"
    var scale = "5"
    /// Counted from 1 within subject, visit and region.
    var field = 1

    /// The identity of its captured image in an open study.
    var identity: String {
      "anagen.captured-image:open/\(subject)/\(visit)/D0/\(region)/unknown/1/\(field)/1"
    }
  }

  static let header = "file,subject,visit,date,region,um_per_px"

  let path: String
  var images: String { "\(path)/images" }
  var data: String
  private(set) var rows: [Row] = []
  /// The bytes of every photograph.
  private(set) var originals: [[UInt8]] = []

  init() throws {
    path = FileManager.default.temporaryDirectory
      .appending(path: "anagen-end-to-end-\(UUID().uuidString)").path()
    data = "\(path)/out"
    try FileManager.default.createDirectory(
      atPath: "\(path)/images", withIntermediateDirectories: true)
  }

  /// A folder of `count` good photographs of one subject for each three.
  convenience init(good count: Int) throws {
    try self.init()
    for number in 0..<count {
      try add(
        try number % 3 == 2 ? Photographs.png(number) : Photographs.jpeg(number),
        named: "\(Photographs.name)-\(number).\(number % 3 == 2 ? "png" : "jpg")",
        subject: "S\(number / 3 + 1)")
    }
    try writeManifest()
  }

  deinit {
    do {
      try FileManager.default.removeItem(atPath: path)
    } catch {
      print("the folder \(path) could not be removed: \(error)")
    }
  }

  /// Puts a photograph into the folder and a row into the manifest.
  func add(_ bytes: [UInt8], named file: String, subject: String = "S1") throws {
    try put(bytes, named: file)
    var row = Row(file: file, subject: subject)
    row.field = rows.count { $0.subject == subject } + 1
    rows.append(row)
  }

  /// Puts a photograph into the folder only.
  func put(_ bytes: [UInt8], named file: String) throws {
    try Data(bytes).write(to: URL(filePath: "\(images)/\(file)"))
    originals.append(bytes)
  }

  /// Writes the manifest of what was added.
  func writeManifest() throws {
    try writeManifest(
      [Material.header]
        + rows.map { "\($0.file),\($0.subject),\($0.visit),\($0.date),\($0.region),\($0.scale)" })
  }

  /// Writes these lines as the manifest.
  func writeManifest(_ lines: [String]) throws {
    try (lines.joined(separator: "\n") + "\n").write(
      toFile: "\(images)/manifest.csv", atomically: false, encoding: .utf8)
  }

  /// The command line of a run.
  func runArguments(_ more: [String] = []) -> [String] {
    [
      "run", "\(AnagenProcess.root)/Pipelines/reprocess.yaml", "--var", "images=\(images)", "--var",
      "data=\(data)", "--format", "json",
    ] + more
  }

  /// Runs the pipeline to its end.
  func run(
    _ more: [String] = [], through wrapper: [String] = []
  ) throws -> AnagenProcess.Outcome {
    try AnagenProcess.run(runArguments(more), through: wrapper, printingTo: path)
  }

  /// Runs another command.
  func command(_ arguments: [String]) throws -> AnagenProcess.Outcome {
    try AnagenProcess.run(arguments, printingTo: path)
  }
}
