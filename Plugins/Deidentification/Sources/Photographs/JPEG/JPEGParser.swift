/// Reads a JPEG file into the parts that shape its picture, noting every other part.
struct JPEGParser {
  private let bytes: [UInt8]
  private var position = 2
  private var picture: JPEGPicture?
  private var huffman: [JPEGPicture.HuffmanDefinition] = []
  private var quantisation: [JPEGPicture.QuantisationDefinition] = []
  private var restartInterval = 0
  private var walk: JPEGEntropyWalk?
  private var application = JPEGApplicationSegments()
  /// Tables that were defined, with whether a scan used them.
  private var tables: [(isUsed: Bool, byteCount: Int)] = []
  private var definedHuffman: [JPEGPicture.HuffmanDefinition: Int] = [:]
  private var definedQuantisation: [JPEGPicture.QuantisationDefinition: Int] = [:]
  private(set) var report = RemovalReport()

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// The picture's parts.
  ///
  /// - Throws: ``PhotographRefusal`` for anything T.81 does not allow or this module does not read.
  mutating func parse() throws(PhotographRefusal) -> JPEGPicture {
    while true {
      let marker = try nextMarker()
      switch marker {
      case 0xD9: return try finish()
      case 0xDA: try readScan()
      case 0xC0, 0xC1, 0xC2: try readFrame(marker)
      case 0xC4: try readHuffmanTables()
      case 0xDB: try readQuantisationTables()
      case 0xDD: try readRestartInterval()
      case 0xE0...0xEF:
        let body = try segment("JPEG application segment")
        try application.read(marker, bytes, body, &report)
      case 0xFE:
        let body = try segment("JPEG comment")
        if !bytes[body].elementsEqual(PhotographScrubber.mark) {
          report.note("jpeg.comment", .removed, rule: .notListed, byteCount: body.count + 4)
        }
      default: throw JPEGParser.refusal(ofMarker: marker)
      }
    }
  }

  private static func refusal(ofMarker marker: UInt8) -> PhotographRefusal {
    switch marker {
    case 0xC3, 0xC7, 0xCB, 0xCF: .unsupported("lossless JPEG")
    case 0xC5, 0xC6, 0xCD, 0xCE, 0xDE, 0xDF: .unsupported("hierarchical JPEG")
    case 0xC9, 0xCA, 0xCC: .unsupported("arithmetic-coded JPEG")
    case 0xDC: .unsupported("JPEG with its height behind the picture")
    case 0xC8, 0xF0...0xFD: .unsupported("JPEG extension")
    default: .malformed("JPEG marker")
    }
  }

  private mutating func nextMarker() throws(PhotographRefusal) -> UInt8 {
    guard position + 1 < bytes.count else { throw .truncated("JPEG") }
    guard bytes[position] == 0xFF else { throw .malformed("JPEG marker") }
    var fill = 0
    while position + 1 < bytes.count, bytes[position + 1] == 0xFF {
      position += 1
      fill += 1
    }
    if fill > 0 { report.note("jpeg.fill", .removed, rule: .outsidePicture, byteCount: fill) }
    guard position + 1 < bytes.count else { throw .truncated("JPEG") }
    position += 2
    return bytes[position - 1]
  }

  /// The body of a segment whose length stands here; moves behind it.
  private mutating func segment(_ name: String) throws(PhotographRefusal) -> Range<Int> {
    guard let length = bytes.number16(at: position) else { throw .truncated(name) }
    guard length >= 2 else { throw .malformed(name) }
    guard position + length <= bytes.count else { throw .truncated(name) }
    let body = position + 2..<position + length
    position += length
    return body
  }

  private mutating func readFrame(_ marker: UInt8) throws(PhotographRefusal) {
    guard picture == nil else { throw .malformed("second JPEG frame") }
    let body = Array(bytes[try segment("JPEG frame")])
    guard body.count >= 6 else { throw .malformed("JPEG frame") }
    guard body[0] == 8 else { throw .unsupported("JPEG of other than 8 bits") }
    let (height, width) = (body.number16(at: 1) ?? 0, body.number16(at: 3) ?? 0)
    let channels = Int(body[5])
    guard channels == 1 || channels == 3 else {
      throw .unsupported(channels == 4 ? "CMYK JPEG" : "JPEG of \(channels) channels")
    }
    guard body.count == 6 + 3 * channels else { throw .malformed("JPEG frame") }
    try PhotographScrubber.checkSize(width: width, height: height, "JPEG")
    var components: [JPEGPicture.Component] = []
    for index in 0..<channels {
      let fields = body[(6 + 3 * index)..<(9 + 3 * index)].map(Int.init)
      let component = JPEGPicture.Component(
        identifier: UInt8(fields[0]), horizontal: fields[1] >> 4, vertical: fields[1] & 15,
        quantisation: fields[2])
      guard (1...4).contains(component.horizontal), (1...4).contains(component.vertical),
        component.quantisation < 4,
        !components.contains(where: { $0.identifier == component.identifier })
      else { throw .malformed("JPEG frame") }
      components.append(component)
    }
    let frame = JPEGPicture.Frame(
      marker: marker, width: width, height: height, components: components)
    walk = try JPEGEntropyWalk(frame: frame, fileByteCount: bytes.count)
    picture = JPEGPicture(frame: frame)
  }

  private mutating func readHuffmanTables() throws(PhotographRefusal) {
    let body = Array(bytes[try segment("JPEG Huffman table")])
    var offset = 0
    while offset < body.count {
      guard offset + 17 <= body.count else { throw .malformed("JPEG Huffman table") }
      let symbols = body[offset + 1..<offset + 17].reduce(0) { $0 + Int($1) }
      let (kind, slot) = (body[offset] >> 4, Int(body[offset] & 15))
      guard kind <= 1, slot <= 3, symbols <= 256, offset + 17 + symbols <= body.count else {
        throw .malformed("JPEG Huffman table")
      }
      let definition = JPEGPicture.HuffmanDefinition(
        isAC: kind == 1, slot: slot, body: Array(body[offset + 1..<offset + 17 + symbols]))
      huffman.removeAll { $0.isAC == definition.isAC && $0.slot == slot }
      huffman.append(definition)
      definedHuffman[definition] = tables.count
      tables.append((false, 17 + symbols))
      offset += 17 + symbols
    }
  }

  private mutating func readQuantisationTables() throws(PhotographRefusal) {
    let body = Array(bytes[try segment("JPEG quantisation table")])
    var offset = 0
    while offset < body.count {
      let (precision, slot) = (body[offset] >> 4, Int(body[offset] & 15))
      let size = precision == 0 ? 64 : 128
      guard precision <= 1, slot <= 3, offset + 1 + size <= body.count else {
        throw .malformed("JPEG quantisation table")
      }
      let definition = JPEGPicture.QuantisationDefinition(
        slot: slot, isWide: precision == 1, body: Array(body[offset + 1..<offset + 1 + size]))
      quantisation.removeAll { $0.slot == slot }
      quantisation.append(definition)
      definedQuantisation[definition] = tables.count
      tables.append((false, 1 + size))
      offset += 1 + size
    }
  }

  private mutating func readRestartInterval() throws(PhotographRefusal) {
    let body = try segment("JPEG restart interval")
    guard body.count == 2, let value = bytes.number16(at: body.lowerBound) else {
      throw .malformed("JPEG restart interval")
    }
    restartInterval = value
  }

  private mutating func readScan() throws(PhotographRefusal) {
    guard let frame = picture?.frame else { throw .malformed("JPEG scan before its frame") }
    let body = Array(bytes[try segment("JPEG scan header")])
    var scan = try JPEGParser.scan(
      of: body, frame: frame, restartInterval: restartInterval,
      huffman: huffman, quantisation: quantisation)
    for definition in scan.huffman {
      if let index = definedHuffman[definition] { tables[index].isUsed = true }
    }
    for definition in scan.quantisation {
      if let index = definedQuantisation[definition] { tables[index].isUsed = true }
    }
    guard let (end, excess) = try walk?.walk(&scan, in: bytes, at: position) else { return }
    position = end
    picture?.scans.append(scan)
    if excess.byteCount > 0 {
      report.note("jpeg.after-scan", .removed, rule: .outsidePicture, byteCount: excess.byteCount)
    }
    if excess.paddings > 0 {
      report.note("jpeg.padding", .normalised, rule: .outsidePicture, byteCount: excess.paddings)
    }
  }

  /// Reads a scan header and takes from the tables in force those that the scan uses.
  private static func scan(
    of body: [UInt8], frame: JPEGPicture.Frame, restartInterval: Int,
    huffman: [JPEGPicture.HuffmanDefinition], quantisation: [JPEGPicture.QuantisationDefinition]
  ) throws(PhotographRefusal) -> JPEGPicture.Scan {
    let name = "JPEG scan header"
    guard let count = body.first.map(Int.init), (1...frame.components.count).contains(count),
      body.count == 4 + 2 * count
    else { throw .malformed(name) }
    var parts: [JPEGPicture.Scan.Part] = []
    for index in 0..<count {
      let (identifier, slots) = (body[1 + 2 * index], Int(body[2 + 2 * index]))
      guard let component = frame.components.firstIndex(where: { $0.identifier == identifier }),
        component > (parts.last?.component ?? -1), slots >> 4 <= 3, slots & 15 <= 3
      else { throw .malformed(name) }
      parts.append(.init(component: component, dcSlot: slots >> 4, acSlot: slots & 15))
    }
    let last = body.suffix(3).map(Int.init)
    let (start, end, high, low) = (last[0], last[1], last[2] >> 4, last[2] & 15)
    let fits =
      frame.isProgressive
      ? end <= 63 && low <= 13 && (high == 0 || high == low + 1)
        && (start == 0 ? end == 0 : start <= end && count == 1)
      : (start, end, high, low) == (0, 63, 0, 0)
    guard fits else { throw .malformed(name) }
    let blocks = parts.reduce(0) {
      $0 + frame.components[$1.component].horizontal * frame.components[$1.component].vertical
    }
    guard count == 1 || blocks <= 10 else { throw .malformed(name) }
    var scan = JPEGPicture.Scan(
      parts: parts, spectralStart: start, spectralEnd: end, highBit: high, lowBit: low,
      restartInterval: restartInterval, huffman: [], quantisation: [])
    let needs = JPEGBlockWalk.tables(of: scan, isProgressive: frame.isProgressive)
    scan = JPEGPicture.Scan(
      parts: parts, spectralStart: start, spectralEnd: end, highBit: high, lowBit: low,
      restartInterval: restartInterval,
      huffman: huffman.filter { table in
        parts.contains {
          table.isAC ? needs.ac && $0.acSlot == table.slot : needs.dc && $0.dcSlot == table.slot
        }
      },
      quantisation: quantisation.filter { table in
        parts.contains { frame.components[$0.component].quantisation == table.slot }
      })
    return scan
  }

  private mutating func finish() throws(PhotographRefusal) -> JPEGPicture {
    guard var picture, walk?.isComplete == true else { throw .truncated("JPEG picture data") }
    for table in tables where !table.isUsed {
      report.note("jpeg.table", .removed, rule: .unusedTable, byteCount: table.byteCount)
    }
    let behind = bytes.count - position
    if behind > 0 {
      report.note("jpeg.after-end", .removed, rule: .outsidePicture, byteCount: behind)
    }
    picture.hasJFIF = application.hasJFIF
    picture.adobeTransform = application.adobeTransform
    picture.orientation = application.orientation ?? 1
    picture.profile = try application.profile(channels: picture.frame.components.count, &report)
    return picture
  }
}
