import Foundation
import Testing

/// A picture that cannot be measured is set aside with its cause and remedy; its neighbours are
/// measured.
struct BadPictureTests {
  /// A picture, and what is said of it.
  struct Case: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let file: String
    let bytes: @Sendable () throws -> [UInt8]
    let stage: String
    let reason: String
    let message: String
    let hint: String
    /// What `measure` says instead, where its limits are others.
    var measured: String?
  }

  static let cases = [
    Case(
      testDescription: "a JPEG that ends in its middle", file: "half.jpg",
      bytes: {
        let whole = try Photographs.jpeg(7)
        return Array(whole[..<(whole.count / 2)])
      }, stage: "calibrate", reason: "truncated", message: "ends before the picture does",
      hint: "copy the file again"),
    Case(
      testDescription: "a file of zero bytes", file: "empty.jpg", bytes: { [] },
      stage: "calibrate", reason: "empty", message: "the file is empty (zero bytes)",
      hint: "copy it again from the camera"),
    Case(
      testDescription: "words under a picture's name", file: "words.png",
      bytes: { Array("dear colleague\n".utf8) }, stage: "calibrate", reason: "unknown_format",
      message: "the content is no picture that is known", hint: "export it as JPEG, PNG or TIFF"),
    Case(
      testDescription: "a picture of 1 x 1", file: "one.png", bytes: { try Photographs.onePixel() },
      stage: "analyse", reason: "field_too_small",
      message: "the picture has 1 x 1 pixels, less than 0.5 mm of skin", hint: "check the scale"),
    Case(
      testDescription: "a header that states 30,000 x 30,000", file: "hollow.png",
      bytes: { PNGFile.hollow(width: 30_000, height: 30_000) }, stage: "calibrate",
      reason: "too_large", message: "30000 x 30000 pixels is above the limit of 24 megapixels",
      hint: "crop the picture to the scalp, or raise 'max_megapixels' of this stage",
      measured: "above the limit of 120 megapixels; crop the picture to the scalp"),
    Case(
      testDescription: "a real black picture of 30,000 x 30,000", file: "black.png",
      bytes: { PNGFile.black(width: 30_000, height: 30_000) }, stage: "calibrate",
      reason: "too_large", message: "30000 x 30000 pixels is above the limit of 24 megapixels",
      hint: "crop the picture to the scalp, or raise 'max_megapixels' of this stage",
      measured: "above the limit of 120 megapixels; crop the picture to the scalp"),
  ]

  @Test(arguments: cases)
  func itIsSetAsideWithCauseAndRemedy(_ bad: Case) throws {
    let material = try Material(good: 2)
    try material.add(bad.bytes(), named: bad.file, subject: "S2")
    try material.writeManifest()
    let outcome = try material.run()
    #expect(outcome.status == 1, "\(outcome.talk)")
    try material.expectEverythingAccountedFor(after: outcome)
    let setAside = try material.setAside()
    #expect(setAside.map(\.identity) == material.rows.suffix(1).map(\.identity))
    #expect(setAside.first?.failure.stage == bad.stage)
    #expect(setAside.first?.failure.reason == bad.reason)
    #expect(setAside.first?.failure.message.contains(bad.message) == true, "\(setAside)")
    #expect(setAside.first?.failure.hint.contains(bad.hint) == true, "\(setAside)")
  }

  @Test(arguments: cases)
  func measureSaysTheSame(_ bad: Case) throws {
    let material = try Material()
    try material.put(bad.bytes(), named: bad.file)
    let outcome = try material.command([
      "measure", "\(material.images)/\(bad.file)", "--um-per-px", "5",
    ])
    #expect(outcome.status == 65, "\(outcome.talk)")
    #expect(outcome.results.isEmpty)
    #expect(
      outcome.talk.contains("error: \(material.images)/\(bad.file): "), "\(outcome.talk)")
    #expect(
      outcome.talk.contains(bad.measured ?? "\(bad.message)"), "\(outcome.talk)")
    if bad.measured == nil { #expect(outcome.talk.contains("; \(bad.hint)"), "\(outcome.talk)") }
  }

  @Test func aPNGThatIsCalledJPEGIsReadForWhatItIs() throws {
    let material = try Material()
    try material.add(Photographs.png(1), named: "\(Photographs.name).jpg")
    try material.writeManifest()
    let outcome = try material.run()
    #expect(outcome.status == 0, "\(outcome.talk)")
    try material.expectEverythingAccountedFor(after: outcome)
    let released = try FileManager.default.contentsOfDirectory(atPath: "\(material.data)/pictures")
    #expect(released.map { $0.hasSuffix(".png") } == [true])
    let measured = try material.command([
      "measure", "\(material.images)/\(Photographs.name).jpg", "--um-per-px", "5", "--no-overlay",
    ])
    #expect(measured.status == 0)
    #expect(measured.talk.contains("the content is PNG, the name ends in .jpg"))
  }

  @Test func aPictureThatWasCopiedAgainTakesThePlaceOfItsHalf() throws {
    let material = try Material(good: 2)
    let whole = try Photographs.jpeg(5)
    try material.add(Array(whole[..<2000]), named: "late.jpg", subject: "S2")
    try material.writeManifest()
    #expect(try material.run().status == 1)
    try material.put(whole, named: "late.jpg")
    let outcome = try material.run()
    #expect(outcome.status == 0, "\(outcome.talk)")
    try material.expectEverythingAccountedFor(after: outcome)
  }
}
