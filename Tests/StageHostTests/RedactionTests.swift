import ClinicalRecords
import StageHost
import Testing

@Suite("what a stage's process says")
struct RedactionTests {
  private func redaction() -> Redaction {
    let redaction = Redaction(secrets: ["s3cr3t-key"])
    redaction.hold(
      Array(#"{"subject":"P-017","file":"Jane Doe.jpg","day":"2024-03-25","v":"V1","n":12}"#.utf8),
      identity: RecordIdentity("anagen.captured-image:trial/P-017/V1/D0/VX/left/1/1/1"))
    return redaction
  }

  @Test(arguments: [
    ("opened Jane Doe.jpg", "opened [redacted]"), ("opened jane doe", "opened [redacted]"),
    ("subject=P-017, day 2024-03-25", "subject=[redacted], day [redacted]"),
    ("the key is s3cr3t-key", "the key is [redacted]"), ("V1", "[redacted]"),
    ("V10 is another visit", "V10 is another visit"), ("12 hairs", "12 hairs"),
  ])
  func `loses every text of the record in hand`(said: String, shown: String) {
    #expect(redaction().redacted(said) == shown)
  }

  @Test(arguments: [("p_017", true), ("bad_017", true), ("no_file", false), ("vx_missing", false)])
  func `a code that names the subject is found`(code: String, names: Bool) {
    #expect(redaction().names(code) == names)
  }

  @Test func `is cut at 500 characters and one line`() {
    let line = redaction().redacted("a\u{2028}b" + String(repeating: "x", count: 5000))
    #expect(line.count <= 500)
    #expect(!line.contains { $0.isNewline })
  }
}
