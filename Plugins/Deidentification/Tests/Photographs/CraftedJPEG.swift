import StageKit

/// A JPEG file made of random coefficients, with segments planted where a test wants them.
///
/// Its Huffman tables have codes of one length, so that coding is a table of numbers; readers
/// must take any table, so nothing is lost by that.
struct CraftedJPEG {
  var width = 37
  var height = 21
  var colour = true
  var isProgressive = false
  var restartInterval = 0
  /// Whole segments, markers included, between SOI and the tables.
  var planted: [UInt8] = []
  var jfif: [UInt8] = CraftedJPEG.segment(0xE0, Array("JFIF\0".utf8) + [1, 1, 0, 0, 1, 0, 1, 0, 0])
  /// Bytes between the last scan's data and EOI.
  var afterScan: [UInt8] = []
  var afterEnd: [UInt8] = []
  /// The scans' entropy-coded data, in order, once ``bytes()`` was called.
  private(set) var scans: [[UInt8]] = []

  static func segment(_ marker: UInt8, _ body: [UInt8]) -> [UInt8] {
    [0xFF, marker, UInt8((body.count + 2) >> 8), UInt8((body.count + 2) & 255)] + body
  }

  /// Codes of 4 bits for sizes 0…11.
  private static let dcTable: [UInt8] =
    [0, 0, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0] + Array(0...11)
  /// Codes of 8 bits: end of band, a run of 16, and sizes 1…3 behind runs of 0…15.
  private static let acSymbols: [UInt8] =
    [0x00, 0xF0] + (0...15).flatMap { run in (1...3).map { UInt8(run << 4 | $0) } }
  private static let acTable: [UInt8] =
    [0, 0, 0, 0, 0, 0, 0, UInt8(acSymbols.count), 0, 0, 0, 0, 0, 0, 0, 0] + acSymbols

  /// The file.
  mutating func bytes() -> [UInt8] {
    let quantisation = (0..<64).map { UInt8(3 + $0) }
    let channels = colour ? 3 : 1
    var frame: [UInt8] = [8, 0, UInt8(height), 0, UInt8(width), UInt8(channels)]
    for channel in 0..<channels {
      frame += [UInt8(channel + 1), colour && channel == 0 ? 0x22 : 0x11, 0]
    }
    var file: [UInt8] = [0xFF, 0xD8] + jfif + planted
    file += CraftedJPEG.segment(0xDB, [0] + quantisation)
    file += CraftedJPEG.segment(isProgressive ? 0xC2 : 0xC0, frame)
    file += CraftedJPEG.segment(0xC4, [0x00] + CraftedJPEG.dcTable)
    file += CraftedJPEG.segment(0xC4, [0x10] + CraftedJPEG.acTable)
    if restartInterval > 0 { file += CraftedJPEG.segment(0xDD, [0, UInt8(restartInterval)]) }
    scans = []
    for scan in isProgressive ? progressiveScans(channels) : [sequentialScan(channels)] {
      file += CraftedJPEG.segment(0xDA, scan.header) + scan.data
      scans.append(scan.data)
    }
    return file + afterScan + [0xFF, 0xD9] + afterEnd
  }

  /// Random blocks: a few small coefficients each.
  private func block(_ random: inout SeededGenerator) -> [Int] {
    var block = Array(repeating: 0, count: 64)
    block[0] = Int.random(in: -200...200, using: &random)
    for _ in 0..<Int.random(in: 0...9, using: &random) {
      block[Int.random(in: 1...63, using: &random)] = Int.random(in: -7...7, using: &random)
    }
    return block
  }

  private func sequentialScan(_ channels: Int) -> (header: [UInt8], data: [UInt8]) {
    var random = SeededGenerator(seed: 1)
    var writer = BitWriter()
    let mcu = colour ? 16 : 8
    let count = ((width + mcu - 1) / mcu) * ((height + mcu - 1) / mcu)
    var differences = Array(repeating: 0, count: channels)
    for index in 0..<count {
      if restartInterval > 0, index > 0, index % restartInterval == 0 {
        writer.restart(index / restartInterval - 1)
        differences = Array(repeating: 0, count: channels)
      }
      for channel in 0..<channels {
        for _ in 0..<(colour && channel == 0 ? 4 : 1) {
          let block = block(&random)
          writer.dc(block[0] - differences[channel])
          differences[channel] = block[0]
          writer.ac(block[1...], lowBit: 0)
        }
      }
    }
    let parts: [UInt8] = (1...channels).flatMap { [UInt8($0), 0x00] as [UInt8] }
    return ([UInt8(channels)] + parts + [0, 63, 0], writer.finished())
  }

  /// Grey only: DC, the upper bits of AC, the lowest bit of AC.
  private func progressiveScans(_ channels: Int) -> [(header: [UInt8], data: [UInt8])] {
    precondition(!colour && restartInterval == 0, "progressive pictures are crafted in grey")
    var random = SeededGenerator(seed: 2)
    let count = ((width + 7) / 8) * ((height + 7) / 8)
    let blocks = (0..<count).map { _ in block(&random) }
    var (dc, high, low) = (BitWriter(), BitWriter(), BitWriter())
    var last = 0
    for block in blocks {
      dc.dc(block[0] - last)
      last = block[0]
      high.ac(block[1...], lowBit: 1)
      low.refine(block[1...])
    }
    return [
      ([1, 1, 0x00, 0, 0, 0], dc.finished()), ([1, 1, 0x00, 1, 63, 1], high.finished()),
      ([1, 1, 0x00, 1, 63, 0x10], low.finished()),
    ]
  }

  /// Writes codes, stuffed zeros and padding of ones (T.81, F.1.2).
  private struct BitWriter {
    private var bytes: [UInt8] = []
    private var buffer = 0
    private var count = 0

    mutating func bits(_ value: Int, _ size: Int) {
      for bit in (0..<size).reversed() {
        buffer = buffer << 1 | value >> bit & 1
        count += 1
        guard count == 8 else { continue }
        bytes.append(UInt8(buffer))
        if buffer == 255 { bytes.append(0) }
        (buffer, count) = (0, 0)
      }
    }

    private static func size(_ value: Int) -> Int {
      Int.bitWidth - abs(value).leadingZeroBitCount
    }

    private mutating func magnitude(_ value: Int, _ size: Int) {
      bits(value < 0 ? value + (1 << size) - 1 : value, size)
    }

    private mutating func symbol(_ symbol: Int) {
      guard let code = CraftedJPEG.acSymbols.firstIndex(of: UInt8(symbol)) else {
        preconditionFailure("no code for this symbol")
      }
      bits(code, 8)
    }

    mutating func dc(_ difference: Int) {
      let size = BitWriter.size(difference)
      bits(size, 4)
      magnitude(difference, size)
    }

    mutating func ac(_ coefficients: ArraySlice<Int>, lowBit: Int) {
      var run = 0
      var ended = false
      for (position, coefficient) in coefficients.enumerated() {
        let value = (abs(coefficient) >> lowBit) * coefficient.signum()
        ended = value != 0 && position == 62
        guard value != 0 else {
          run += 1
          continue
        }
        while run > 15 {
          symbol(0xF0)
          run -= 16
        }
        symbol(run << 4 | BitWriter.size(value))
        magnitude(value, BitWriter.size(value))
        run = 0
      }
      if !ended { symbol(0) }
    }

    mutating func refine(_ coefficients: ArraySlice<Int>) {
      var run = 0
      var corrections: [Int] = []
      var ended = false
      for (position, coefficient) in coefficients.enumerated() {
        let value = abs(coefficient)
        ended = value == 1 && position == 62
        if value > 1 {
          corrections.append(value & 1)
          continue
        }
        if value == 0 {
          if run == 15 {
            symbol(0xF0)
            flush(&corrections)
            run = 0
            ended = position == 62
          } else {
            run += 1
          }
          continue
        }
        symbol(run << 4 | 1)
        bits(coefficient > 0 ? 1 : 0, 1)
        flush(&corrections)
        run = 0
      }
      if !ended {
        symbol(0)
        flush(&corrections)
      }
    }

    private mutating func flush(_ corrections: inout [Int]) {
      for bit in corrections { bits(bit, 1) }
      corrections = []
    }

    mutating func restart(_ index: Int) {
      pad()
      bytes += [0xFF, 0xD0 + UInt8(index % 8)]
    }

    private mutating func pad() {
      if count > 0 { bits((1 << (8 - count)) - 1, 8 - count) }
    }

    mutating func finished() -> [UInt8] {
      pad()
      return bytes
    }
  }
}
