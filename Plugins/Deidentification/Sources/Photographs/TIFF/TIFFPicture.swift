/// The fields of a TIFF page that shape its picture, checked.
struct TIFFPicture {
  let width: Int
  let height: Int
  let depth: Int
  let channels: Int
  let compression: Int
  let photometric: Int
  let orientation: Int
  let predictor: Int
  let rowsPerStrip: Int
  let offsets: [Int]
  let byteCounts: [Int]

  /// Reads and checks the fields.
  ///
  /// - Throws: ``PhotographRefusal`` for what is not baseline grey or RGB in strips.
  init(_ directory: TIFFDirectory) throws(PhotographRefusal) {
    func number(_ tag: Int, default value: Int) -> Int? {
      directory[tag] == nil ? value : directory.number(tag)
    }
    guard let width = directory.number(256), let height = directory.number(257) else {
      throw .malformed("TIFF size")
    }
    try PhotographScrubber.checkSize(width: width, height: height, "TIFF")
    (self.width, self.height) = (width, height)
    try TIFFPicture.refuseUnread(directory)
    guard let channels = number(277, default: 1), let compression = number(259, default: 1),
      let photometric = directory.number(262), let orientation = number(274, default: 1),
      let predictor = number(317, default: 1)
    else { throw .malformed("TIFF directory") }
    guard [1, 5, 8, 32946, 32773].contains(compression) else {
      throw .unsupported(
        compression == 6 || compression == 7 ? "JPEG inside TIFF" : "TIFF compression")
    }
    switch (photometric, channels) {
    case (0, 1), (1, 1), (2, 3): break
    case (5, _): throw .unsupported("CMYK TIFF")
    case (3, _): throw .unsupported("TIFF with a palette")
    case (0, 2), (1, 2), (2, 4):
      throw PhotographRefusal(
        .transparency, subject: "TIFF alpha channel", hint: "flatten the original onto one colour")
    default: throw .unsupported("TIFF colour space")
    }
    let depths = directory.numbers(258) ?? [1]
    guard depths.allSatisfy({ $0 == depths[0] }), depths.count == channels,
      depths[0] == 8 || depths[0] == 16
    else { throw .unsupported("TIFF of other than 8 or 16 bits") }
    // With differences between compressed samples; without compression readers differ on it.
    guard predictor == 1 || predictor == 2 && ![1, 32773].contains(compression) else {
      throw .unsupported("TIFF predictor")
    }
    guard (1...8).contains(orientation) else { throw .malformed("TIFF orientation") }
    (self.channels, self.compression, self.photometric) = (channels, compression, photometric)
    (self.orientation, self.predictor, depth) = (orientation, predictor, depths[0])
    let rows = min(height, number(278, default: height) ?? 0)
    guard rows > 0, let offsets = directory.numbers(273), let byteCounts = directory.numbers(279),
      offsets.count == (height + rows - 1) / rows, byteCounts.count == offsets.count
    else { throw .malformed("TIFF strips") }
    (rowsPerStrip, self.offsets, self.byteCounts) = (rows, offsets, byteCounts)
  }

  /// Fields whose unusual values change what is shown.
  private static func refuseUnread(_ directory: TIFFDirectory) throws(PhotographRefusal) {
    if directory[322] != nil || directory[324] != nil { throw .unsupported("TIFF in tiles") }
    if let field = directory[338], field.count > 0 {
      throw PhotographRefusal(
        .transparency, subject: "TIFF extra samples", hint: "flatten the original onto one colour")
    }
    let fixed = [
      (254, 0, "reduced TIFF page"), (266, 1, "TIFF bit order"), (284, 1, "TIFF in planes"),
    ]
    for (tag, value, name) in fixed where directory[tag] != nil {
      guard directory.number(tag) == value else { throw .unsupported(name) }
    }
    if directory[339] != nil {
      guard directory.numbers(339)?.allSatisfy({ $0 == 1 }) == true else {
        throw .unsupported("TIFF of samples that are no whole numbers")
      }
    }
  }

  /// The size of a strip's samples once decompressed.
  func byteCount(ofStrip index: Int) -> Int {
    let rows = min(rowsPerStrip, height - index * rowsPerStrip)
    return rows * width * channels * depth / 8
  }
}

/// Writes a TIFF file of one page.
struct TIFFWriter {
  /// The types of field that are written, as TIFF numbers them.
  enum FieldType: Int {
    case text = 2
    case short = 3
    case long = 4

    var byteCount: Int {
      switch self {
      case .text: 1
      case .short: 2
      case .long: 4
      }
    }
  }

  private let order: ByteOrder
  private var output: [UInt8]

  /// Begins a file; the order is that of the samples in the strips, which are copied.
  init(order: ByteOrder) {
    self.order = order
    output = order == .little ? [0x49, 0x49, 42, 0] : [0x4D, 0x4D, 0, 42]
    output += [0, 0, 0, 0]
  }

  mutating func reserve(_ byteCount: Int) { output.reserveCapacity(byteCount) }

  /// Appends data at an even offset, as TIFF asks for; returns the offset.
  mutating func appendBody(_ body: some Collection<UInt8>) -> Int {
    if output.count % 2 == 1 { output.append(0) }
    let offset = output.count
    output += body
    return offset
  }

  private func encoded(_ value: Int, _ size: Int) -> [UInt8] {
    let bytes = (0..<size).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    return order == .little ? bytes : bytes.reversed()
  }

  /// Appends the directory and closes the file.
  mutating func finish(
    _ fields: [(tag: Int, type: FieldType, values: [Int])], profile: (tag: Int, bytes: [UInt8])?
  ) -> [UInt8] {
    var entries: [UInt8] = []
    func entry(_ tag: Int, _ type: Int, _ count: Int, _ body: [UInt8]) {
      entries += encoded(tag, 2) + encoded(type, 2) + encoded(count, 4)
      if body.count <= 4 {
        entries += body + Array(repeating: 0, count: 4 - body.count)
      } else {
        entries += encoded(appendBody(body), 4)
      }
    }
    for field in fields {
      entry(
        field.tag, field.type.rawValue, field.values.count,
        field.values.flatMap { encoded($0, field.type.byteCount) })
    }
    if let profile { entry(profile.tag, 7, profile.bytes.count, profile.bytes) }
    let count = fields.count + (profile == nil ? 0 : 1)
    let start = appendBody(encoded(count, 2) + entries + [0, 0, 0, 0])
    output.replaceSubrange(4..<8, with: encoded(start, 4))
    return output
  }
}

/// Finds where the LZW data of a TIFF strip ends (TIFF 6.0, section 13).
enum LZWExtent {
  /// How many bytes of `data`, its end code included, decode to exactly `needed`; `nil` if they
  /// do not.
  static func byteCount(of data: ArraySlice<UInt8>, decodingTo needed: Int) -> Int? {
    // Only lengths matter: the strings' bytes are never made.
    var lengths = [Int](repeating: 1, count: 258)
    var (position, buffer, bitCount, width) = (data.startIndex, 0, 0, 9)
    var previous: Int?
    var made = 0
    lengths.reserveCapacity(4096)
    while true {
      while bitCount < width {
        guard position < data.endIndex else {
          // Some writers leave the end code out when the strip is full.
          return made == needed ? data.count : nil
        }
        buffer = (buffer << 8 | Int(data[position])) & 0xFF_FFFF
        position += 1
        bitCount += 8
      }
      let code = buffer >> (bitCount - width) & (1 << width - 1)
      bitCount -= width
      if code == 257 { return made == needed ? position - data.startIndex : nil }
      if code == 256 {
        lengths.removeSubrange(258...)
        (width, previous) = (9, nil)
        continue
      }
      if let last = previous {
        guard code <= lengths.count, lengths.count < 4097 else { return nil }
        lengths.append(lengths[last] + 1)
      }
      guard code < lengths.count else { return nil }
      made += lengths[code]
      guard made <= needed else { return nil }
      previous = code
      // The width grows one code early, as all TIFF writers do.
      width =
        lengths.count >= 2047 ? 12 : lengths.count >= 1023 ? 11 : lengths.count >= 511 ? 10 : 9
    }
  }
}
