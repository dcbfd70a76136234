/// The header of a PNG picture.
struct PNGHeader: Sendable {
  let bytes: [UInt8]
  let width: Int
  let height: Int
  let depth: Int
  let colourType: Int
  let isInterlaced: Bool

  var hasAlpha: Bool { colourType & 4 != 0 }
  var isIndexed: Bool { colourType == 3 }
  var bitsPerPixel: Int {
    depth * (colourType == 2 ? 3 : colourType == 4 ? 2 : colourType == 6 ? 4 : 1)
  }

  /// The passes of the picture, one or Adam7's seven, without the empty ones.
  var passes: [(width: Int, height: Int)] {
    guard isInterlaced else { return [(width, height)] }
    let starts = [(0, 0), (4, 0), (0, 4), (2, 0), (0, 2), (1, 0), (0, 1)]
    let steps = [(8, 8), (8, 8), (4, 8), (4, 4), (2, 4), (2, 2), (1, 2)]
    return zip(starts, steps).map { start, step in
      (
        (width - start.0 + step.0 - 1) / step.0, (height - start.1 + step.1 - 1) / step.1
      )
    }.filter { $0.0 > 0 && $0.1 > 0 }
  }

  func rowByteCount(_ width: Int) -> Int { (width * bitsPerPixel + 7) / 8 }

  /// The size of the filtered samples, one filter byte a row.
  var byteCount: Int { passes.reduce(0) { $0 + $1.height * (rowByteCount($1.width) + 1) } }

  /// Reads the body of IHDR.
  init(_ body: [UInt8]) throws(PhotographRefusal) {
    guard body.count == 13, let width = body.number32(at: 0), let height = body.number32(at: 4)
    else { throw .malformed("PNG header") }
    try PhotographScrubber.checkSize(width: width, height: height, "PNG")
    (depth, colourType) = (Int(body[8]), Int(body[9]))
    let depths = [0: [1, 2, 4, 8, 16], 2: [8, 16], 3: [1, 2, 4, 8], 4: [8, 16], 6: [8, 16]]
    guard depths[colourType]?.contains(depth) == true, body[10] == 0, body[11] == 0, body[12] <= 1
    else { throw .malformed("PNG header") }
    (self.width, self.height, bytes, isInterlaced) = (width, height, body, body[12] == 1)
  }
}

/// Reads a PNG file into the parts that shape its picture, noting every other chunk.
struct PNGParser {
  struct Parts {
    let header: PNGHeader
    var palette: [UInt8]?
    var data: [UInt8] = []
    var colour: ColourProfile?
    var orientation = 1
  }

  private let bytes: [UInt8]
  private(set) var report = RemovalReport()
  private var parts: Parts?
  private var dataHasEnded = false
  private var gamma: Int?
  private var primaries: [Int]?
  private var namesSRGB = false
  private var profile: ColourProfile?

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// The picture's parts.
  mutating func parse() throws(PhotographRefusal) -> Parts {
    var position = PNGScrubber.signature.count
    while true {
      guard let size = bytes.number32(at: position), position + 8 <= bytes.count else {
        throw .truncated("PNG")
      }
      guard size <= bytes.count - position - 12 else { throw .truncated("PNG chunk") }
      let (start, end) = (position + 8, position + 8 + size)
      guard bytes.number32(at: end) == CRC32.value(of: bytes[position + 4..<end]) else {
        throw .malformed("PNG check sum")
      }
      let name = String(decoding: bytes[position + 4..<position + 8], as: UTF8.self)
      position = end + 4
      if name == "IEND" { break }
      if name != "IDAT", let parts, !parts.data.isEmpty { dataHasEnded = true }
      try read(name, bytes[start..<end])
    }
    if position < bytes.count {
      report.note(
        "png.after-end", .removed, rule: .outsidePicture, byteCount: bytes.count - position)
    }
    guard var parts, !parts.data.isEmpty else { throw .truncated("PNG picture data") }
    guard !parts.header.isIndexed || parts.palette != nil else { throw .malformed("PNG palette") }
    parts.colour = try colour()
    return parts
  }

  private mutating func read(
    _ name: String, _ body: ArraySlice<UInt8>
  ) throws(PhotographRefusal) {
    if name == "IHDR" {
      guard parts == nil else { throw .malformed("second PNG header") }
      parts = Parts(header: try PNGHeader(Array(body)))
      return
    }
    guard let header = parts?.header else { throw .malformed("PNG without a header") }
    switch name {
    case "IDAT":
      guard !dataHasEnded else { throw .malformed("PNG picture data") }
      parts?.data += body
    case "PLTE":
      guard parts?.palette == nil, parts?.data.isEmpty == true, body.count % 3 == 0,
        (1...256).contains(body.count / 3), ![0, 4].contains(header.colourType)
      else { throw .malformed("PNG palette") }
      parts?.palette = Array(body)
    case "tRNS": try readTransparency(header, body)
    case "eXIf": readExif(Array(body))
    case "sRGB", "gAMA", "cHRM", "iCCP", "cICP": try readColour(name, Array(body), header)
    case "pHYs":
      let body = Array(body)
      guard body.count == 9, body.number32(at: 0) == body.number32(at: 4) else {
        throw .unsupported("picture of pixels that are not square")
      }
      note("png.density", body.count)
    case "acTL", "fcTL", "fdAT":
      throw PhotographRefusal(
        .severalPictures, subject: "animated PNG", hint: "save the one picture that was measured")
    default: try readOther(name, body)
    }
  }

  private mutating func note(_ carrier: String, _ size: Int) {
    report.note(carrier, .removed, rule: .notListed, byteCount: size + 12)
  }

  private mutating func readOther(
    _ name: String, _ body: ArraySlice<UInt8>
  ) throws(PhotographRefusal) {
    // Bit 5 of the first letter tells critical from ancillary, of the second public from private.
    let letters = Array(name.utf8)
    guard letters.count == 4,
      letters.allSatisfy({ (65...90).contains($0) || (97...122).contains($0) })
    else { throw .malformed("PNG chunk name") }
    guard letters[0] & 32 != 0 else { throw .unsupported("PNG with an unknown critical chunk") }
    switch name {
    case "tEXt" where body.elementsEqual(PNGScrubber.mark): break
    case "tEXt", "zTXt", "iTXt": note("png.text", body.count)
    case "tIME": note("png.time", body.count)
    default: note(letters[1] & 32 != 0 ? "png.private" : "png.ancillary", body.count)
    }
  }

  private mutating func readTransparency(
    _ header: PNGHeader, _ body: ArraySlice<UInt8>
  ) throws(PhotographRefusal) {
    guard header.isIndexed, body.allSatisfy({ $0 == 255 }) else {
      throw PhotographRefusal(
        .transparency, subject: "PNG transparency", hint: "flatten the original onto one colour")
    }
    note("png.transparency", body.count)
  }

  private mutating func readExif(_ block: [UInt8]) {
    let exif = ExifBlock(block)
    parts?.orientation = exif.orientation
    let minimal = ExifBlock.minimal(orientation: exif.orientation)
    if exif.orientation != 1 {
      report.note(
        "exif.orientation", .kept, rule: .orientationOnly, byteCount: minimal.count + 12)
      if block == minimal { return }
    }
    note("png.exif", block.count)
    for carrier in exif.carriers { report.note(carrier, .removed, rule: .notListed, byteCount: 0) }
  }

  private mutating func readColour(
    _ name: String, _ body: [UInt8], _ header: PNGHeader
  ) throws(PhotographRefusal) {
    switch name {
    case "sRGB":
      namesSRGB = true
      let action: RemovalReport.Action = body == [0] ? .kept : .normalised
      report.note("png.srgb", action, rule: .canonicalColour, byteCount: body.count + 12)
    case "gAMA":
      gamma = body.number32(at: 0)
      report.note("png.gamma", .normalised, rule: .canonicalColour, byteCount: body.count + 12)
    case "cHRM":
      primaries = stride(from: 0, to: 32, by: 4).compactMap { body.number32(at: $0) }
      report.note("png.primaries", .normalised, rule: .canonicalColour, byteCount: body.count + 12)
    case "cICP":
      // 1, 13, 0, 1: sRGB, full range (ITU-T H.273).
      guard body == [1, 13, 0, 1] else { throw PNGParser.unknownColour }
      namesSRGB = true
      report.note("png.cicp", .normalised, rule: .canonicalColour, byteCount: body.count + 12)
    default:
      guard profile == nil, let end = body.firstIndex(of: 0), (1...79).contains(end),
        body.count > end + 2, body[end + 1] == 0
      else { throw .malformed("PNG colour profile") }
      let bytes: [UInt8]
      do {
        // Profiles of photographs have a few kilobytes; the largest seen are half a megabyte.
        bytes = try Inflate.zlib(body, at: end + 2, limit: 1 << 22).output
      } catch {
        throw .malformed("PNG colour profile")
      }
      let channels = header.colourType == 0 || header.colourType == 4 ? 1 : 3
      let recognised = try ColourProfile(recognising: bytes, channels: channels)
      let canonical = recognised.canonicalBytes.map { [0x78, 0, 0] + Inflate.storedZlib($0) }
      report.note(
        "png.icc", body == canonical ? .kept : .normalised, rule: .canonicalColour,
        byteCount: body.count + 12)
      profile = recognised
    }
  }

  private static let unknownColour = PhotographRefusal(
    .unknownColourProfile, subject: "PNG colours", hint: "convert the original to sRGB")

  /// What the colour chunks say, by the specification's precedence (section 4.3).
  private func colour() throws(PhotographRefusal) -> ColourProfile? {
    if let profile { return profile }
    if namesSRGB { return .sRGB }
    if gamma == nil, primaries == nil { return nil }
    // The values that sRGB has (section 11.3.2.5), within what writers round.
    let sRGB = [31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000]
    let samePrimaries = primaries.map { zip($0, sRGB).allSatisfy { abs($0 - $1) < 200 } } ?? true
    guard abs((gamma ?? 45455) - 45455) <= 600, samePrimaries else {
      throw PNGParser.unknownColour
    }
    return .sRGB
  }
}
