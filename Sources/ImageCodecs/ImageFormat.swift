/// A picture format that is read, told by content and never by a file's name.
public enum ImageFormat: String, Sendable, CaseIterable, Codable {
  /// JPEG, baseline or progressive, 8 bit.
  case jpeg
  /// PNG, 1 to 16 bit.
  case png
  /// TIFF or BigTIFF, 8 or 16 bit.
  case tiff

  /// The name people use.
  public var name: String { rawValue.uppercased() }

  /// The media type, such as `image/jpeg`.
  public var mediaType: String { "image/\(rawValue)" }

  /// The endings that files of this format usually have, lower case.
  public var fileExtensions: [String] {
    switch self {
    case .jpeg: ["jpg", "jpeg", "jpe", "jfif"]
    case .png: ["png"]
    case .tiff: ["tif", "tiff"]
    }
  }

  /// Tells the format from the first bytes.
  ///
  /// - Throws: ``ImageCodecError`` `empty`, `unsupportedFormat` with the format's name and what to
  ///   do, or `unknownFormat`.
  public static func sniff(_ bytes: some Collection<UInt8>) throws -> ImageFormat {
    let head = [UInt8](bytes.prefix(Signature.reach))
    guard !head.isEmpty else {
      throw ImageCodecError(
        .empty, subject: "the file is empty (zero bytes)", hint: "copy it again from the camera")
    }
    if let refused = refusals.first(where: { $0.signature.matches(head) }) {
      throw ImageCodecError(
        .unsupportedFormat, subject: "\(refused.name) is not read", hint: refused.hint)
    }
    if let known = readable.first(where: { $0.signature.matches(head) }) { return known.format }
    throw ImageCodecError(
      .unknownFormat, subject: "the content is no picture that is known",
      hint: "export it as JPEG, PNG or TIFF")
  }
}

/// Bytes that a format has at fixed places.
private struct Signature {
  /// No signature looks further than this; DICOM's lies at 128.
  static let reach = 132

  let parts: [(offset: Int, bytes: [UInt8])]

  init(_ bytes: [UInt8], at offset: Int = 0) { parts = [(offset, bytes)] }
  init(_ text: String, at offset: Int = 0) { self.init([UInt8](text.utf8), at: offset) }
  private init(parts: [(offset: Int, bytes: [UInt8])]) { self.parts = parts }

  func and(_ text: String, at offset: Int) -> Signature {
    Signature(parts: parts + [(offset, [UInt8](text.utf8))])
  }

  func matches(_ head: [UInt8]) -> Bool {
    parts.allSatisfy { part in
      head.count >= part.offset + part.bytes.count
        && head[part.offset..<part.offset + part.bytes.count].elementsEqual(part.bytes)
    }
  }
}

private let readable: [(signature: Signature, format: ImageFormat)] = [
  (Signature([0xFF, 0xD8, 0xFF]), .jpeg),
  (Signature([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]), .png),
  (Signature([0x49, 0x49, 0x2A, 0x00]), .tiff), (Signature([0x4D, 0x4D, 0x00, 0x2A]), .tiff),
  (Signature([0x49, 0x49, 0x2B, 0x00]), .tiff), (Signature([0x4D, 0x4D, 0x00, 0x2B]), .tiff),
]

private let asLossless = "export it as PNG or TIFF at full size"
private let asOriginal = "ask for the JPEG, PNG or TIFF that it was made from"
private let fromRaw = "develop it to a 16-bit TIFF in the camera maker's software"

/// Formats that are told apart so that the message can name them; the order matters where one
/// signature begins another.
private let refusals: [(signature: Signature, name: String, hint: String)] =
  [
    (Signature([0x49, 0x49, 0x2A, 0x00]).and("CR", at: 8), "camera RAW (CR2)", fromRaw),
    (Signature("FUJIFILMCCD-RAW"), "camera RAW (RAF)", fromRaw),
    (Signature([0x49, 0x49, 0x55, 0x00]), "camera RAW (RW2)", fromRaw),
    (Signature("IIRO"), "camera RAW (ORF)", fromRaw),
    (Signature("IIRS"), "camera RAW (ORF)", fromRaw),
    (Signature("MMOR"), "camera RAW (ORF)", fromRaw),
    (Signature("HEAPCCDR", at: 6), "camera RAW (CRW)", fromRaw),
    (Signature("FOVb"), "camera RAW (X3F)", fromRaw),
    (Signature("ftypcrx", at: 4), "camera RAW (CR3)", fromRaw),
  ]
  + ["heic", "heix", "hevc", "hevx", "heim", "heis"].map {
    (
      Signature("ftyp\($0)", at: 4), "HEIC",
      "set the camera to JPEG (iPhone: Settings, Camera, Formats, Most Compatible), or "
        + asLossless
    )
  }
  + ["avif", "avis"].map { (Signature("ftyp\($0)", at: 4), "AVIF", asLossless) }
  + ["mif1", "msf1"].map { (Signature("ftyp\($0)", at: 4), "HEIF", asLossless) }
  + [
    (Signature("ftyp", at: 4), "a video or MP4-family file", "export one frame as PNG"),
    (Signature("RIFF").and("WEBP", at: 8), "WebP", asOriginal),
    (Signature("RIFF").and("AVI ", at: 8), "an AVI video", "export one frame as PNG"),
    (Signature("GIF87a"), "GIF", asOriginal),
    (Signature("GIF89a"), "GIF", asOriginal),
    (Signature("BM").and("\0\0\0\0", at: 6), "BMP", asLossless),
    (Signature([0xFF, 0x0A]), "JPEG XL", asLossless),
    (Signature("JXL ", at: 4), "JPEG XL", asLossless),
    (Signature("jP  ", at: 4), "JPEG 2000", asLossless),
    (Signature([0xFF, 0x4F, 0xFF, 0x51]), "JPEG 2000", asLossless),
    (Signature("DICM", at: 128), "DICOM", "export the picture as PNG or TIFF"),
    (Signature("8BPS"), "a Photoshop document", asLossless),
    (Signature("%PDF"), "PDF", "export the picture inside as PNG or TIFF"),
    (Signature([0x50, 0x4B, 0x03, 0x04]), "a ZIP archive", "unpack it first"),
    (Signature("<!DOCTYPE"), "a web page", "download the picture itself"),
    (Signature("<html"), "a web page", "download the picture itself"),
  ]
