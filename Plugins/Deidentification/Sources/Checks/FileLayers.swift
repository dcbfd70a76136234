/// What a file holds as it lies there, and what unpacks from it, to any depth that a reader would go.
///
/// zlib (in PNG, PDF and many others), gzip and ZIP's deflate are unpacked wherever they begin, also when
/// their end is broken; base64 is decoded wherever enough of it stands in a row.
struct FileLayers {
  /// Something that a file holds.
  struct Layer {
    /// Where it comes from, in words: empty for the file itself.
    let place: String
    let bytes: [UInt8]
    fileprivate let depth: Int
  }

  /// As deep as a text in a packed stream in a coded attachment in a packed file.
  private static let deepest = 4
  /// As much as is unpacked of one file.
  private static let byteLimit = 256 << 20
  /// The fewest bytes that are worth a look: less holds no name.
  private static let fewest = 12

  /// Whether there was more than is unpacked.
  private(set) var isCut = false
  private var room = FileLayers.byteLimit

  /// Calls `body` with the file, and with each layer below it.
  mutating func visit(_ bytes: [UInt8], _ body: (Layer) -> Void) {
    var waiting = [Layer(place: "", bytes: bytes, depth: 0)]
    while let layer = waiting.popLast() {
      body(layer)
      let below = packed(in: layer) + coded(in: layer)
      if layer.depth == FileLayers.deepest {
        isCut = isCut || !below.isEmpty
      } else {
        waiting += below
      }
    }
  }

  private mutating func packed(in layer: Layer) -> [Layer] {
    let bytes = layer.bytes
    var found: [Layer] = []
    var index = 0
    while index + 2 < bytes.count {
      guard let start = FileLayers.deflated(in: bytes, at: index) else {
        index += 1
        continue
      }
      let content = Inflate.readable(bytes, at: start, limit: room)
      if content.count >= FileLayers.fewest {
        room -= content.count
        isCut = isCut || room <= 0
        found.append(
          Layer(
            place: "\(layer.place)in a packed stream at byte \(index), ", bytes: content,
            depth: layer.depth + 1))
        if room <= 0 { return found }
      }
      // Goes on behind the first byte: that this was a stream at all may be chance.
      index += 1
    }
    return found
  }

  /// Where the deflated data begins of a stream that begins here; `nil` when none does.
  private static func deflated(in bytes: [UInt8], at index: Int) -> Int? {
    switch (bytes[index], bytes[index + 1]) {
    case (let method, let flags) where method & 15 == 8 && method >> 4 <= 7:
      let header = Int(method) << 8 | Int(flags)
      return header % 31 == 0 && flags & 32 == 0 ? index + 2 : nil
    case (0x1F, 0x8B) where bytes[index + 2] == 8: return afterGzipHeader(in: bytes, at: index)
    case (0x50, 0x4B) where bytes[index + 2] == 3:
      guard let method = bytes.number16(at: index + 8, .little), method == 8,
        let name = bytes.number16(at: index + 26, .little),
        let extra = bytes.number16(at: index + 28, .little)
      else { return nil }
      return index + 30 + name + extra
    default: return nil
    }
  }

  /// RFC 1952, 2.3.
  private static func afterGzipHeader(in bytes: [UInt8], at index: Int) -> Int? {
    guard index + 10 <= bytes.count else { return nil }
    let flags = bytes[index + 3]
    var start = index + 10
    if flags & 4 != 0 {
      guard let size = bytes.number16(at: start, .little) else { return nil }
      start += 2 + size
    }
    for flag: UInt8 in [8, 16] where flags & flag != 0 {
      while start < bytes.count, bytes[start] != 0 { start += 1 }
      start += 1
    }
    return start + (flags & 2 != 0 ? 2 : 0)
  }

  private mutating func coded(in layer: Layer) -> [Layer] {
    let bytes = layer.bytes
    var found: [Layer] = []
    var start = 0
    while start < bytes.count {
      guard Base64.value(of: bytes[start]) != nil else {
        start += 1
        continue
      }
      let run = Base64.run(in: bytes, from: start)
      if run.values.count >= 4 * FileLayers.fewest / 3 {
        // Where in a group of four a text begins is not known when something stands before it.
        for skipped in 0..<4 where run.values.count - skipped >= 4 {
          let content = Base64.bytes(of: run.values[skipped...])
          guard room >= content.count else {
            isCut = true
            return found
          }
          room -= content.count
          found.append(
            Layer(
              place: "\(layer.place)in base64 at byte \(start), ", bytes: content,
              depth: layer.depth + 1))
        }
      }
      start = run.end
    }
    return found
  }
}

/// Base64 of RFC 4648, both alphabets, as it stands in files: with line ends, with or without padding.
private enum Base64 {
  static func value(of byte: UInt8) -> UInt8? {
    switch byte {
    case 65...90: byte - 65
    case 97...122: byte - 71
    case 48...57: byte + 4
    case 43, 45: 62
    case 47, 95: 63
    default: nil
    }
  }

  /// The values of a run of base64, and where it ends; lines follow each other with one line end.
  static func run(in bytes: [UInt8], from start: Int) -> (values: [UInt8], end: Int) {
    var values: [UInt8] = []
    var index = start
    while index < bytes.count {
      if let value = value(of: bytes[index]) {
        values.append(value)
        index += 1
        continue
      }
      var next = index
      if bytes[next] == 13 { next += 1 }
      if next < bytes.count, bytes[next] == 10 { next += 1 }
      guard next > index, next < bytes.count, self.value(of: bytes[next]) != nil else { break }
      index = next
    }
    return (values, max(index, start + 1))
  }

  static func bytes(of values: ArraySlice<UInt8>) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(values.count * 3 / 4)
    var (bits, count) = (0, 0)
    for value in values {
      bits = bits << 6 | Int(value)
      count += 6
      if count >= 8 {
        count -= 8
        bytes.append(UInt8(bits >> count & 255))
      }
    }
    return bytes
  }
}
