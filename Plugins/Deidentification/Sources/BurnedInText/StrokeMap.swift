/// Connected strokes: pixels that differ from the mean of their surroundings.
enum StrokeMap {
  /// Which way a stroke differs from the mean of its surroundings, and by how much of 255 at
  /// least.
  ///
  /// Looked for at 28, which coloured text that JPEG has blurred still reaches but where small
  /// glyphs touch, and at 48, which parts them; skin texture seldom reaches either.
  enum Kind: Sendable {
    case bright(Int16)
    case dark(Int16)
  }

  /// A stroke's box, ends inclusive, its area, and its mean value.
  struct Component: Sendable {
    var left: Int
    var right: Int
    var top: Int
    var bottom: Int
    var area: Int
    var sum: Int

    /// The stroke with x and y exchanged.
    var transposed: Component {
      Component(left: top, right: bottom, top: left, bottom: right, area: area, sum: sum)
    }
  }

  /// Half the side of the surroundings: a little less than the height of a usual overlay line, so
  /// that a bar under the text is its surroundings.
  static let radius = 12
  /// The strokes of a field, one list for each kind.
  static func components(
    of field: [UInt8], width: Int, height: Int, kinds: [Kind]
  ) -> [[Component]] {
    var builders = kinds.map { _ in ComponentBuilder() }
    var columns = [Int32](repeating: 0, count: width)
    var means = [UInt8](repeating: 0, count: width)
    var mask = [UInt8](repeating: 0, count: width + 8)
    func add(_ row: Int, _ sign: Int32) {
      field.withUnsafeBufferPointer { values in
        let start = row * width
        for x in 0..<width { columns[x] &+= sign &* Int32(values[start + x]) }
      }
    }
    for row in 0..<min(radius, height) { add(row, 1) }
    for y in 0..<height {
      if y + radius < height { add(y + radius, 1) }
      if y - radius - 1 >= 0 { add(y - radius - 1, -1) }
      let rows = min(y + radius, height - 1) - max(y - radius, 0) + 1
      fillMeans(&means, columns, rows: rows)
      let row = y * width
      for (index, kind) in kinds.enumerated() {
        let (sign, least): (Int16, Int16) =
          switch kind {
          case .bright(let least): (1, least)
          case .dark(let least): (-1, least)
          }
        field.withUnsafeBufferPointer { values in
          for x in 0..<width {
            let difference = sign &* (Int16(values[row + x]) &- Int16(means[x]))
            mask[x] = difference > least ? 1 : 0
          }
          builders[index].addRow(y, mask: mask, width: width, values: values, at: row)
        }
      }
    }
    return builders.map { $0.finished() }
  }

  private static func fillMeans(_ means: inout [UInt8], _ columns: [Int32], rows: Int) {
    let width = columns.count
    var sum = columns[..<min(radius, width)].reduce(0, &+)
    var count = min(radius, width)
    var factor: UInt32 = 0
    for x in 0..<width {
      if x + radius < width {
        sum &+= columns[x + radius]
        count += 1
        factor = 0
      }
      if x - radius - 1 >= 0 {
        sum &-= columns[x - radius - 1]
        count -= 1
        factor = x + radius < width && x > radius + 1 ? factor : 0
      }
      // One division a run of equal counts; the shift keeps the product below 32 bits.
      if factor == 0 { factor = UInt32((1 << 16) / (count * rows)) }
      means[x] = UInt8(truncatingIfNeeded: min(255, (UInt64(sum) * UInt64(factor)) >> 16))
    }
  }
}

/// Joins the runs of a mask into components, row by row (8-connected).
private struct ComponentBuilder {
  private struct Run {
    let start: Int
    let end: Int
    let label: Int
  }
  private var parents: [Int] = []
  private var components: [StrokeMap.Component] = []
  private var previous: [Run] = []
  private var current: [Run] = []

  private mutating func root(_ label: Int) -> Int {
    var label = label
    while parents[label] != label {
      parents[label] = parents[parents[label]]
      label = parents[label]
    }
    return label
  }

  mutating func addRow(
    _ y: Int, mask: [UInt8], width: Int, values: UnsafeBufferPointer<UInt8>, at row: Int
  ) {
    current.removeAll(keepingCapacity: true)
    var above = 0
    var x = 0
    while x < width {
      if mask[x] == 0 {
        x += 1
        // Most of a picture is no stroke: eight pixels at a time.
        while x + 8 <= width, isClear(mask, at: x) { x += 8 }
        continue
      }
      let start = x
      var sum = 0
      while x < width, mask[x] != 0 {
        sum += Int(values[row + x])
        x += 1
      }
      addRun(start, x - 1, y, sum, &above)
    }
    swap(&previous, &current)
  }

  @inline(__always)
  private func isClear(_ mask: [UInt8], at x: Int) -> Bool {
    mask.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: x, as: UInt64.self) == 0 }
  }

  private mutating func addRun(_ start: Int, _ end: Int, _ y: Int, _ sum: Int, _ above: inout Int) {
    while above < previous.count, previous[above].end < start - 1 { above += 1 }
    var label = -1
    var touching = above
    while touching < previous.count, previous[touching].start <= end + 1 {
      let other = root(previous[touching].label)
      if label < 0 {
        label = other
      } else if other != label {
        merge(other, into: label)
      }
      touching += 1
    }
    if label < 0 {
      label = parents.count
      parents.append(label)
      components.append(
        StrokeMap.Component(left: start, right: end, top: y, bottom: y, area: 0, sum: 0))
    }
    components[label].left = min(components[label].left, start)
    components[label].right = max(components[label].right, end)
    components[label].bottom = y
    components[label].area += end - start + 1
    components[label].sum += sum
    current.append(Run(start: start, end: end, label: label))
  }

  private mutating func merge(_ other: Int, into label: Int) {
    parents[other] = label
    let lost = components[other]
    components[label].left = min(components[label].left, lost.left)
    components[label].right = max(components[label].right, lost.right)
    components[label].top = min(components[label].top, lost.top)
    components[label].bottom = max(components[label].bottom, lost.bottom)
    components[label].area += lost.area
    components[label].sum += lost.sum
    components[other].area = 0
  }

  func finished() -> [StrokeMap.Component] { components.filter { $0.area > 0 } }
}
