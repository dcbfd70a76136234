import Foundation
import ImageCodecs
import Imaging
import Phantom

/// Small synthetic photographs of the scalp that say whose they are, as a clinic's own do.
enum Photographs {
  /// A name that stands in every photograph's metadata and file name, and nowhere in what leaves.
  static let name = "Quillfeather"

  static let width = 320
  static let height = 256
  static let micrometresPerPixel = 5.0

  /// Different scalps, in turn.
  static func jpeg(_ number: Int) throws -> [UInt8] {
    let scalps = try rendered.get()
    let bytes = try JPEGEncoder(quality: 92).encode(scalps[number % scalps.count])
    return labelled(bytes, "\(name), Zephyrine, picture \(number)")
  }

  /// The same as PNG.
  static func png(_ number: Int) throws -> [UInt8] {
    let scalps = try rendered.get()
    let bytes = try PNGEncoder(compression: 1).encode(scalps[number % scalps.count])
    // Behind the signature (8 bytes) and IHDR (25).
    return bytes[..<33] + PNGFile.chunk("tEXt", Array("Title\0\(name) \(number)".utf8))
      + bytes[33...]
  }

  /// A larger photograph into which the device drew a text.
  static func drawnOn(_ text: String) throws -> [UInt8] {
    try JPEGEncoder(quality: 95).encode(
      photograph(seed: 9, width: 2 * width, height: 2 * height, text: text))
  }

  /// One grey pixel.
  static func onePixel() throws -> [UInt8] {
    try PNGEncoder().encode(
      InterleavedImage<UInt8>(width: 1, height: 1, channels: 1) { $0[0] = 128 })
  }

  private static let rendered = Result {
    try (1...4).map { try photograph(seed: $0, width: width, height: height) }
  }

  private static func photograph(
    seed: UInt64, width: Int, height: Int, text: String = ""
  ) throws -> InterleavedImage<UInt8> {
    var conditions = CaptureConditions()
    conditions.width = width
    conditions.height = height
    conditions.micrometresPerPixel = micrometresPerPixel
    conditions.seed = seed
    if !text.isEmpty { conditions.overlay.header = [text] }
    var scalp = ScalpDescription()
    scalp.hairsPerSquareCentimetre = 220
    return try ScalpScene(scalp, patch: conditions.patch(reach: 1500), seed: seed)
      .photographed(under: conditions).image
  }

  /// Puts an EXIF description and a comment behind a JPEG's first marker.
  private static func labelled(_ jpeg: [UInt8], _ text: String) -> [UInt8] {
    let value = Array(text.utf8) + [0]
    let count = UInt8(value.count)
    // One directory of one entry: ImageDescription (0x010E), ASCII, at offset 26.
    let directory: [UInt8] = [
      0x49, 0x49, 42, 0, 8, 0, 0, 0, 1, 0, 0x0E, 0x01, 2, 0, count, 0, 0, 0, 26, 0, 0, 0, 0, 0, 0,
      0,
    ]
    return jpeg[..<2] + segment(0xE1, Array("Exif\0\0".utf8) + directory + value)
      + segment(0xFE, value) + jpeg[2...]
  }

  private static func segment(_ marker: UInt8, _ body: [UInt8]) -> [UInt8] {
    let length = body.count + 2
    return [0xFF, marker, UInt8(length >> 8), UInt8(length & 0xFF)] + body
  }
}
