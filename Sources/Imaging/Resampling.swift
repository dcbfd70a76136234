extension Plane<Float> {
  /// The plane at another size; pixel areas, not pixel centres, are what is kept in place.
  ///
  /// Sample `(x, y)` of the result covers the rectangle from `x * width / newWidth` on, so
  /// coordinates map as `(x + 0.5) * width / newWidth - 0.5`. Along an axis that shrinks, each
  /// result is the exact mean of the area it covers (the mean of the plane is kept); along one that
  /// grows, it is interpolated linearly, the border repeating outward.
  ///
  /// - Parameters:
  ///   - newWidth: at least 1.
  ///   - newHeight: at least 1.
  public func resampled(toWidth newWidth: Int, height newHeight: Int, pool: FramePool? = nil)
    -> Plane<Float>
  {
    precondition(newWidth > 0 && newHeight > 0, "a plane has at least one sample")
    if newWidth == width && newHeight == height { return self }
    let columns = AxisWeights(from: width, to: newWidth)
    let rows = AxisWeights(from: height, to: newHeight)
    return Plane<Float>(width: newWidth, height: newHeight, pool: pool) { target in
      withUnsafeSamples { source in
        resample(source, width: width, into: target, newWidth: newWidth, columns, rows)
      }
    }
  }

  /// The plane at half the size: each sample is the mean of four; an odd last row or column is
  /// averaged with itself.
  public func halved(pool: FramePool? = nil) -> Plane<Float> {
    let newWidth = (width + 1) / 2
    let newHeight = (height + 1) / 2
    return Plane<Float>(width: newWidth, height: newHeight, pool: pool) { target in
      withUnsafeSamples { source in
        guard let base = source.baseAddress else { return }
        var y = 0
        while y < newHeight {
          let upper = base + 2 &* y &* width
          let lower = base + min(2 &* y &+ 1, height &- 1) &* width
          let out = y &* newWidth
          var x = 0
          let whole = width / 2
          while x < whole {
            let left = upper[2 &* x] + lower[2 &* x]
            target[out &+ x] = 0.25 * (left + upper[2 &* x &+ 1] + lower[2 &* x &+ 1])
            x &+= 1
          }
          if x < newWidth { target[out &+ x] = 0.5 * (upper[2 &* x] + lower[2 &* x]) }
          y &+= 1
        }
      }
    }
  }
}

/// Which source samples make each result sample of an axis, with weights that sum to 1.
private struct AxisWeights {
  var first: [Int] = []
  var start: [Int] = [0]
  var weights: [Float] = []

  init(from count: Int, to newCount: Int) {
    let ratio = Double(count) / Double(newCount)
    for index in 0..<newCount {
      if newCount >= count {
        let position = (Double(index) + 0.5) * ratio - 0.5
        let lower = min(max(Int(position.rounded(.down)), 0), count - 1)
        let share = min(max(position - Double(lower), 0), 1)
        first.append(lower)
        weights.append(Float(1 - share))
        if lower + 1 < count {
          weights.append(Float(share))
        } else {
          weights[weights.count - 1] = 1
        }
      } else {
        let from = Double(index) * ratio
        let to = min(from + ratio, Double(count))
        var sample = Int(from)
        first.append(sample)
        while Double(sample) < to && sample < count {
          let covered = min(Double(sample + 1), to) - max(Double(sample), from)
          if covered > 1e-9 || Double(sample) <= from { weights.append(Float(covered / ratio)) }
          sample += 1
        }
      }
      start.append(weights.count)
    }
  }
}

private func resample(
  _ source: UnsafeBufferPointer<Float>, width: Int,
  into target: UnsafeMutableBufferPointer<Float>, newWidth: Int,
  _ columns: AxisWeights, _ rows: AxisWeights
) {
  guard let base = source.baseAddress, let out = target.baseAddress else { return }
  withUnsafeTemporaryAllocation(of: Float.self, capacity: width) { blended in
    guard let line = blended.baseAddress else { return }
    blended.initialize(repeating: 0)
    columns.first.withUnsafeBufferPointer { first in
      columns.start.withUnsafeBufferPointer { start in
        columns.weights.withUnsafeBufferPointer { weights in
          for y in rows.first.indices {
            blendRows(base, width: width, into: line, rows, at: y)
            let row = out + y &* newWidth
            var x = 0
            while x < newWidth {
              var sum: Float = 0
              var position = first[x]
              var weight = start[x]
              let end = start[x &+ 1]
              while weight < end {
                sum += line[position] * weights[weight]
                position &+= 1
                weight &+= 1
              }
              row[x] = sum
              x &+= 1
            }
          }
        }
      }
    }
  }
}

private func blendRows(
  _ base: UnsafePointer<Float>, width: Int, into line: UnsafeMutablePointer<Float>,
  _ rows: AxisWeights, at y: Int
) {
  var row = rows.first[y]
  for index in rows.start[y]..<rows.start[y + 1] {
    let weight = rows.weights[index]
    let from = base + row &* width
    var x = 0
    if index == rows.start[y] {
      while x < width {
        line[x] = from[x] * weight
        x &+= 1
      }
    } else {
      while x < width {
        line[x] += from[x] * weight
        x &+= 1
      }
    }
    row += 1
  }
}
