/// Takes everything but the picture out of a PNG file (PNG Specification, third edition).
///
/// What leaves, in this order: IHDR; `sRGB`, or `iCCP` with the canonical profile, when the file
/// names its colours; `eXIf` with the orientation alone when it is not upright; the mark; PLTE with
/// only the entries that pixels use; the compressed samples as they were, in IDAT chunks of one size; IEND.
struct PNGScrubber {
  static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
  /// A text with one of the specification's own keywords.
  static let mark = Array("Software\0".utf8) + PhotographScrubber.mark
  /// The size of the IDAT chunks that leave; one form for one picture.
  private static let dataChunkSize = 1 << 20

  /// The file without what it carried besides its picture.
  ///
  /// - Throws: ``PhotographRefusal`` for see-through pixels, animations, unknown critical chunks,
  ///   and files that break the format.
  func scrub(_ bytes: [UInt8]) throws(PhotographRefusal) -> ScrubbedPhotograph {
    var parser = PNGParser(bytes)
    let parts = try parser.parse()
    var report = parser.report
    let limit = parts.header.byteCount
    let samples: (output: [UInt8], end: Int)
    do {
      samples = try Inflate.zlib(parts.data, limit: limit)
    } catch {
      throw .malformed("PNG picture data")
    }
    guard samples.output.count == limit else { throw .malformed("PNG picture data") }
    if samples.end < parts.data.count {
      report.note(
        "png.after-data", .removed, rule: .outsidePicture, byteCount: parts.data.count - samples.end
      )
    }
    let scanlines = try PNGScanlines(header: parts.header, filtered: samples.output)
    if parts.header.hasAlpha, !scanlines.isOpaque {
      throw PhotographRefusal(
        .transparency, subject: "PNG alpha channel", hint: "flatten the original onto one colour")
    }
    let palette = parts.palette.map { used(of: $0, scanlines, &report) }
    let output = write(parts, palette: palette, data: parts.data[..<samples.end])
    if output != bytes, report.changedNothing {
      report.note("png.chunks", .normalised, rule: .canonicalHeader, byteCount: 0)
    }
    return ScrubbedPhotograph(bytes: output, format: .png, report: report)
  }

  /// The palette up to the last used entry; unused entries in between turn black.
  private func used(
    of palette: [UInt8], _ scanlines: PNGScanlines, _ report: inout RemovalReport
  ) -> [UInt8] {
    // A palette beside true colour is a suggestion for old screens.
    guard let indices = scanlines.usedIndices else {
      report.note("png.palette", .removed, rule: .unusedTable, byteCount: palette.count)
      return []
    }
    var kept = Array(palette.prefix(3 * ((indices.lastIndex(of: true) ?? 0) + 1)))
    for entry in 0..<kept.count / 3 where !indices[entry] {
      kept.replaceSubrange(3 * entry..<3 * entry + 3, with: [0, 0, 0])
    }
    if kept != palette {
      report.note(
        "png.palette", .normalised, rule: .unusedTable, byteCount: palette.count - kept.count)
    }
    return kept
  }

  private func write(
    _ parts: PNGParser.Parts, palette: [UInt8]?, data: ArraySlice<UInt8>
  ) -> [UInt8] {
    var output = PNGScrubber.signature
    output.reserveCapacity(data.count + 4096)
    func append(_ name: String, _ body: some Collection<UInt8>) {
      output.append32(body.count)
      let start = output.count
      output += name.utf8
      output += body
      output.append32(CRC32.value(of: output[start...]))
    }
    append("IHDR", parts.header.bytes)
    switch parts.colour {
    case .sRGB?: append("sRGB", [0])
    case .some(let space):
      if let profile = space.canonicalBytes {
        append("iCCP", [0x78, 0, 0] + Inflate.storedZlib(profile))
      }
    case nil: break
    }
    if parts.orientation != 1 { append("eXIf", ExifBlock.minimal(orientation: parts.orientation)) }
    append("tEXt", PNGScrubber.mark)
    if let palette, !palette.isEmpty { append("PLTE", palette) }
    var start = data.startIndex
    while start < data.endIndex {
      let end = min(data.endIndex, start + PNGScrubber.dataChunkSize)
      append("IDAT", data[start..<end])
      start = end
    }
    append("IEND", [])
    return output
  }
}

/// The check sum of PNG chunks (annex D of the specification).
package enum CRC32 {
  private static let table: [UInt32] = (0..<256).map { start in
    (0..<8).reduce(UInt32(start)) { value, _ in
      value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1
    }
  }

  package static func value(of bytes: ArraySlice<UInt8>) -> Int {
    let table = table
    var sum = UInt32.max
    for byte in bytes { sum = sum >> 8 ^ table[Int((sum ^ UInt32(byte)) & 255)] }
    return Int(~sum)
  }
}
