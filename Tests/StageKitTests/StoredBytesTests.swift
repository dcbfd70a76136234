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
}
