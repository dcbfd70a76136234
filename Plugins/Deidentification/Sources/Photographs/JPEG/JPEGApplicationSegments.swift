/// What the application segments of a JPEG say about its display; everything else in them goes.
struct JPEGApplicationSegments {
  private(set) var hasJFIF = false
  private(set) var adobeTransform: Int?
  private(set) var orientation: Int?
  private var profileParts: [(number: Int, of: Int, bytes: [UInt8])] = []

  /// Reads one segment and notes what becomes of it.
  mutating func read(
    _ marker: UInt8, _ bytes: [UInt8], _ body: Range<Int>, _ report: inout RemovalReport
  ) throws(PhotographRefusal) {
    let size = body.count + 4
    func begins(_ identifier: [UInt8]) -> Bool {
      body.count >= identifier.count && bytes.holds(identifier, at: body.lowerBound)
    }
    switch marker {
    case 0xE0 where begins(Array("JFIF\0".utf8)) && body.count >= 14 && !hasJFIF:
      try readJFIF(bytes, body, &report)
    case 0xE0 where begins(Array("JFXX\0".utf8)):
      report.note("jpeg.app0.jfxx", .removed, rule: .notListed, byteCount: size)
    case 0xE1 where begins(Array("Exif\0".utf8)):
      readExif(Array(bytes[body].dropFirst(6)), size, &report)
    case 0xE1 where begins(Array("http://ns.adobe.com/".utf8)):
      report.note("jpeg.app1.xmp", .removed, rule: .notListed, byteCount: size)
    case 0xE2 where begins(Array("ICC_PROFILE\0".utf8)) && body.count >= 14:
      let start = body.lowerBound
      profileParts.append(
        (
          Int(bytes[start + 12]), Int(bytes[start + 13]),
          Array(bytes[start + 14..<body.upperBound])
        ))
    case 0xE2 where begins(Array("MPF\0".utf8)):
      report.note("jpeg.app2.mpf", .removed, rule: .notListed, byteCount: size)
    case 0xED where begins(Array("Photoshop 3.0".utf8)):
      report.note("jpeg.app13.iptc", .removed, rule: .notListed, byteCount: size)
    case 0xEE where begins(Array("Adobe".utf8)) && body.count >= 12 && adobeTransform == nil:
      readAdobe(bytes, body, &report)
    default:
      report.note("jpeg.app\(marker - 0xE0)", .removed, rule: .notListed, byteCount: size)
    }
  }

  /// The JFIF header that leaves: version 1.01, no unit, square pixels, no thumbnail.
  static let canonicalJFIF: [UInt8] = Array("JFIF\0".utf8) + [1, 1, 0, 0, 1, 0, 1, 0, 0]

  private mutating func readJFIF(
    _ bytes: [UInt8], _ body: Range<Int>, _ report: inout RemovalReport
  ) throws(PhotographRefusal) {
    let start = body.lowerBound
    let (across, down) = (bytes.number16(at: start + 8), bytes.number16(at: start + 10))
    // A density of 0 is not allowed and stands for an unknown one in files of old software.
    if let across, let down, across != down, across != 0, down != 0 {
      throw .unsupported("picture of pixels that are not square")
    }
    hasJFIF = true
    if !bytes[body].elementsEqual(JPEGApplicationSegments.canonicalJFIF) {
      report.note(
        "jpeg.app0.jfif", .normalised, rule: .canonicalHeader, byteCount: body.count + 4)
    }
  }

  private mutating func readAdobe(
    _ bytes: [UInt8], _ body: Range<Int>, _ report: inout RemovalReport
  ) {
    let transform = bytes[body.lowerBound + 11]
    adobeTransform = Int(transform)
    if !bytes[body].elementsEqual(JPEGApplicationSegments.canonicalAdobe(transform)) {
      report.note(
        "jpeg.app14.adobe", .normalised, rule: .canonicalHeader, byteCount: body.count + 4)
    }
  }

  /// The Adobe header that leaves: version 100, no flags, the colour transform.
  static func canonicalAdobe(_ transform: UInt8) -> [UInt8] {
    Array("Adobe".utf8) + [0, 100, 0, 0, 0, 0, transform]
  }

  private mutating func readExif(_ block: [UInt8], _ size: Int, _ report: inout RemovalReport) {
    if orientation == nil,
      block == ExifBlock.minimal(orientation: Int(block.dropFirst(19).first ?? 0)),
      let stated = block.dropFirst(19).first, (2...8).contains(stated)
    {
      orientation = Int(stated)
      report.note("exif.orientation", .kept, rule: .orientationOnly, byteCount: size)
      return
    }
    let exif = ExifBlock(block)
    if orientation == nil {
      orientation = exif.orientation
      if exif.orientation != 1 {
        report.note("exif.orientation", .kept, rule: .orientationOnly, byteCount: size)
      }
    }
    report.note("jpeg.app1.exif", .removed, rule: .notListed, byteCount: size)
    for carrier in exif.carriers { report.note(carrier, .removed, rule: .notListed, byteCount: 0) }
  }

  /// The colour space that the segments' profile names; `nil` when there is none.
  func profile(
    channels: Int, _ report: inout RemovalReport
  ) throws(PhotographRefusal) -> ColourProfile? {
    guard !profileParts.isEmpty else { return nil }
    let parts = profileParts.sorted { $0.number < $1.number }
    for (index, part) in parts.enumerated() {
      guard part.number == index + 1, part.of == parts.count else {
        throw .malformed("JPEG colour profile")
      }
    }
    let bytes = parts.flatMap(\.bytes)
    let profile = try ColourProfile(recognising: bytes, channels: channels)
    profile.note(original: bytes, carrier: "jpeg.app2.icc", &report)
    return profile
  }
}
