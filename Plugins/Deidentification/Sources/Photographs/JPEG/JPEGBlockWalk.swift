/// Walks the code of one block of 64 coefficients in each of the ways that T.81 codes one.
///
/// Each function returns false when the bits are no such code, or end within it.
struct JPEGBlockWalk {
  private let dc: [JPEGHuffmanDecoder?]
  private let ac: [JPEGHuffmanDecoder?]
  private let start: Int
  private let end: Int
  private let isRefinement: Bool

  /// Makes the decoders of the tables that the scan uses.
  ///
  /// - Throws: `malformed` when a table that is used is missing or is no prefix code.
  init(scan: JPEGPicture.Scan, isProgressive: Bool) throws(PhotographRefusal) {
    start = scan.spectralStart
    end = scan.spectralEnd
    isRefinement = scan.highBit > 0
    var dc: [JPEGHuffmanDecoder?] = []
    var ac: [JPEGHuffmanDecoder?] = []
    for part in scan.parts {
      for definition in scan.huffman {
        guard JPEGHuffmanDecoder(definition) != nil else { throw .malformed("JPEG Huffman table") }
      }
      func decoder(_ isAC: Bool, _ slot: Int) -> JPEGHuffmanDecoder? {
        scan.huffman.first { $0.isAC == isAC && $0.slot == slot }.flatMap(JPEGHuffmanDecoder.init)
      }
      dc.append(decoder(false, part.dcSlot))
      ac.append(decoder(true, part.acSlot))
      let needs = JPEGBlockWalk.tables(of: scan, isProgressive: isProgressive)
      guard !needs.dc || dc.last.flatMap({ $0 }) != nil,
        !needs.ac || ac.last.flatMap({ $0 }) != nil
      else { throw .malformed("JPEG Huffman table") }
    }
    self.dc = dc
    self.ac = ac
  }

  /// Which kinds of Huffman tables a scan uses.
  static func tables(
    of scan: JPEGPicture.Scan, isProgressive: Bool
  ) -> (dc: Bool, ac: Bool) {
    guard isProgressive else { return (true, true) }
    return scan.spectralStart == 0 ? (scan.highBit == 0, false) : (false, true)
  }

  /// A whole block of a sequential frame (F.2.2).
  @inline(__always)
  func walkSequential(_ bits: inout JPEGBitReader, part: Int) -> Bool {
    guard walkDifference(&bits, part), let table = ac[part] else { return false }
    var index = 1
    while index < 64 {
      guard let symbol = table.next(&bits) else { return false }
      let (run, size) = (symbol >> 4, symbol & 15)
      if size == 0 {
        guard run == 15 else { return true }
        index += 16
        guard index <= 64 else { return false }
      } else {
        index += run + 1
        bits.refill()
        guard index <= 64, bits.skip(size) else { return false }
      }
    }
    return true
  }

  /// The DC coefficient of a progressive frame, first bits or one more (G.1.2.1).
  @inline(__always)
  func walkDC(_ bits: inout JPEGBitReader, part: Int) -> Bool {
    isRefinement ? bits.read(1) != nil : walkDifference(&bits, part)
  }

  /// A band of AC coefficients of a progressive frame (G.1.2.2 and G.1.2.3).
  @inline(__always)
  func walkAC(
    _ bits: inout JPEGBitReader, _ nonZero: inout UInt64, _ endOfBandRun: inout Int
  ) -> Bool {
    isRefinement
      ? refineAC(&bits, &nonZero, &endOfBandRun) : walkFirstAC(&bits, &nonZero, &endOfBandRun)
  }

  @inline(__always)
  private func walkDifference(_ bits: inout JPEGBitReader, _ part: Int) -> Bool {
    // An 8-bit picture's DC difference has at most 11 bits (F.1.2.1).
    guard let size = dc[part]?.next(&bits), size <= 11 else { return false }
    bits.refill()
    return bits.skip(size)
  }

  private func walkFirstAC(
    _ bits: inout JPEGBitReader, _ nonZero: inout UInt64, _ endOfBandRun: inout Int
  ) -> Bool {
    if endOfBandRun > 0 {
      endOfBandRun -= 1
      return true
    }
    var index = start
    while index <= end {
      guard let symbol = ac[0]?.next(&bits) else { return false }
      let (run, size) = (symbol >> 4, symbol & 15)
      if size == 0 {
        guard run == 15 else { return beginRun(&bits, run, &endOfBandRun) }
        index += 16
        guard index <= end + 1 else { return false }
      } else {
        index += run
        bits.refill()
        guard index <= end, bits.skip(size) else { return false }
        nonZero |= 1 << UInt64(index)
        index += 1
      }
    }
    return true
  }

  /// Begins a run of blocks whose band is at its end; this block is the first of it.
  private func beginRun(
    _ bits: inout JPEGBitReader, _ exponent: Int, _ endOfBandRun: inout Int
  ) -> Bool {
    guard let low = bits.read(exponent) else { return false }
    endOfBandRun = 1 << exponent + low - 1
    return true
  }

  private func refineAC(
    _ bits: inout JPEGBitReader, _ nonZero: inout UInt64, _ endOfBandRun: inout Int
  ) -> Bool {
    var index = start
    if endOfBandRun > 0 {
      endOfBandRun -= 1
      return refineRest(&bits, nonZero, from: index)
    }
    while index <= end {
      guard let symbol = ac[0]?.next(&bits) else { return false }
      var run = symbol >> 4
      let size = symbol & 15
      guard size <= 1 else { return false }
      if size == 0, run < 15 {
        return beginRun(&bits, run, &endOfBandRun) && refineRest(&bits, nonZero, from: index)
      }
      if size == 1, bits.read(1) == nil { return false }
      while index <= end {
        if nonZero >> UInt64(index) & 1 == 1 {
          guard bits.read(1) != nil else { return false }
        } else if run == 0 {
          break
        } else {
          run -= 1
        }
        index += 1
      }
      if size == 1 {
        guard index <= end else { return false }
        nonZero |= 1 << UInt64(index)
      }
      index += 1
    }
    return true
  }

  /// One correction bit for each coefficient that is already non-zero.
  private func refineRest(_ bits: inout JPEGBitReader, _ nonZero: UInt64, from first: Int) -> Bool {
    guard first <= end else { return true }
    let band = nonZero >> UInt64(first) & (UInt64.max >> UInt64(63 - (end - first)))
    for _ in 0..<band.nonzeroBitCount where bits.read(1) == nil { return false }
    return true
  }
}
