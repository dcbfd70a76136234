/// Takes everything but the picture out of a TIFF file (TIFF 6.0 with its supplements).
///
/// The file is written anew in its own byte order: header, the strips as they were up to the end of their
/// data, one directory with the fields that the picture needs and the mark. One page in strips, grey or RGB, 8
/// or 16 bits, uncompressed, PackBits, LZW or deflate; all else is refused.
struct TIFFScrubber {
  private enum Tag {
    static let bitsPerSample = 258
    static let compression = 259
    static let photometric = 262
    static let stripOffsets = 273
    static let orientation = 274
    static let samplesPerPixel = 277
    static let rowsPerStrip = 278
    static let stripByteCounts = 279
    static let software = 305
    static let predictor = 317
    static let profile = 34675
  }

  /// Fields that shape the picture and that this module writes.
  private static let listed: Set = [
    254, 256, 257, 258, 259, 262, 266, 273, 274, 277, 278, 279, 284, 317, 339, 34675,
  ]

  /// The name of the software, with the end that TIFF asks of a text.
  private static let mark = PhotographScrubber.mark + [0]

  /// The file without what it carried besides its picture.
  ///
  /// - Throws: ``PhotographRefusal`` for several pages, tiles, alpha, palettes, CMYK, JPEG inside
  ///   TIFF, and files that break the format.
  func scrub(_ bytes: [UInt8]) throws(PhotographRefusal) -> ScrubbedPhotograph {
    guard let header = TIFFDirectory.header(of: bytes),
      let directory = TIFFDirectory(in: bytes, at: header.offset, order: header.order)
    else { throw .malformed("TIFF directory") }
    guard directory.nextOffset == 0 else {
      throw PhotographRefusal(
        .severalPictures, subject: "TIFF pages", hint: "save the one page that was measured")
    }
    guard Set(directory.fields.map(\.tag)).count == directory.fields.count else {
      throw .malformed("TIFF directory")
    }
    let picture = try TIFFPicture(directory)
    var report = RemovalReport()
    note(directory, &report)
    var profile: ColourProfile?
    if let field = directory[Tag.profile] {
      let original = Array(directory.bytes(of: field))
      profile = try ColourProfile(recognising: original, channels: picture.channels)
      profile?.note(original: original, carrier: "tiff.icc", &report)
    }
    var strips: [ArraySlice<UInt8>] = []
    for index in picture.offsets.indices {
      strips.append(try strip(index, of: picture, in: bytes, order: header.order, &report))
    }
    let output = write(picture, strips, order: header.order, profile: profile?.canonicalBytes)
    if output != bytes, report.changedNothing {
      report.note("tiff.layout", .normalised, rule: .canonicalHeader, byteCount: 0)
    }
    return ScrubbedPhotograph(bytes: output, format: .tiff, report: report)
  }

  private func note(_ directory: TIFFDirectory, _ report: inout RemovalReport) {
    for field in directory.fields where !TIFFScrubber.listed.contains(field.tag) {
      if field.tag == Tag.software, directory.bytes(of: field).elementsEqual(TIFFScrubber.mark) {
        continue
      }
      let carrier =
        switch field.tag {
        case 269, 270, 271, 272, 285, 305, 306, 315, 316, 33432: "tiff.description"
        case 282, 283, 296: "tiff.density"
        case 330: "tiff.sub-picture"
        case 700: "tiff.xmp"
        case 33723, 34377: "tiff.iptc"
        case 34665: "tiff.exif"
        case 34853: "tiff.gps"
        case 32768...: "tiff.private"
        default: "tiff.field"
        }
      report.note(carrier, .removed, rule: .notListed, byteCount: field.byteCount + 12)
    }
  }

  /// The data of one strip up to its end, proven to hold exactly its rows.
  private func strip(
    _ index: Int, of picture: TIFFPicture, in bytes: [UInt8], order: ByteOrder,
    _ report: inout RemovalReport
  ) throws(PhotographRefusal) -> ArraySlice<UInt8> {
    let (offset, size) = (picture.offsets[index], picture.byteCounts[index])
    guard offset >= 8, offset <= bytes.count, size <= bytes.count - offset else {
      throw .truncated("TIFF strip")
    }
    let needed = picture.byteCount(ofStrip: index)
    let data = bytes[offset..<offset + size]
    let used: Int?
    switch picture.compression {
    case 1: used = size >= needed ? needed : nil
    case 5: used = LZWExtent.byteCount(of: data, decodingTo: needed)
    case 32773: used = TIFFScrubber.packBitsExtent(of: data, decodingTo: needed)
    default:
      do {
        let stream = try Inflate.zlib(Array(data), limit: needed)
        used = stream.output.count == needed ? stream.end : nil
      } catch {
        used = nil
      }
    }
    guard let used else { throw .malformed("TIFF strip") }
    if used < size {
      report.note(
        "tiff.after-strip", .removed, rule: .outsidePicture, byteCount: size - used)
    }
    return data.prefix(used)
  }

  /// How many bytes of PackBits data (TIFF 6.0, section 9) give so many decoded; `nil` if not.
  private static func packBitsExtent(of data: ArraySlice<UInt8>, decodingTo needed: Int) -> Int? {
    var (position, made) = (data.startIndex, 0)
    while made < needed {
      guard position < data.endIndex else { return nil }
      let head = Int(data[position])
      position += 1
      if head < 128 {
        made += head + 1
        position += head + 1
      } else if head > 128 {
        made += 257 - head
        position += 1
      }
      guard position <= data.endIndex else { return nil }
    }
    return made == needed ? position - data.startIndex : nil
  }

  private func write(
    _ picture: TIFFPicture, _ strips: [ArraySlice<UInt8>], order: ByteOrder, profile: [UInt8]?
  ) -> [UInt8] {
    var writer = TIFFWriter(order: order)
    writer.reserve(strips.reduce(1024) { $0 + $1.count })
    let offsets = strips.map { writer.appendBody($0) }
    var fields: [(tag: Int, type: TIFFWriter.FieldType, values: [Int])] = [
      (256, .long, [picture.width]), (257, .long, [picture.height]),
      (Tag.bitsPerSample, .short, Array(repeating: picture.depth, count: picture.channels)),
      (Tag.compression, .short, [picture.compression]),
      (Tag.photometric, .short, [picture.photometric]),
      (Tag.stripOffsets, .long, offsets),
      (Tag.samplesPerPixel, .short, [picture.channels]),
      (Tag.rowsPerStrip, .long, [picture.rowsPerStrip]),
      (Tag.stripByteCounts, .long, strips.map(\.count)),
      (Tag.software, .text, TIFFScrubber.mark.map(Int.init)),
    ]
    if picture.orientation != 1 {
      fields.append((Tag.orientation, .short, [picture.orientation]))
    }
    if picture.predictor != 1 { fields.append((Tag.predictor, .short, [picture.predictor])) }
    return writer.finish(
      fields.sorted { $0.tag < $1.tag }, profile: profile.map { (Tag.profile, $0) })
  }
}
