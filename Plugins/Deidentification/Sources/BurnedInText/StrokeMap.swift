/// Connected strokes: pixels that differ from the mean of their surroundings.
enum StrokeMap {
  /// Which way a stroke differs from the mean of its surroundings, and by how much of 255 at
  /// least.
  ///
  /// Looked for at 14, which text 32 levels from the skin reaches, at 28, which coloured text that
  /// JPEG has blurred still reaches but where small glyphs touch, and at 48, which parts them.
  enum Kind: Sendable {
    case bright(Int16)
    case dark(Int16)

    var sign: Int {
      switch self {
      case .bright: 1
      case .dark: -1
      }
    }
  }

  /// A stroke's box, ends inclusive, and sums over it.
  struct Component: Sendable {
    var left: Int
    var right: Int
    var top: Int
    var bottom: Int
    /// Its pixels.
    var area: Int
    /// Of its pixels' values.
    var sum: Int
    /// Of its pixels' differences from the mean of their surroundings.
    var contrast: Int
    /// Of the differences across the ends of its runs: the pixel within less the one two before it.
    var steps: Int
    /// How many ends those are.
    var ends: Int

    /// The stroke with x and y exchanged.
    var transposed: Component {
      Component(
        left: top, right: bottom, top: left, bottom: right, area: area, sum: sum,
        contrast: contrast, steps: steps, ends: ends)
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
    var differences = [Int16](repeating: 0, count: width)
    var mask = [UInt8](repeating: 0, count: width + 8)
    field.withUnsafeBufferPointer { values in
      func add(_ row: Int, _ sign: Int32) {
        let start = row * width
        columns.withUnsafeMutableBufferPointer { columns in
          for x in 0..<width { columns[x] &+= sign &* Int32(values[start + x]) }
        }
      }
      for row in 0..<min(radius, height) { add(row, 1) }
      for y in 0..<height {
        if y + radius < height { add(y + radius, 1) }
        if y - radius - 1 >= 0 { add(y - radius - 1, -1) }
        let rows = min(y + radius, height - 1) - max(y - radius, 0) + 1
        fillMeans(&means, columns, rows: rows)
        let row = UnsafeBufferPointer(rebasing: values[y * width..<(y + 1) * width])
        differences.withUnsafeMutableBufferPointer { differences in
          means.withUnsafeBufferPointer { means in
            for x in 0..<width { differences[x] = Int16(row[x]) &- Int16(means[x]) }
          }
        }
        for (index, kind) in kinds.enumerated() {
          fill(&mask, differences, kind)
          builders[index].addRow(
            y, mask: mask, row: row, differences: differences, sign: kind.sign)
        }
      }
    }
    return builders.map { $0.finished() }
  }

  private static func fill(_ mask: inout [UInt8], _ differences: [Int16], _ kind: Kind) {
    mask.withUnsafeMutableBufferPointer { mask in
      differences.withUnsafeBufferPointer { differences in
        switch kind {
        case .bright(let least):
          for x in 0..<differences.count { mask[x] = differences[x] > least ? 1 : 0 }
        case .dark(let least):
          for x in 0..<differences.count { mask[x] = differences[x] < -least ? 1 : 0 }
        }
      }
    }
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
    _ y: Int, mask: [UInt8], row: UnsafeBufferPointer<UInt8>, differences: [Int16], sign: Int
  ) {
    current.removeAll(keepingCapacity: true)
    let width = row.count
    var above = 0
    var x = 0
    mask.withUnsafeBytes { mask in
      differences.withUnsafeBufferPointer { differences in
        while x < width {
          if mask[x] == 0 {
            x += 1
            // Most of a picture is no stroke: eight pixels at a time.
            while x + 8 <= width, mask.loadUnaligned(fromByteOffset: x, as: UInt64.self) == 0 {
              x += 8
            }
            continue
          }
          var run = StrokeMap.Component(
            left: x, right: x, top: y, bottom: y, area: 0, sum: 0, contrast: 0, steps: 0, ends: 2)
          while x < width, mask[x] != 0 {
            run.sum &+= Int(row[x])
            run.contrast &+= sign &* Int(differences[x])
            x += 1
          }
          run.right = x - 1
          run.area = x - run.left
          let (before, after) = (max(0, run.left - 2), min(width - 1, run.right + 2))
          run.steps =
            sign &* (Int(row[run.left]) + Int(row[run.right]) - Int(row[before]) - Int(row[after]))
          add(run, &above)
        }
      }
    }
    swap(&previous, &current)
  }

  private mutating func add(_ run: StrokeMap.Component, _ above: inout Int) {
    while above < previous.count, previous[above].end < run.left - 1 { above += 1 }
    var label = -1
    var touching = above
    while touching < previous.count, previous[touching].start <= run.right + 1 {
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
      components.append(run)
    } else {
      components[label].join(run)
    }
    current.append(Run(start: run.left, end: run.right, label: label))
  }

  private mutating func merge(_ other: Int, into label: Int) {
    parents[other] = label
    components[label].join(components[other])
    components[other].area = 0
  }

  func finished() -> [StrokeMap.Component] { components.filter { $0.area > 0 } }
}

extension StrokeMap.Component {
  fileprivate mutating func join(_ other: StrokeMap.Component) {
    left = min(left, other.left)
    right = max(right, other.right)
    top = min(top, other.top)
    bottom = max(bottom, other.bottom)
    area += other.area
    sum += other.sum
    contrast += other.contrast
    steps += other.steps
    ends += other.ends
  }
}
