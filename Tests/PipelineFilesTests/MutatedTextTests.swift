import ClinicalRecords
import Foundation
import PipelineFiles
import StageKit
import Testing

/// Good files, changed at random: read or refused at a place inside the file, never a crash.
struct MutatedTextTests {
  private static let pieces = [
    "*", "&a ", "!!str ", "[", "]", "{", "}", ": ", "- ", "? ", "|\n", ">", "#", "\"", "'", "\n",
    "\n  ", "\t", "${", "${var:data}", "$${", "%YAML 1.1\n", "---\n", "...\n", "é", "\u{1F9EC}",
    "~",
    "<<: ", "from", "use: test.release\n", "1e999", "-", "99999999999999999999", "\\u0000", ",",
  ]

  private static func mutate(_ text: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
    var bytes = text
    for _ in 0..<Int.random(in: 1...4, using: &random) {
      let at = Int.random(in: 0...bytes.count, using: &random)
      let length = Int.random(in: 0...24, using: &random)
      let end = min(bytes.count, at + length)
      switch Int.random(in: 0..<5, using: &random) {
      case 0: bytes.removeSubrange(at..<end)
      case 1:
        let piece = pieces[Int.random(in: 0..<pieces.count, using: &random)]
        bytes.insert(contentsOf: Array(piece.utf8), at: at)
      case 2:
        let to = Int.random(in: 0...bytes.count, using: &random)
        bytes.insert(contentsOf: Array(bytes[at..<end]), at: to)
      case 3 where at < bytes.count: bytes[at] = UInt8.random(in: 0...255, using: &random)
      default:
        let count = Int.random(in: 1...40, using: &random)
        let piece = pieces[Int.random(in: 0..<pieces.count, using: &random)]
        bytes.insert(
          contentsOf: Array(repeatElement(Array(piece.utf8), count: count).joined()), at: at)
      }
    }
    return bytes
  }

  private static func check(_ diagnostics: [Diagnostic], isRead: Bool, _ bytes: [UInt8]) -> Bool {
    let hasErrors = diagnostics.contains { $0.severity == .error }
    let lines = bytes.count { $0 == 10 || $0 == 13 } + 1
    return isRead != hasErrors
      && diagnostics.allSatisfy {
        $0.line >= 1 && $0.line <= lines && $0.column >= 1 && !$0.text.isEmpty
      }
  }

  @Test(.timeLimit(.minutes(10))) func changedPipelinesAreReadOrRefused() {
    var random = SeededGenerator(seed: 41)
    let good = Array(TestClinic.good.utf8)
    for round in 0..<4000 {
      let bytes = MutatedTextTests.mutate(good, &random)
      let reading = TestClinic.reader.read(text: bytes, fileName: "pipeline.yaml")
      let isSound = MutatedTextTests.check(
        reading.diagnostics, isRead: reading.plan != nil, bytes)
      #expect(isSound, "round \(round): \(Diagnostic.text(reading.diagnostics))")
    }
  }

  @Test(.timeLimit(.minutes(10))) func changedStudiesAreReadOrRefused() throws {
    var random = SeededGenerator(seed: 43)
    let good = Array(try ReferenceFiles.text("studies/reference.yaml").utf8)
    let digest = try TestFiles(files: ["/x": ""]).digest(of: "/x")
    for round in 0..<4000 {
      let bytes = MutatedTextTests.mutate(good, &random)
      let reading = StudyReader.read(text: bytes, fileName: "study.yaml", digest: digest)
      let isSound = MutatedTextTests.check(
        reading.diagnostics, isRead: reading.study != nil, bytes)
      #expect(isSound, "round \(round): \(Diagnostic.text(reading.diagnostics))")
    }
  }
}

/// The files of `Pipelines/`.
enum ReferenceFiles {
  private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Pipelines")

  static func text(_ name: String) throws -> String {
    // Fixtures of tests are pictures too; nobody reads those as text.
    String(decoding: try Data(contentsOf: folder.appending(path: name)), as: UTF8.self)
  }

  /// Every file below the folder, sorted.
  static func names() throws -> [String] {
    try FileManager.default.subpathsOfDirectory(atPath: folder.path).filter { name in
      try FileManager.default.attributesOfItem(atPath: "\(folder.path)/\(name)")[.type]
        as? FileAttributeType == .typeRegular
    }.sorted()
  }
}
