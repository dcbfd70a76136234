import Deidentification
import Testing

@Suite struct PseudonymKeyTests {
  private let secret = Array(repeating: UInt8(ascii: "k"), count: 32)

  @Test("A reference is the same for the same text, and another for anything else")
  func referencesDependOnEverything() throws {
    let key = try PseudonymKey(secret: secret)
    let other = try PseudonymKey(secret: secret + [1])
    let reference = key.reference(to: "01-001", for: .subject, in: "S1")
    #expect(key.reference(to: "01-001", for: .subject, in: "S1") == reference)
    let different = [
      key.reference(to: "01-002", for: .subject, in: "S1"),
      key.reference(to: "01-001", for: .acquisition, in: "S1"),
      key.reference(to: "01-001", for: .pictureName, in: "S1"),
      key.reference(to: "01-001", for: .subject, in: "S2"),
      other.reference(to: "01-001", for: .subject, in: "S1"),
      key.combined(with: [7]).reference(to: "01-001", for: .subject, in: "S1"),
    ]
    #expect(Set(different + [reference]).count == different.count + 1)
  }

  @Test("A reference is 16 plain characters that hold no part of the text")
  func referencesArePlain() throws {
    let key = try PseudonymKey(secret: secret)
    for subject in 0..<500 {
      let reference = key.reference(to: "01-\(subject)", for: .subject, in: "S1")
      #expect(reference.count == 16)
      #expect(reference.allSatisfy { "0123456789abcdefghjkmnpqrstvwxyz".contains($0) })
    }
  }

  @Test("A line end behind the secret is not part of it, and a short one is refused")
  func secretFiles() throws {
    let key = try PseudonymKey(secret: secret)
    #expect(try PseudonymKey(secret: secret + [10]).identifier == key.identifier)
    #expect(throws: PseudonymKey.TooShort.self) { try PseudonymKey(secret: [1, 2, 3]) }
    #expect(throws: PseudonymKey.TooShort.self) {
      try PseudonymKey(secret: Array(repeating: 10, count: 64))
    }
  }
}
