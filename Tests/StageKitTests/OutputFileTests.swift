import Foundation
import StageKit
import Testing

@Suite struct OutputFileTests {
  @Test("a file has its name only once it is whole")
  func atomic() throws {
    let folder = NSTemporaryDirectory() + "anagen-output-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let path = "\(folder)/deep/table.csv"
    do {
      var file = try OutputFile(path)
      try file.append(Array("half".utf8))
      #expect(!FileManager.default.fileExists(atPath: path))
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: "\(folder)/deep").isEmpty)
    try OutputFile.write(Array("one".utf8), to: path)
    try OutputFile.write(Array("two".utf8), to: path)
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "two")
    #expect(try FileManager.default.contentsOfDirectory(atPath: "\(folder)/deep") == ["table.csv"])
  }

  @Test("a file in the way of a folder is an error that says what to do")
  func fileInTheWay() throws {
    let error = #expect(throws: StageError.self) {
      try OutputFile.write([1], to: "/dev/null/table.csv")
    }
    #expect(error?.failureClass == .fatal)
    #expect(error?.hint.contains("move it away") == true)
  }

  @Test("relative outputs lie below the data folder")
  func resolve() {
    let folder = DataFolder(path: "/data/out")
    #expect(folder.resolve("registry.sqlite") == "/data/out/registry.sqlite")
    #expect(folder.resolve("/elsewhere/x") == "/elsewhere/x")
  }
}
