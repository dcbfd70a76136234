import ClinicalRecords
import Foundation
import StageKit
import StageTesting
import Testing

/// A stage is never given other bytes than those that were stored.
@Suite struct StoredBytesTests {
  @Test func bytesThatWereChangedOnTheDiskAreRefused() throws {
    let path = NSTemporaryDirectory() + "anagen-content-\(UUID().uuidString)"
    defer { unlink(path) }
    let context = TestHost().context(stage: "calibrate", folder: "/tmp")
    let bytes = Array("a picture".utf8)
    let content = context.content(bytes, mediaType: "image/png")
    try Data(bytes).write(to: URL(filePath: path))
    content.settle(at: path)
    #expect(try context.bytes(of: content) == bytes)
    // As long as before: a disk that goes bad changes no size.
    try Data("a pictuRe".utf8).write(to: URL(filePath: path))
    let error = #expect(throws: RecordError.self) { try context.bytes(of: content) }
    #expect(error?.code == .contentChanged)
  }

  @Test func oneFileThatIsGoneIsItsRecordsMatterAndAFolderThatIsGoneIsNot() throws {
    let folder = NSTemporaryDirectory() + "anagen-content-\(UUID().uuidString)"
    defer { removeFolder(folder) }
    let context = TestHost().context(stage: "calibrate", folder: "/tmp")
    let content = context.content(Array("a picture".utf8), mediaType: "image/png")
    let path = "\(folder)/\(StoredContent.relativePath(of: content.sha256))"
    content.settle(at: path)
    func code() -> RecordError.Code? {
      #expect(throws: RecordError.self) { try context.bytes(of: content) }?.code
    }
    #expect(code() == .contentUnreadable)
    try FileManager.default.createDirectory(
      atPath: URL(filePath: path).path, withIntermediateDirectories: true)
    // What lies there and cannot be read.
    #expect(code() == .contentUnreadable)
    try FileManager.default.removeItem(atPath: path)
    #expect(code() == .contentMissing)
  }

  private func removeFolder(_ path: String) {
    do { try FileManager.default.removeItem(atPath: path) } catch { Issue.record(error) }
  }
}
