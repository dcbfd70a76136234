import ImageCodecs
import Imaging
import Testing

@Suite("What cannot be read is refused by name")
struct RefusalTests {
  /// Decoding fails with this code, and the message names `word`.
  private func expectRefusal(
    _ file: [UInt8], _ code: ImageCodecError.Code, naming word: String = "",
    limits: DecodingLimits = DecodingLimits(), headerToo: Bool = false
  ) {
    func check(_ error: any Error) {
      guard let error = error as? ImageCodecError else {
        Issue.record("another error: \(error)")
        return
      }
      #expect(error.code == code)
      #expect(error.description.contains(word), "\(error)")
      #expect(!error.hint.isEmpty)
    }
    do {
      _ = try ImageDecoder(limits: limits).decode(file)
      Issue.record("it was decoded")
    } catch { check(error) }
    guard headerToo else { return }
    do {
      _ = try ImageDecoder(limits: limits).inspect(file)
      Issue.record("its header was taken")
    } catch { check(error) }
  }

  static let foreign: [(String, [UInt8])] = [
    ("HEIC", [0, 0, 0, 24] + "ftypheic\0\0\0\0".utf8), ("HEIC", [0, 0, 0, 24] + "ftyphevc".utf8),
    ("HEIF", [0, 0, 0, 24] + "ftypmif1\0\0\0\0".utf8), ("AVIF", [0, 0, 0, 24] + "ftypavif".utf8),
    ("WebP", Array("RIFF".utf8) + [1, 2, 3, 4] + "WEBPVP8 ".utf8), ("GIF", Array("GIF89a".utf8)),
    ("BMP", Array("BM".utf8) + [9, 9, 9, 9, 0, 0, 0, 0]),
    ("RAW (CR2)", [0x49, 0x49, 0x2A, 0, 16, 0, 0, 0] + "CR".utf8),
    ("RAW (CR3)", [0, 0, 0, 24] + "ftypcrx ".utf8), ("RAW (RAF)", Array("FUJIFILMCCD-RAW ".utf8)),
    ("JPEG XL", [0xFF, 0x0A, 1, 2]), ("JPEG 2000", [0, 0, 0, 12] + "jP  \r\n".utf8),
    ("DICOM", Array(repeating: 0, count: 128) + "DICM".utf8), ("PDF", Array("%PDF-1.7".utf8)),
    ("web page", Array("<!DOCTYPE html>".utf8)), ("Photoshop", Array("8BPS\0\u{1}".utf8)),
  ]

  @Test("Other formats are named, with what to do", arguments: foreign)
  func foreignFormats(name: String, file: [UInt8]) {
    expectRefusal(file, .unsupportedFormat, naming: name, headerToo: true)
  }

  @Test("Nothing, noise and text are refused")
  func noPictures() {
    expectRefusal([], .empty, naming: "zero bytes", headerToo: true)
    expectRefusal(Array("not a picture".utf8), .unknownFormat, headerToo: true)
    expectRefusal([0xFF], .unknownFormat, headerToo: true)
    expectRefusal([0xFF, 0xD8, 0xFF], .truncated, headerToo: true)
    expectRefusal(PNGBuilder.signature, .truncated, headerToo: true)
    expectRefusal([0x49, 0x49, 0x2A, 0], .corrupt, headerToo: true)
  }

  @Test("CMYK, twelve-bit and lossless JPEG are named")
  func jpegKinds() throws {
    expectRefusal(
      JPEGSurgery.headerOnly(components: 4), .unsupportedContent, naming: "CMYK", headerToo: true)
    let file = try JPEGEncoder().encode(TestPicture.eight(width: 16, height: 16, channels: 1))
    let frame = JPEGSurgery.frameHeader(in: file)
    var twelve = file
    twelve[frame + 4] = 12
    expectRefusal(twelve, .unsupportedContent, naming: "12", headerToo: true)
    var lossless = file
    lossless[frame + 1] = 0xC3
    expectRefusal(lossless, .unsupportedContent, headerToo: true)
  }

  @Test("TIFF kinds that are not measured are named")
  func tiffKinds() {
    func refuse(_ builder: TIFFBuilder, _ code: ImageCodecError.Code, _ word: String) {
      let file = builder.file { _, _ in Array(repeating: 1, count: builder.samples) }
      expectRefusal(file, code, naming: word, headerToo: true)
    }
    let plain = TIFFBuilder(width: 8, height: 8)
    var cmyk = plain
    cmyk.samples = 4
    cmyk.photometric = 5
    refuse(cmyk, .unsupportedContent, "CMYK")
    var raw = plain
    raw.extra = [(50706, 7, [1, 4, 0, 0])]
    refuse(raw, .unsupportedFormat, "RAW")
    var filterArray = plain
    filterArray.photometric = 32803
    refuse(filterArray, .unsupportedFormat, "RAW")
    var thumbnail = plain
    thumbnail.extra = [(254, 4, [1])]
    refuse(thumbnail, .unsupportedFormat, "RAW")
    var float = plain
    float.extra = [(339, 3, [3])]
    refuse(float, .unsupportedContent, "floating")
    var lab = plain
    lab.samples = 3
    lab.photometric = 8
    refuse(lab, .unsupportedContent, "colour kind 8")
  }

  @Test("Half a picture is an error at every length", arguments: [false, true])
  func truncation(progressive: Bool) throws {
    let picture = TestPicture.eight(width: 64, height: 64, channels: 3)
    let jpeg = try JPEGEncoder(progressive: progressive).encode(picture)
    let png = try PNGEncoder().encode(picture)
    for share in 1...19 {
      for file in [jpeg, png] {
        let cut = Array(file.prefix(file.count * share / 20))
        #expect(throws: ImageCodecError.self) { try ImageDecoder().decode(cut) }
      }
    }
    expectRefusal(Array(jpeg.dropLast(2)), .truncated, naming: "half a picture")
    expectRefusal(Array(png.dropLast(12)), .truncated, naming: "half a picture")
    let tiff = TIFFBuilder(width: 64, height: 64, bigEndian: true).file { x, y in [x + y] }
    var cutStrip = tiff
    cutStrip.removeSubrange(200..<900)
    #expect(throws: ImageCodecError.self) { try ImageDecoder().decode(cutStrip) }
  }

  @Test("30,000 x 30,000 is refused from the header, in every format")
  func tooLarge() throws {
    let small = TestPicture.eight(width: 16, height: 16, channels: 3)
    let jpeg = JPEGSurgery.claiming(
      width: 30_000, height: 30_000, in: try JPEGEncoder().encode(small))
    let png = PNGBuilder(width: 30_000, height: 30_000).file(rows: [0, 0])
    var large = TIFFBuilder(width: 8, height: 8)
    large.extra = []
    var tiff = large.file { _, _ in [0] }
    for offset in tiff.indices.dropLast(12)
    where tiff[offset + 1] == 1 && [0, 1].contains(tiff[offset]) && tiff[offset + 2] == 4
      && tiff[offset + 4] == 1
    {
      tiff.replaceSubrange(offset + 8..<offset + 12, with: [0x30, 0x75, 0, 0])
    }
    for file in [jpeg, png, tiff] {
      expectRefusal(file, .tooLarge, naming: "30000 x 30000", headerToo: true)
    }
  }

  @Test("A limit is the caller's to set, and holds to the pixel")
  func limits() throws {
    let file = try PNGEncoder().encode(TestPicture.eight(width: 10, height: 10, channels: 1))
    expectRefusal(file, .tooLarge, limits: DecodingLimits(pixels: 99), headerToo: true)
    #expect(try ImageDecoder(limits: DecodingLimits(pixels: 100)).decode(file).width == 10)
  }

  @Test("A progressive JPEG of more scans than allowed is refused")
  func scans() throws {
    let picture = TestPicture.eight(width: 64, height: 64, channels: 3)
    let file = try JPEGEncoder(progressive: true).encode(picture)
    expectRefusal(file, .tooManyScans, limits: DecodingLimits(scans: 5))
    expectRefusal(file, .tooManyScans, limits: DecodingLimits(scannedPixels: 5 * 64 * 64))
    #expect(try ImageDecoder(limits: DecodingLimits(scans: 10)).decode(file).width == 64)
  }
}
