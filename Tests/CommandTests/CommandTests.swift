import Foundation
import Testing

/// What the command prints and how it ends, as plain text files under `Transcripts/`.
///
/// `ANAGEN_RECORD_TRANSCRIPTS=1 swift test --filter CommandTests` writes what the command does now
/// into the files and fails, so that the difference is read before it is kept.
struct CommandTests {
  @Test(arguments: try TranscriptFile.names())
  func theCommandSaysWhatItsTranscriptSays(_ name: String) throws {
    let file = TranscriptFile(name: name)
    let transcript = try Transcript(parsing: file.read())
    let folder = try WorkFolder()
    defer { folder.remove() }
    var played = transcript
    for index in played.steps.indices {
      played.steps[index].outcome = try folder.run(played.steps[index].command)
        .adopting(patternsOf: transcript.steps[index].outcome)
    }
    if ProcessInfo.processInfo.environment["ANAGEN_RECORD_TRANSCRIPTS"] != nil {
      try file.write(played.text)
      Issue.record("recorded \(name); read the difference, then run without the switch")
      return
    }
    for (expected, step) in zip(transcript.steps, played.steps) {
      #expect(step.outcome.text == expected.outcome.text, "$ \(step.command)")
    }
  }
}

/// The transcript files beside this source file.
struct TranscriptFile {
  let name: String

  private static var folder: String {
    URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Transcripts").path()
  }
  private var path: String { "\(TranscriptFile.folder)/\(name).txt" }

  static func names() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder)
      .filter { $0.hasSuffix(".txt") }.map { String($0.dropLast(4)) }.sorted()
  }

  func read() throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

  func write(_ text: String) throws {
    try text.write(toFile: path, atomically: true, encoding: .utf8)
  }
}
