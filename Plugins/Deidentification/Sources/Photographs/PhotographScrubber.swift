/// The file formats that a photograph may have when it leaves.
public enum PhotographFormat: String, Sendable, Codable, CaseIterable {
  /// Baseline, extended sequential or progressive, Huffman coded, 8 bits, grey or three channels.
  case jpeg
  /// Any colour type and depth, opaque.
  case png
  /// One page in strips, grey or RGB, 8 or 16 bits.
  case tiff

  /// The media type.
  public var mediaType: String { "image/\(rawValue)" }

  /// The usual extension of a file name, without the dot.
  public var fileExtension: String {
    switch self {
    case .jpeg: "jpg"
    case .png: "png"
    case .tiff: "tif"
    }
  }

  /// Tells the format from the first bytes; a file's name is never asked.
  ///
  /// - Throws: ``PhotographRefusal`` with code `unsupportedFormat`, naming the format when it is a
  ///   known one that is not let out.
  public init(of bytes: [UInt8]) throws(PhotographRefusal) {
    if bytes.starts(with: [0xFF, 0xD8, 0xFF]) {
      self = .jpeg
    } else if bytes.starts(with: PNGScrubber.signature) {
      self = .png
    } else if bytes.starts(with: [0x49, 0x49, 42, 0]) || bytes.starts(with: [0x4D, 0x4D, 0, 42]) {
      self = .tiff
    } else {
      throw .unsupported(PhotographFormat.nameOfRefused(bytes))
    }
  }

  private static func nameOfRefused(_ bytes: [UInt8]) -> String {
    if bytes.isEmpty { return "empty file" }
    if bytes.count >= 12, bytes[4..<8].elementsEqual("ftyp".utf8) {
      let brand = String(decoding: bytes[8..<12], as: UTF8.self)
      let heic: Set = ["heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1"]
      if heic.contains(brand) { return "HEIC file" }
      return brand == "avif" ? "AVIF file" : "MPEG-4 family file"
    }
    let magics: [(bytes: [UInt8], name: String)] = [
      (Array("GIF8".utf8), "GIF file"), (Array("BM".utf8), "BMP file"),
      (Array("RIFF".utf8), "RIFF or WebP file"), ([0x49, 0x49, 43, 0], "BigTIFF file"),
      ([0x4D, 0x4D, 0, 43], "BigTIFF file"), (Array("%PDF".utf8), "PDF file"),
      ([0, 0, 0, 12, 0x6A, 0x50], "JPEG 2000 file"), ([0xFF, 0x0A], "JPEG XL file"),
    ]
    return magics.first { bytes.starts(with: $0.bytes) }?.name ?? "file of unknown format"
  }
}

/// Takes everything but the pixels out of a photograph, without decoding and encoding them.
///
/// An allow-list at the level of the format's parts: what the list does not name goes, and a file
/// that is not fully understood is refused. A pure function of the bytes: the same input gives the
/// same output on every machine, and an output given again comes back unchanged. Everything that
/// leaves has one constant mark, so that no output has the digest of an identified original, not
/// even of one that carried nothing besides its pixels.
///
/// Costs one pass over the compressed data: about 20 ms a megapixel for JPEG.
public struct PhotographScrubber: Sendable {
  /// The most pixels read, as a bound on memory and time: 268 million, far above the 20 million
  /// of the largest dermatoscope.
  public static let mostPixels = 1 << 28

  /// Makes a scrubber.
  public init() {}

  /// The photograph without what it carried besides its pixels.
  ///
  /// - Throws: ``PhotographRefusal`` when the file is not of a known format, is not fully
  ///   understood, or holds what cannot be removed without changing what it shows.
  public func scrub(_ bytes: [UInt8]) throws(PhotographRefusal) -> ScrubbedPhotograph {
    switch try PhotographFormat(of: bytes) {
    case .jpeg: try JPEGScrubber().scrub(bytes)
    case .png: try PNGScrubber().scrub(bytes)
    case .tiff: try TIFFScrubber().scrub(bytes)
    }
  }

  /// The mark: a JPEG comment, a PNG text and a TIFF field for the software's name.
  static let mark = Array("anagen".utf8)

  static func checkSize(
    width: Int, height: Int, _ format: String
  ) throws(PhotographRefusal) {
    guard width > 0, height > 0 else { throw .malformed("\(format) size") }
    guard width <= mostPixels / height else {
      throw PhotographRefusal(
        .tooLarge, subject: "\(format) size",
        hint: "a photograph has at most \(mostPixels) pixels")
    }
  }
}
