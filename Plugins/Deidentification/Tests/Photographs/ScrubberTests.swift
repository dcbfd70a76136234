import Deidentification
import StageKit
import Testing

@Suite struct ScrubberTests {
  @Test(
    "The entropy-coded data of a JPEG leaves byte by byte as it came",
    arguments: [(true, false, 0), (true, false, 2), (false, false, 0), (false, true, 0)])
  func entropyCodedDataStays(colour: Bool, progressive: Bool, restarts: Int) throws {
    var jpeg = CraftedJPEG()
    (jpeg.colour, jpeg.isProgressive, jpeg.restartInterval) = (colour, progressive, restarts)
    jpeg.planted = CraftedJPEG.segment(0xFE, Canary.both)
    let scrubbed = try PhotographScrubber().scrub(jpeg.bytes()).bytes
    var position = scrubbed.startIndex
    for scan in jpeg.scans {
      let found = (position..<scrubbed.count).first { scrubbed[$0...].starts(with: scan) }
      position = try #require(found) + scan.count
    }
    #expect(Array(scrubbed[position...]) == [0xFF, 0xD9])
  }

  @Test("A JPEG that is nothing but its picture leaves with a mark, not under its own digest")
  func cleanJPEG() throws {
    var jpeg = CraftedJPEG()
    let marked = try PhotographScrubber().scrub(jpeg.bytes()).bytes
    let mark = CraftedJPEG.segment(0xFE, Array("anagen".utf8))
    let start = try #require(marked.indices.first { marked[$0...].starts(with: mark) })
    let clean = Array(marked[..<start] + marked[(start + mark.count)...])
    #expect(try PhotographScrubber().scrub(clean).bytes == marked && clean != marked)
  }

  @Test("Padding of zeros turns to ones, and the data before it stays")
  func paddingIsOnes() throws {
    var jpeg = CraftedJPEG()
    let file = jpeg.bytes()
    let scan = try #require(jpeg.scans.first)
    let last = file.count - 3
    var padded = 0
    while file[last] >> UInt8(padded) & 1 == 1 { padded += 1 }
    guard padded > 1, file[last] != 0 else { return }
    var changed = file
    changed[last] &= ~1
    let scrubbed = try PhotographScrubber().scrub(changed)
    #expect(scrubbed.bytes.suffix(scan.count + 2) == file.suffix(scan.count + 2))
    #expect(scrubbed.report.entries.contains { $0.carrier == "jpeg.padding" })
  }

  @Test(
    "What cannot be vouched for is refused by name",
    arguments: [
      ("empty", [], PhotographRefusal.Code.unsupportedFormat),
      ("GIF", Array("GIF89a".utf8), .unsupportedFormat),
      ("HEIC", [0, 0, 0, 24] + Array("ftypheic".utf8), .unsupportedFormat),
      ("arithmetic", frame(0xC9), .unsupportedFormat),
      ("lossless", frame(0xC3), .unsupportedFormat),
      ("hierarchical", frame(0xC5), .unsupportedFormat),
      ("CMYK", frame(0xC0, channels: 4), .unsupportedFormat),
      ("12 bits", frame(0xC1, depth: 12), .unsupportedFormat),
      ("vast", frame(0xC0, width: 65000, height: 65000), .tooLarge),
      ("vast and empty", frame(0xC2, width: 16000, height: 16000), .truncated),
      ("see-through PNG", CraftedPNG(colourType: 6, alpha: 254).bytes, .transparency),
      (
        "colour key", CraftedPNG(beforeData: CraftedPNG.chunk("tRNS", [0, 1, 0, 1, 0, 1])).bytes,
        .transparency
      ),
      (
        "animation", CraftedPNG(beforeData: CraftedPNG.chunk("acTL", big(2, 8))).bytes,
        .severalPictures
      ),
      (
        "critical chunk", CraftedPNG(beforeData: CraftedPNG.chunk("NEWx", [])).bytes,
        .unsupportedFormat
      ),
      (
        "linear PNG", CraftedPNG(beforeData: CraftedPNG.chunk("gAMA", big(100000, 4))).bytes,
        .unknownColourProfile
      ),
      ("wide JPEG colours", unknownProfile(), .unknownColourProfile),
      ("TIFF tiles", craftedTIFF([(322, 3, 1, big(16, 2))]), .unsupportedFormat),
      ("TIFF alpha", craftedTIFF([(338, 3, 1, big(1, 2))]), .transparency),
      ("TIFF of JPEG", craftedTIFF([(259, 3, 1, big(7, 2))]), .unsupportedFormat),
    ] as [(String, [UInt8], PhotographRefusal.Code)])
  func refusedByName(name: String, file: [UInt8], code: PhotographRefusal.Code) {
    let refusal = #expect(throws: PhotographRefusal.self) { try PhotographScrubber().scrub(file) }
    #expect(refusal?.code == code, "\(name): \(refusal?.description ?? "passed")")
  }

  @Test("A second page of a TIFF is refused")
  func secondPageIsRefused() {
    var file = craftedTIFF()
    let count = Int(file[9])
    file.replaceSubrange(10 + 12 * count..<14 + 12 * count, with: big(8, 4))
    let refusal = #expect(throws: PhotographRefusal.self) { try PhotographScrubber().scrub(file) }
    #expect(refusal?.code == .severalPictures)
  }

  @Test("A file cut anywhere is refused, or cut behind its picture")
  func cutAnywhere() throws {
    var jpeg = CraftedJPEG()
    for whole in [jpeg.bytes(), CraftedPNG().bytes, craftedTIFF()] {
      let expected = try PhotographScrubber().scrub(whole).bytes
      for length in 0..<whole.count {
        do {
          let scrubbed = try PhotographScrubber().scrub(Array(whole[..<length]))
          #expect(scrubbed.bytes == expected)
        } catch {}
      }
    }
  }

  @Test("A known wide colour space leaves in a profile made here, again and again the same")
  func wideColourSpaceStays() throws {
    var profile = craftedProfile()
    let displayP3 = [0.5151, 0.2412, -0.0011, 0.2920, 0.6922, 0.0419, 0.1571, 0.0666, 0.7841]
    for (index, value) in displayP3.enumerated() {
      let start = 132 + 12 * 7 + 20 * (index / 3) + 8 + 4 * (index % 3)
      profile.replaceSubrange(start..<start + 4, with: big(Int((value * 65536).rounded()), 4))
    }
    var jpeg = CraftedJPEG()
    jpeg.planted = CraftedJPEG.segment(0xE2, Array("ICC_PROFILE\0".utf8) + [1, 1] + profile)
    let png = CraftedPNG(
      beforeData: CraftedPNG.chunk("iCCP", [65, 0, 0] + Inflate.storedZlib(profile)))
    let tiff = craftedTIFF([(34675, 7, profile.count, profile)])
    for file in [jpeg.bytes(), png.bytes, tiff] {
      let first = try PhotographScrubber().scrub(file)
      #expect(!Canary.isIn(first.bytes))
      #expect(first.report.entries.contains { $0.rule == RemovalRule.canonicalColour.rawValue })
      let second = try PhotographScrubber().scrub(first.bytes)
      #expect(second.bytes == first.bytes)
      #expect(second.report.changedNothing)
    }
  }

  @Test("Broken files are refused or made whole, and never crash, hang or pass changed")
  func mutations() throws {
    var grey = CraftedJPEG()
    (grey.colour, grey.isProgressive) = (false, true)
    var restarts = CraftedJPEG()
    restarts.restartInterval = 2
    let files =
      [grey.bytes(), restarts.bytes()] + (Carrier.jpegs + Carrier.pngs + Carrier.tiffs).map(\.file)
    var random = SeededGenerator(seed: 7)
    var passed = 0
    for file in files {
      for _ in 0..<1000 {
        let mutant = mutated(file, &random)
        do {
          let scrubbed = try PhotographScrubber().scrub(mutant)
          let again = try PhotographScrubber().scrub(scrubbed.bytes)
          #expect(again.bytes == scrubbed.bytes)
          #expect(again.report.changedNothing)
          passed += 1
        } catch {}
      }
    }
    #expect(passed > 0)
  }

  private func mutated(_ file: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
    var bytes = file
    for _ in 0...Int.random(in: 0...3, using: &random) {
      let position = Int.random(in: 0..<max(1, bytes.count), using: &random)
      guard position < bytes.count else { continue }
      switch Int.random(in: 0...5, using: &random) {
      case 0: bytes[position] ^= 1 << UInt8.random(in: 0...7, using: &random)
      case 1: bytes[position] = .random(in: 0...255, using: &random)
      case 2: bytes[position] = 0xFF
      case 3: bytes.removeSubrange(position..<min(bytes.count, position + 5))
      case 4: bytes.insert(contentsOf: bytes[position...].prefix(9), at: position)
      default: bytes.removeLast(min(bytes.count - 1, bytes.count - position) / 4)
      }
    }
    // Most mutants of a PNG would end at a check sum: half of them get new ones.
    return Bool.random(using: &random) ? withCheckSums(bytes) : bytes
  }

  private func withCheckSums(_ file: [UInt8]) -> [UInt8] {
    guard file.count > 8, file[1] == 0x50 else { return file }
    var bytes = file
    var position = 8
    while position + 12 <= bytes.count {
      let size = bytes[position..<position + 4].reduce(0) { $0 << 8 | Int($1) }
      guard size <= bytes.count - position - 12 else { break }
      let end = position + 8 + size
      let sum = CRC32.value(of: bytes[position + 4..<end])
      bytes.replaceSubrange(end..<end + 4, with: big(sum, 4))
      position = end + 4
    }
    return bytes
  }
}

/// A file that ends behind a frame header.
private func frame(
  _ marker: UInt8, width: Int = 16, height: Int = 16, channels: Int = 1, depth: Int = 8
) -> [UInt8] {
  var body: [UInt8] = [UInt8(depth)] + big(height, 2) + big(width, 2) + [UInt8(channels)]
  for channel in 0..<channels { body += [UInt8(channel + 1), 0x11, 0] }
  return [0xFF, 0xD8] + CraftedJPEG.segment(marker, body) + [0xFF, 0xD9]
}

private func unknownProfile() -> [UInt8] {
  var profile = craftedProfile()
  // The red primary moved far outside every known space.
  profile.replaceSubrange(132 + 12 * 7 + 8..<132 + 12 * 7 + 12, with: big(0xC000, 4))
  var jpeg = CraftedJPEG()
  jpeg.planted = CraftedJPEG.segment(0xE2, Array("ICC_PROFILE\0".utf8) + [1, 1] + profile)
  return jpeg.bytes()
}
