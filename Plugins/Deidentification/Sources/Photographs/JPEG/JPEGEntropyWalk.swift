/// Walks the entropy-coded data of a JPEG symbol by symbol, without computing a pixel.
///
/// Only a walk knows where the picture's last bit is: bytes behind it and the bits that pad it are
/// seen by no viewer and can hold anything. It also proves that the file is whole, since decoders
/// fill what is missing with grey and say nothing. A progressive refinement cannot be walked
/// without knowing which coefficients are non-zero, hence one bit for each of them.
struct JPEGEntropyWalk {
  private let frame: JPEGPicture.Frame
  private let blocks: [(across: Int, down: Int, stride: Int)]
  private let mcusAcross: Int
  private let mcusDown: Int
  /// Which coefficients of each block are non-zero, bit k for zigzag index k; progressive only.
  private var nonZero: [[UInt64]]
  /// Blocks that may still be visited.
  ///
  /// A run can end the band of 32,767 blocks in a few bits, so a
  /// small file could ask for hours; a flat 20-megapixel picture in ten scans takes 5 million.
  private var visitsLeft: Int
  /// The lowest bit coded so far of each coefficient, by component and zigzag index; -1 for none.
  private var coded: [[Int]]

  /// What was left out while a scan was walked.
  struct Excess {
    var byteCount = 0
    var paddings = 0
  }

  /// Prepares for the scans of a frame.
  ///
  /// - Throws: `truncated` when the file is too small for its frame, before memory is taken.
  init(frame: JPEGPicture.Frame, fileByteCount: Int) throws(PhotographRefusal) {
    func divideUp(_ value: Int, _ divisor: Int) -> Int { (value + divisor - 1) / divisor }
    self.frame = frame
    let (mostAcross, mostDown) = (frame.mostHorizontal, frame.mostVertical)
    mcusAcross = divideUp(frame.width, 8 * mostAcross)
    mcusDown = divideUp(frame.height, 8 * mostDown)
    var blocks: [(across: Int, down: Int, stride: Int)] = []
    var total = 0
    for component in frame.components {
      blocks.append(
        (
          divideUp(divideUp(frame.width * component.horizontal, mostAcross), 8),
          divideUp(divideUp(frame.height * component.vertical, mostDown), 8),
          mcusAcross * component.horizontal
        ))
      total += mcusAcross * component.horizontal * mcusDown * component.vertical
    }
    self.blocks = blocks
    visitsLeft = 1 << 26 + 64 * fileByteCount
    // Each block has at least one bit for its DC coefficient; blocks that only pad the frame may
    // have none, and are at most three quarters of a small frame.
    guard total / 4 <= fileByteCount * 8 else { throw .truncated("JPEG picture data") }
    coded = frame.components.map { _ in Array(repeating: -1, count: 64) }
    let (across, down) = (mcusAcross, mcusDown)
    nonZero =
      frame.isProgressive
      ? frame.components.map {
        Array(repeating: 0, count: across * $0.horizontal * down * $0.vertical)
      } : []
  }

  /// Whether every coefficient that a decoder needs was coded.
  var isComplete: Bool { coded.allSatisfy { $0[0] >= 0 } }

  /// Walks one scan whose data begins at `position`, and fills in the data as it leaves.
  ///
  /// - Returns: where the marker behind the scan stands, and what was left out.
  /// - Throws: `malformed` when the data is not what its headers say, `truncated` when it ends.
  mutating func walk(
    _ scan: inout JPEGPicture.Scan, in bytes: [UInt8], at position: Int
  ) throws(PhotographRefusal) -> (end: Int, excess: Excess) {
    try noteCoded(scan)
    let coder = try JPEGBlockWalk(scan: scan, isProgressive: frame.isProgressive)
    let single = scan.parts.count == 1 ? blocks[scan.parts[0].component] : nil
    let across = single?.across ?? mcusAcross
    let total = across * (single?.down ?? mcusDown)
    visitsLeft -= total
    guard visitsLeft >= 0 else {
      throw PhotographRefusal(
        .tooLarge, subject: "JPEG scans", hint: "save the original again in one scan")
    }
    var excess = Excess()
    var (start, done, restarts) = (position, 0, 0)
    while true {
      var segment = Segment(bytes: bytes, start: start)
      let end = scan.restartInterval == 0 ? total : min(total, done + scan.restartInterval)
      var endOfBandRun = 0
      while done < end {
        let whole =
          single != nil
          ? walkSingle(scan, coder, &segment.bits, done, across, &endOfBandRun)
          : walkInterleaved(scan, coder, &segment.bits, done)
        guard whole else { throw segment.failure }
        done += 1
      }
      guard endOfBandRun == 0 else { throw .malformed("JPEG picture data") }
      start = try segment.close(into: &scan.data, &excess)
      guard done < total else { return (start, excess) }
      guard bytes[start + 1] == 0xD0 + UInt8(restarts % 8) else {
        throw .malformed("JPEG restart marker")
      }
      scan.data += [0xFF, bytes[start + 1]]
      start += 2
      restarts += 1
    }
  }

  @inline(__always)
  private mutating func walkSingle(
    _ scan: JPEGPicture.Scan, _ coder: JPEGBlockWalk, _ bits: inout JPEGBitReader, _ index: Int,
    _ across: Int, _ endOfBandRun: inout Int
  ) -> Bool {
    guard frame.isProgressive else { return coder.walkSequential(&bits, part: 0) }
    if scan.spectralStart == 0 { return coder.walkDC(&bits, part: 0) }
    let component = scan.parts[0].component
    let block = index / across * blocks[component].stride + index % across
    return coder.walkAC(&bits, &nonZero[component][block], &endOfBandRun)
  }

  @inline(__always)
  private func walkInterleaved(
    _ scan: JPEGPicture.Scan, _ coder: JPEGBlockWalk, _ bits: inout JPEGBitReader, _ index: Int
  ) -> Bool {
    for part in scan.parts.indices {
      let component = frame.components[scan.parts[part].component]
      for _ in 0..<component.horizontal * component.vertical {
        let whole =
          frame.isProgressive
          ? coder.walkDC(&bits, part: part) : coder.walkSequential(&bits, part: part)
        guard whole else { return false }
      }
    }
    return true
  }

  /// Each coefficient is coded once, or refined one bit at a time from where it stands (T.81,
  /// G.1.1.1); this also bounds the work that a file can ask for.
  private mutating func noteCoded(_ scan: JPEGPicture.Scan) throws(PhotographRefusal) {
    for part in scan.parts {
      if scan.spectralStart > 0, coded[part.component][0] < 0 {
        throw .malformed("JPEG scan order")
      }
      for index in scan.spectralStart...scan.spectralEnd {
        let before = coded[part.component][index]
        let fits = scan.highBit == 0 ? before == -1 : before == scan.highBit
        guard fits else { throw .malformed("JPEG scan order") }
        coded[part.component][index] = scan.lowBit
      }
    }
  }
}

/// The stretch between two restart markers.
private struct Segment {
  let bytes: [UInt8]
  let start: Int
  var bits: JPEGBitReader

  init(bytes: [UInt8], start: Int) {
    self.bytes = bytes
    self.start = start
    bits = JPEGBitReader(bytes, at: start)
  }

  /// Why the walk stopped: the file's end, or data that is no picture.
  var failure: PhotographRefusal {
    bits.position >= bytes.count
      ? .truncated("JPEG picture data") : .malformed("JPEG picture data")
  }

  /// Appends what the picture uses, the last byte padded with ones (T.81, F.1.2.3), and finds the
  /// marker behind it.
  mutating func close(
    into data: inout [UInt8], _ excess: inout JPEGEntropyWalk.Excess
  ) throws(PhotographRefusal) -> Int {
    bits.refill()
    let padding = bits.bitCount % 8
    let padded = bits.peek(padding) == (1 << padding) - 1
    var end = bits.position
    while !(end + 1 < bytes.count && bytes[end] == 0xFF && bytes[end + 1] != 0) {
      guard end + 1 < bytes.count else { throw .truncated("JPEG picture data") }
      end += 1
    }
    if bits.bitCount < 8, padded {
      data += bytes[start..<end]
    } else {
      let used = rebuild(into: &data, wholeBytes: bits.bytesRead - bits.bitCount / 8)
      excess.byteCount += end - used
      let ones = UInt8((1 << (bits.bitCount % 8)) - 1)
      if ones != 0, let last = lastUsedByte(before: used), last & ones != ones {
        excess.paddings += 1
      }
    }
    while end + 2 < bytes.count, bytes[end + 1] == 0xFF {
      end += 1
      excess.byteCount += 1
    }
    return end
  }

  private func lastUsedByte(before end: Int) -> UInt8? {
    guard end > start else { return nil }
    return bytes[end - 1] == 0 && end - 2 >= start && bytes[end - 2] == 0xFF
      ? 0xFF : bytes[end - 1]
  }

  /// Copies so many bytes (stuffed zeros not counted); returns where the copy ended in the file.
  private func rebuild(into data: inout [UInt8], wholeBytes: Int) -> Int {
    var position = start
    for index in 0..<wholeBytes {
      var byte = bytes[position]
      position += byte == 0xFF ? 2 : 1
      if index == wholeBytes - 1 { byte |= UInt8((1 << (bits.bitCount % 8)) - 1) }
      data.append(byte)
      if byte == 0xFF { data.append(0) }
    }
    return position
  }
}
