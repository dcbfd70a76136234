import Deidentification
import Testing

/// One way in which text hides in a file besides its pixels.
struct Carrier: Sendable, CustomTestStringConvertible {
  let name: String
  let file: [UInt8]
  var testDescription: String { name }

  init(_ name: String, _ file: [UInt8]) {
    self.name = name
    self.file = file
  }

  static func jpeg(_ name: String, _ change: (inout CraftedJPEG) -> Void) -> Carrier {
    var jpeg = CraftedJPEG()
    change(&jpeg)
    return Carrier("JPEG \(name)", jpeg.bytes())
  }

  static func jpeg(_ name: String, segment marker: UInt8, _ body: [UInt8]) -> Carrier {
    jpeg(name) { $0.planted = CraftedJPEG.segment(marker, body) }
  }

  static func png(_ name: String, _ chunk: String, _ body: [UInt8]) -> Carrier {
    Carrier("PNG \(name)", CraftedPNG(beforeData: CraftedPNG.chunk(chunk, body)).bytes)
  }

  static let jpegs: [Carrier] = {
    let canary = Canary.both
    let thumbnail = Array(repeating: UInt8(7), count: 3 * 25 - canary.count) + canary
    let unusedQuantisation: [UInt8] = [3] + Array((canary + canary).prefix(64))
    var second = CraftedJPEG()
    second.planted = CraftedJPEG.segment(0xFE, canary)
    let secondPicture = second.bytes()
    return [
      jpeg(
        "EXIF, GPS, maker note, thumbnail", segment: 0xE1, Array("Exif\0\0".utf8) + craftedExif()),
      jpeg("unreadable EXIF", segment: 0xE1, Array("Exif\0\0".utf8) + canary),
      jpeg("XMP", segment: 0xE1, Array("http://ns.adobe.com/xap/1.0/\0".utf8) + canary),
      jpeg(
        "XMP extension", segment: 0xE1, Array("http://ns.adobe.com/xmp/extension/\0".utf8) + canary),
      jpeg("unknown APP1", segment: 0xE1, canary),
      jpeg("IPTC", segment: 0xED, Array("Photoshop 3.0\0".utf8) + canary),
      jpeg("comment", segment: 0xFE, canary), jpeg("APP7", segment: 0xE7, canary),
      jpeg("APP15", segment: 0xEF, canary),
      jpeg("FlashPix", segment: 0xE2, Array("FPXR\0".utf8) + canary),
      jpeg("JFXX thumbnail", segment: 0xE0, Array("JFXX\0".utf8) + [0x11, 5, 5] + thumbnail),
      jpeg("JFIF thumbnail") {
        $0.jfif = CraftedJPEG.segment(
          0xE0, Array("JFIF\0".utf8) + [1, 1, 0, 0, 1, 0, 1, 5, 5] + thumbnail)
      },
      jpeg("second JFIF header") {
        $0.planted = CraftedJPEG.segment(0xE0, Array("JFIF\0".utf8) + canary)
      },
      jpeg("MPF second picture") {
        $0.planted = CraftedJPEG.segment(0xE2, Array("MPF\0".utf8) + canary)
        $0.afterEnd = secondPicture
      },
      jpeg("bytes after the end") { $0.afterEnd = canary },
      jpeg("bytes after the scan") { $0.afterScan = canary },
      jpeg("unused quantisation table", segment: 0xDB, unusedQuantisation),
      jpeg(
        "unused Huffman table", segment: 0xC4,
        [0x13] + Array(repeating: 0, count: 7) + [UInt8(canary.count)]
          + Array(repeating: 0, count: 8)
          + canary),
      jpeg(
        "Adobe header's tail", segment: 0xEE,
        Array("Adobe".utf8) + [0, 100, 0, 0, 0, 0, 1] + canary),
      jpeg("ICC text", segment: 0xE2, Array("ICC_PROFILE\0".utf8) + [1, 1] + craftedProfile()),
    ]
  }()

  static let pngs: [Carrier] = {
    let canary = Canary.both
    var palette = Array(repeating: UInt8(9), count: 3) + canary
    palette += Array(repeating: 0, count: 3 - palette.count % 3)
    let name = Canary.ascii + [0]
    return [
      png("tEXt", "tEXt", Array("Author\0".utf8) + canary),
      png("zTXt", "zTXt", Array("Author\0\0".utf8) + Inflate.storedZlib(canary)),
      png("iTXt", "iTXt", Array("Author\0\u{1}\0\0\0".utf8) + Inflate.storedZlib(canary)),
      png("eXIf", "eXIf", craftedExif()), png("private chunk", "prVt", canary),
      png("public unknown chunk", "spAL", canary), png("suggested palette", "sPLT", name + canary),
      png("profile name", "iCCP", name + [0] + Inflate.storedZlib(craftedProfile([1]))),
      png("profile text", "iCCP", [65, 0, 0] + Inflate.storedZlib(craftedProfile())),
      png("palette beside true colour", "PLTE", palette),
      Carrier(
        "PNG unused palette entries",
        CraftedPNG(colourType: 3, beforeData: CraftedPNG.chunk("PLTE", palette)).bytes),
      Carrier("PNG bytes after the end", CraftedPNG(afterEnd: canary).bytes),
      Carrier("PNG bytes after the stream", CraftedPNG(afterStream: canary).bytes),
      Carrier(
        "PNG text after the data",
        CraftedPNG(afterData: CraftedPNG.chunk("tEXt", Array("a\0".utf8) + canary)).bytes),
    ]
  }()

  static let tiffs: [Carrier] = {
    let texts = [
      269, 270, 271, 272, 285, 305, 306, 315, 316, 33432, 700, 33723, 34377, 65000, 37724,
    ]
    let exif = [34665, 34853, 330].map { tag in
      Carrier("TIFF field \(tag)", craftedTIFF([(tag, 4, 1, big(200, 4))], behind: Canary.both))
    }
    return texts.map { Carrier("TIFF field \($0)", craftedTIFF([textField($0)])) } + exif + [
      Carrier("TIFF strip's slack", craftedTIFF(slack: Canary.both)),
      Carrier("TIFF bytes behind", craftedTIFF(behind: Canary.both)),
      Carrier(
        "TIFF profile text",
        craftedTIFF([(34675, 7, craftedProfile().count, craftedProfile())])),
    ]
  }()
}

@Suite struct CarrierTests {
  @Test("No carrier survives", arguments: Carrier.jpegs + Carrier.pngs + Carrier.tiffs)
  func noCarrierSurvives(_ carrier: Carrier) throws {
    #expect(Canary.isIn(carrier.file), "the canary is planted")
    let scrubbed = try PhotographScrubber().scrub(carrier.file)
    #expect(!Canary.isIn(scrubbed.bytes))
    #expect(!scrubbed.report.changedNothing)
  }

  @Test(
    "The second pass changes nothing and removes nothing",
    arguments: Carrier.jpegs + Carrier.pngs + Carrier.tiffs)
  func secondPassChangesNothing(_ carrier: Carrier) throws {
    let first = try PhotographScrubber().scrub(carrier.file)
    let second = try PhotographScrubber().scrub(first.bytes)
    #expect(second.bytes == first.bytes)
    #expect(second.report.changedNothing)
  }

  @Test("The report names carriers by kind and never repeats what they hold")
  func reportNamesKinds() throws {
    for carrier in Carrier.jpegs + Carrier.pngs + Carrier.tiffs {
      let report = try PhotographScrubber().scrub(carrier.file).report
      for entry in report.entries {
        #expect(!entry.carrier.contains("CANARY"))
        #expect(RemovalRule(rawValue: entry.rule) != nil)
      }
    }
    let exif = try PhotographScrubber().scrub(Carrier.jpegs[0].file).report
    #expect(exif.entries.contains { $0.carrier == "exif.gps" && $0.action == .removed })
    #expect(exif.entries.contains { $0.carrier == "exif.thumbnail" && $0.action == .removed })
    #expect(exif.entries.contains { $0.carrier == "exif.orientation" && $0.action == .kept })
  }

  @Test("The display orientation survives alone", arguments: 1...8)
  func orientationSurvives(_ orientation: Int) throws {
    var jpeg = CraftedJPEG()
    jpeg.planted = CraftedJPEG.segment(
      0xE1, Array("Exif\0\0".utf8) + craftedExif(orientation: orientation))
    let scrubbed = try PhotographScrubber().scrub(jpeg.bytes()).bytes
    let minimal =
      Array("Exif\0\0MM\0\u{2A}\0\0\0\u{8}\0\u{1}\u{1}\u{12}\0\u{3}\0\0\0\u{1}\0".utf8)
      + [UInt8(orientation), 0, 0, 0, 0, 0, 0]
    let start = scrubbed.indices.first { scrubbed[$0...].starts(with: minimal) }
    #expect((start != nil) == (orientation != 1))
  }
}
