import Deidentification
import Foundation
import Testing

/// What `anagen deidentify check` finds in a file of anybody's.
@Suite struct FileCheckTests {
  private static let name = "Wanda Müstermann"

  private func check(
    _ bytes: [UInt8], for texts: [String] = [name], at path: String = "a/b.bin"
  ) throws -> [CheckFinding] {
    FileCheck(
      for: try texts.enumerated().map { index, text in
        try #require(ExpectedText(text, named: "text \(index + 1)"))
      }
    ).check(bytes, at: path)
  }

  private func textsFound(_ bytes: [UInt8], for texts: [String] = [name]) throws -> [String] {
    try check(bytes, for: texts).filter { $0.code == .text }.map(\.what)
  }

  @Test(
    "Every carrier of a photograph is found without a text being asked for",
    arguments: Carrier.jpegs + Carrier.pngs + Carrier.tiffs)
  func everyCarrierIsFound(_ carrier: Carrier) throws {
    let findings = try check(carrier.file, for: [])
    #expect(
      findings.contains { $0.code == .carrier || $0.code == .notUnderstood }, "\(findings)")
  }

  @Test("What every program writes and has no room for a word is no finding")
  func plainHeadersAreNone() throws {
    var jpeg = CraftedJPEG()
    #expect(try check(jpeg.bytes(), for: []).isEmpty)
    #expect(try check(CraftedPNG().bytes, for: []).isEmpty)
  }

  @Test("A released photograph holds nothing")
  func aReleasedPhotographHoldsNothing() throws {
    for carrier in [Carrier.jpegs[0], Carrier.pngs[0], Carrier.tiffs[0]] {
      let released = try PhotographScrubber().scrub(carrier.file).bytes
      #expect(try check(released, for: [Canary.text]).isEmpty, "\(carrier.name)")
    }
  }

  @Test("A text is found in each form of writing, in either case")
  func eachFormOfWriting() throws {
    let upper = Self.name.uppercased()
    let latin: [UInt8] = upper.unicodeScalars.map { UInt8($0.value) }
    let low: [UInt8] = upper.utf16.flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] }
    let high: [UInt8] = upper.utf16.flatMap { [UInt8($0 >> 8), UInt8($0 & 255)] }
    let forms: [([UInt8], String)] = [
      (Array(upper.utf8), "UTF-8"), (latin, "Latin-1"), (low, "UTF-16"),
      (high, "UTF-16, high byte first"),
    ]
    for (text, form) in forms {
      let found = try textsFound([1, 2, 3] + text + [1])
      #expect(found == ["text 1, as \(form), at byte 3"], "\(form)")
    }
  }

  @Test("A text is found in what is packed or coded, also four levels deep")
  func packedAndCoded() throws {
    let text = Array("xx \(Self.name) xx".utf8)
    let zlib = Inflate.storedZlib(text)
    let base64 = Array(Data(text).base64EncodedString().utf8)
    #expect(try textsFound([9] + zlib).count == 1)
    #expect(try textsFound(base64).count == 1)
    #expect(try textsFound(Array("key".utf8) + base64).count == 1, "glued to a word")
    #expect(try textsFound(lines(base64)).count == 1, "in lines")
    let deep = Array(Data(Inflate.storedZlib(base64)).base64EncodedString().utf8)
    #expect(try textsFound(Inflate.storedZlib(deep)).count == 1)
  }

  @Test("A text is found in gzip and ZIP files as programs write them")
  func packedFiles() throws {
    // `printf 'Wanda Muestermann' | gzip -9n`, and the same stream in a ZIP's local header.
    let stream: [UInt8] = [
      0x0B, 0x4F, 0xCC, 0x4B, 0x49, 0x54, 0xF0, 0x2D, 0x4D, 0x2D, 0x2E, 0x49, 0x2D, 0xCA, 0x4D,
      0xCC, 0xCB, 0x03, 0x00,
    ]
    let name = Array("a.txt".utf8)
    let gzip: [UInt8] = [0x1F, 0x8B, 8, 8, 0, 0, 0, 0, 2, 3] + name + [0] + stream
    var zip: [UInt8] = [0x50, 0x4B, 3, 4, 20, 0, 0, 0, 8, 0]
    zip += [UInt8](repeating: 0, count: 16) + [5, 0, 0, 0] + name + stream
    for file in [gzip, zip] {
      #expect(try textsFound(file, for: ["wanda muestermann"]).count == 1)
    }
  }

  @Test("A short text is found as a word, not within one")
  func shortTextsAreWords() throws {
    #expect(try textsFound(Array("Mrs Lee came".utf8), for: ["Lee"]).count == 1)
    #expect(try textsFound(Array("she fell asleep".utf8), for: ["Lee"]).isEmpty)
    #expect(ExpectedText("Li", named: "") == nil)
  }

  @Test("A file's name and its folders' are searched")
  func namesAreSearched() throws {
    let findings = try check([], for: ["Wanda"], at: "out/wanda_VX/0001.jpg")
    #expect(findings.map(\.what) == ["text 1, in the file's name or that of its folder"])
  }

  @Test("A photograph inside a report and inside DICOM is held against the same list")
  func photographsInside() throws {
    let picture = Carrier.jpegs[0].file
    let page = Array(
      "<img src=\"data:image/jpeg;base64,\(Data(picture).base64EncodedString())\">".utf8)
    #expect(try check(page, for: []).contains { $0.code == .carrier && $0.what.contains("base64") })
    let even = picture + (picture.count % 2 == 0 ? [] : [0])
    let size = (0..<4).map { UInt8(even.count >> (8 * $0) & 255) }
    var dicom = [UInt8](repeating: 0, count: 128) + Array("DICM".utf8)
    dicom += [0xFE, 0xFF, 0x00, 0xE0] + size + even
    let findings = try check(dicom, for: [])
    #expect(
      findings.contains { $0.code == .carrier && $0.what.contains("in the frame at byte 140") })
    #expect(findings.contains { $0.code == .notUnderstood && $0.what.contains("DICOM") })
  }

  @Test("What is not understood is said, never passed")
  func notUnderstood() throws {
    let heic: [UInt8] = [0, 0, 0, 24] + Array("ftypheic".utf8) + [UInt8](repeating: 0, count: 12)
    #expect(try check(heic, for: []).map(\.what) == ["HEIC file: only searched for texts"])
    #expect(try check(Array("a,b\n1,2\n".utf8), for: []).isEmpty)
    #expect(
      try check(Array(Carrier.jpegs[0].file.dropLast(9)), for: []).map(\.code) == [
        .notUnderstood
      ])
  }

  @Test("No finding holds a byte of the file")
  func findingsAreSilent() throws {
    for carrier in Carrier.jpegs + Carrier.pngs + Carrier.tiffs {
      for finding in try check(carrier.file, for: [Canary.text]) {
        #expect(!finding.what.contains(Canary.text))
      }
    }
  }

  private func lines(_ text: [UInt8]) -> [UInt8] {
    stride(from: 0, to: text.count, by: 8).flatMap { start in
      Array(text[start..<min(start + 8, text.count)]) + [13, 10]
    }
  }
}
