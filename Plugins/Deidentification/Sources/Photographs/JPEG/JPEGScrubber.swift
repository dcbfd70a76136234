/// Takes everything but the picture out of a JPEG file and writes the rest in one canonical form.
///
/// The entropy-coded data is copied, so the decoded samples stay the same bit by bit. What leaves,
/// in this order: SOI; JFIF or Adobe header where the original has one, with fixed values; the
/// orientation in an EXIF block of its own; the canonical colour profile; the mark; the quantisation
/// tables in use; the frame header; for each scan the Huffman tables in use where they change, the restart
/// interval where it changes, the scan header and its data; EOI.
struct JPEGScrubber {
  /// The file without what it carried besides its picture.
  ///
  /// - Throws: ``PhotographRefusal`` for arithmetic-coded, lossless, hierarchical, 12-bit and CMYK
  ///   pictures, and for files that break T.81.
  func scrub(_ bytes: [UInt8]) throws(PhotographRefusal) -> ScrubbedPhotograph {
    var parser = JPEGParser(bytes)
    let picture = try parser.parse()
    let output = try JPEGWriter(picture).file()
    var report = parser.report
    if output != bytes, report.changedNothing {
      report.note("jpeg.segments", .normalised, rule: .canonicalHeader, byteCount: 0)
    }
    return ScrubbedPhotograph(bytes: output, format: .jpeg, report: report)
  }
}

/// Writes a picture's parts in the one order and form in which they leave.
private struct JPEGWriter {
  private let picture: JPEGPicture
  private var output: [UInt8] = []

  init(_ picture: JPEGPicture) { self.picture = picture }

  func file() throws(PhotographRefusal) -> [UInt8] {
    var writer = self
    writer.output.reserveCapacity(picture.scans.reduce(2048) { $0 + $1.data.count })
    writer.writeHeaders()
    try writer.writeScans()
    writer.output += [0xFF, 0xD9]
    return writer.output
  }

  private mutating func write(_ marker: UInt8, _ body: [UInt8]) {
    output += [0xFF, marker]
    output.append16(body.count + 2)
    output += body
  }

  private mutating func writeHeaders() {
    output += [0xFF, 0xD8]
    if picture.hasJFIF { write(0xE0, JPEGApplicationSegments.canonicalJFIF) }
    if picture.orientation != 1 {
      write(0xE1, Array("Exif\0\0".utf8) + ExifBlock.minimal(orientation: picture.orientation))
    }
    if let profile = picture.profile?.canonicalBytes {
      write(0xE2, Array("ICC_PROFILE\0".utf8) + [1, 1] + profile)
    }
    if let transform = picture.adobeTransform {
      write(0xEE, JPEGApplicationSegments.canonicalAdobe(UInt8(transform)))
    }
    write(0xFE, PhotographScrubber.mark)
  }

  private mutating func writeFrame() {
    let frame = picture.frame
    var body: [UInt8] = [8]
    body.append16(frame.height)
    body.append16(frame.width)
    body.append(UInt8(frame.components.count))
    for component in frame.components {
      body += [
        component.identifier, UInt8(component.horizontal << 4 | component.vertical),
        UInt8(component.quantisation),
      ]
    }
    write(frame.marker, body)
  }

  private mutating func writeScans() throws(PhotographRefusal) {
    let scans = picture.scans
    var tables: [Int: JPEGPicture.QuantisationDefinition] = [:]
    // A component's table is the one in force at its first scan; one slot that changes between
    // scans is legal and never seen, and readers differ on it.
    for scan in scans {
      for table in scan.quantisation {
        guard tables[table.slot] == nil || tables[table.slot] == table else {
          throw .unsupported("JPEG whose quantisation changes between scans")
        }
        tables[table.slot] = table
      }
    }
    for component in picture.frame.components where tables[component.quantisation] == nil {
      throw .malformed("JPEG quantisation table")
    }
    for (slot, table) in tables.sorted(by: { $0.key < $1.key }) {
      write(0xDB, [UInt8((table.isWide ? 16 : 0) | slot)] + table.body)
    }
    writeFrame()
    var written: [Int: JPEGPicture.HuffmanDefinition] = [:]
    var interval = 0
    for scan in scans {
      let needed = scan.huffman.sorted { ($0.isAC ? 4 : 0, $0.slot) < ($1.isAC ? 4 : 0, $1.slot) }
      for table in needed {
        let key = (table.isAC ? 16 : 0) | table.slot
        if written[key] == table { continue }
        written[key] = table
        write(0xC4, [UInt8(key)] + table.body)
      }
      if scan.restartInterval != interval {
        interval = scan.restartInterval
        write(0xDD, [UInt8(interval >> 8), UInt8(interval & 255)])
      }
      write(0xDA, scanHeader(scan))
      output += scan.data
    }
  }

  private func scanHeader(_ scan: JPEGPicture.Scan) -> [UInt8] {
    let needs = JPEGBlockWalk.tables(of: scan, isProgressive: picture.frame.isProgressive)
    var body = [UInt8(scan.parts.count)]
    for part in scan.parts {
      body.append(picture.frame.components[part.component].identifier)
      body.append(UInt8((needs.dc ? part.dcSlot : 0) << 4 | (needs.ac ? part.acSlot : 0)))
    }
    return body + [
      UInt8(scan.spectralStart), UInt8(scan.spectralEnd),
      UInt8(scan.highBit << 4 | scan.lowBit),
    ]
  }
}
