import Foundation
import Testing

/// The key that a new data folder gets.
struct MadeKeyTests {
  /// A key of raw bytes ended in white space once in 64 folders; without it, it was too short.
  @Test func itIsTextOnlyItsOwnerMayRead() throws {
    let material = try Material(good: 1)
    #expect(try material.run().status == 0)
    let path = "\(material.data)/private/secrets/pseudonym-key"
    let text = try String(contentsOfFile: path, encoding: .utf8)
    #expect(text.hasSuffix("=\n"))
    #expect(Data(base64Encoded: String(text.dropLast()))?.count == 32)
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    #expect(attributes[.posixPermissions] as? Int == 0o600)
  }

  @Test func oneThatIsGoneIsAskedForAndNotReplaced() throws {
    let material = try Material(good: 1)
    #expect(try material.run().status == 0)
    let path = "\(material.data)/private/secrets/pseudonym-key"
    let key = try Data(contentsOf: URL(filePath: path))
    try FileManager.default.removeItem(atPath: path)
    let outcome = try material.run()
    #expect(outcome.status == 78, "\(outcome.talk)")
    #expect(
      outcome.talk.contains("give the same file as before with --secret pseudonym-key=FILE"),
      "\(outcome.talk)")
    #expect(!FileManager.default.fileExists(atPath: path))
    try key.write(to: URL(filePath: path))
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
    try material.expectEverythingAccountedFor(after: material.run())
  }
}
