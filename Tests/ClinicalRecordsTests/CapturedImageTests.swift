import ClinicalRecords
import Foundation
import Testing

/// What is kept of a capture, in its canonical text.
@Suite struct CapturedImageTests {
  private static let digest = ContentDigest(bytes: Array(0..<32))
  private static let fromFile = """
    {"acquisition":{"study":"open","subject":"S1","visit":"BL","session":"D0","region":"VX",\
    "side":"unknown","placement":1,"field":1,"attempt":1},"original":{"sha256":"\(digest.hexadecimal)",\
    "byteCount":3,"mediaType":"image/jpeg"},"fileName":"a.jpg","date":"2026-03-01"}
    """

  private static func image(at time: CaptureTime?) -> CapturedImage {
    CapturedImage(
      acquisition: AcquisitionKey(study: "open", subject: "S1", visit: "BL", region: "VX"),
      original: StoredContent(bytes: [1, 2, 3], sha256: digest, mediaType: "image/jpeg"),
      fileName: "a.jpg", date: CalendarDate(year: 2026, month: 3, day: 1), capturedAt: time)
  }

  private func text(_ image: CapturedImage) throws -> String {
    String(decoding: try CanonicalJSONEncoder().encode(image), as: UTF8.self)
  }

  // A picture from a file would otherwise count as another one, and all of it be measured again.
  @Test func aPictureFromAFileIsWrittenAsBeforeThereWasATimeOfCapture() throws {
    #expect(try text(Self.image(at: nil)) == Self.fromFile)
    let folder = FileManager.default.temporaryDirectory.path
    let read = try RecordDecoder(contentFolder: folder).decode(
      CapturedImage.self, from: Array(Self.fromFile.utf8))
    #expect(read.capturedAt == nil)
  }

  @Test func theTimeOfACaptureIsKeptToTheMillisecond() throws {
    let time = CaptureTime(secondsSince1970: 1_774_000_000.123_456)
    let written = try text(Self.image(at: time))
    #expect(written.contains(#","capturedAt":{"secondsSince1970":1774000000.123}"#), "\(written)")
    let folder = FileManager.default.temporaryDirectory.path
    let read = try RecordDecoder(contentFolder: folder).decode(
      CapturedImage.self, from: Array(written.utf8))
    #expect(read.capturedAt == time)
  }
}
