import Foundation
import Testing

/// Cases in one text file: `=== NAME`, the input, `---`, the recorded output.
///
/// With `ANAGEN_RECORD=1` in the environment the outputs are written anew and the test fails, so
/// that the difference is read before it is kept.
struct RecordedCases {
  struct Case {
    let name: String
    let input: String
    let output: String
  }

  let path: String
  let cases: [Case]

  init(_ name: String, file: String = #filePath) throws {
    let tests = URL(fileURLWithPath: file).deletingLastPathComponent().deletingLastPathComponent()
    path = tests.appendingPathComponent("Fixtures/PipelineFiles/\(name)").path
    let text = try String(contentsOfFile: path, encoding: .utf8)
    cases = text.components(separatedBy: "\n=== ").dropFirst().map { part in
      let lines = part.components(separatedBy: "\n")
      let body = lines.dropFirst().joined(separator: "\n")
      let halves = body.components(separatedBy: "\n---\n")
      return Case(
        name: lines[0], input: halves[0] + "\n",
        output: halves.count > 1
          ? halves[1].trimmingCharacters(in: .newlines) : "")
    }
  }

  /// Compares every output with what was recorded.
  func check(_ output: (Case) -> String) throws {
    let isRecording = ProcessInfo.processInfo.environment["ANAGEN_RECORD"] == "1"
    var recorded = try String(contentsOfFile: path, encoding: .utf8)
      .components(separatedBy: "\n=== ")[0]
    for item in cases {
      let found = output(item).trimmingCharacters(in: .newlines)
      recorded += "\n=== \(item.name)\n\(item.input)---\n\(found)\n"
      if !isRecording {
        #expect(found == item.output, "\(item.name)")
      }
    }
    if isRecording {
      try recorded.write(toFile: path, atomically: true, encoding: .utf8)
      Issue.record("recorded \(cases.count) cases anew: read the difference, then run without")
    }
  }
}
