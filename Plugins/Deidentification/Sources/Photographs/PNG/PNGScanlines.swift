/// The samples of a PNG picture, as far as the scrubber must look at them.
struct PNGScanlines {
  /// Whether every pixel covers what is behind it; true without an alpha channel.
  private(set) var isOpaque = true
  /// Which palette entries pixels use; `nil` without a palette.
  private(set) var usedIndices: [Bool]?

  /// Checks the filter of each row, and undoes it where samples are asked for (section 9).
  ///
  /// - Throws: `malformed` for an unknown filter.
  init(header: PNGHeader, filtered: [UInt8]) throws(PhotographRefusal) {
    let looks = header.hasAlpha || header.isIndexed
    if header.isIndexed { usedIndices = Array(repeating: false, count: 256) }
    let distance = max(1, header.bitsPerPixel / 8)
    var position = 0
    for pass in header.passes {
      let size = header.rowByteCount(pass.width)
      var row = [UInt8](repeating: 0, count: size)
      var above = row
      for _ in 0..<pass.height {
        let filter = filtered[position]
        guard filter <= 4 else { throw .malformed("PNG row filter") }
        position += 1
        if looks {
          PNGScanlines.undo(filter, filtered[position..<position + size], distance, above, &row)
          look(at: row, header: header, width: pass.width)
          swap(&row, &above)
        }
        position += size
      }
    }
  }

  private static func undo(
    _ filter: UInt8, _ source: ArraySlice<UInt8>, _ distance: Int, _ above: [UInt8],
    _ row: inout [UInt8]
  ) {
    for (index, value) in source.enumerated() {
      let left = index < distance ? 0 : Int(row[index - distance])
      let up = Int(above[index])
      let corner = index < distance ? 0 : Int(above[index - distance])
      let prediction: Int
      switch filter {
      case 1: prediction = left
      case 2: prediction = up
      case 3: prediction = (left + up) / 2
      case 4: prediction = paeth(left, up, corner)
      default: prediction = 0
      }
      row[index] = value &+ UInt8(prediction)
    }
  }

  private static func paeth(_ left: Int, _ up: Int, _ corner: Int) -> Int {
    let estimate = left + up - corner
    let (toLeft, toUp) = (abs(estimate - left), abs(estimate - up))
    let toCorner = abs(estimate - corner)
    if toLeft <= toUp, toLeft <= toCorner { return left }
    return toUp <= toCorner ? up : corner
  }

  private mutating func look(at row: [UInt8], header: PNGHeader, width: Int) {
    if header.isIndexed {
      for x in 0..<width {
        let bit = x * header.depth
        let shift = 8 - header.depth - bit % 8
        usedIndices?[Int(row[bit / 8] >> UInt8(shift)) & (1 << header.depth - 1)] = true
      }
    } else if isOpaque {
      let bytes = header.depth / 8
      let pixel = header.bitsPerPixel / 8
      for x in 0..<width {
        for byte in 1...bytes where row[(x + 1) * pixel - byte] != 255 { isOpaque = false }
      }
    }
  }
}
