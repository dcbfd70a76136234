/// The element of rank `share * (count - 1)` with linear interpolation between ranks; not a number
/// when there is none.
func quantile(_ values: [Float], _ share: Float) -> Float {
  guard !values.isEmpty else { return .nan }
  var scratch = values
  return scratch.withUnsafeMutableBufferPointer { quantile(reordering: $0, share) }
}

/// The same, changing the order of the values instead of copying them.
func quantile(reordering values: UnsafeMutableBufferPointer<Float>, _ share: Float) -> Float {
  let position = share * Float(values.count - 1)
  let rank = Int(position)
  let lower = select(values, rank)
  let remainder = position - Float(rank)
  guard remainder > 0, rank + 1 < values.count else { return lower }
  // All that is not below the rank lies after it: the next rank is the least of these.
  var upper = values[rank + 1]
  for index in (rank + 1)..<values.count { upper = min(upper, values[index]) }
  return lower + (upper - lower) * remainder
}

/// The same of values in ascending order.
func quantile(sorted: [Float], _ share: Float) -> Float {
  let position = share * Float(sorted.count - 1)
  let lower = Int(position)
  let upper = min(lower + 1, sorted.count - 1)
  return sorted[lower] + (sorted[upper] - sorted[lower]) * (position - Float(lower))
}

/// The middle element, or the mean of the two.
func median(_ values: [Float]) -> Float { quantile(values, 0.5) }

/// Puts the element of a rank in its place, smaller ones before, greater ones after (Hoare 1961).
private func select(_ values: UnsafeMutableBufferPointer<Float>, _ rank: Int) -> Float {
  var low = 0
  var high = values.count - 1
  while high - low > 12 {
    // The median of three keeps ordered runs from costing the square.
    let middle = (low + high) / 2
    if values[middle] < values[low] { values.swapAt(middle, low) }
    if values[high] < values[low] { values.swapAt(high, low) }
    if values[high] < values[middle] { values.swapAt(high, middle) }
    let pivot = values[middle]
    var left = low
    var right = high
    while left <= right {
      while values[left] < pivot { left &+= 1 }
      while pivot < values[right] { right &-= 1 }
      if left <= right {
        values.swapAt(left, right)
        left &+= 1
        right &-= 1
      }
    }
    if rank <= right {
      high = right
    } else if rank >= left {
      low = left
    } else {
      return values[rank]
    }
  }
  var index = low + 1
  while index <= high {
    let value = values[index]
    var place = index
    while place > low && values[place - 1] > value {
      values[place] = values[place - 1]
      place -= 1
    }
    values[place] = value
    index += 1
  }
  return values[rank]
}
