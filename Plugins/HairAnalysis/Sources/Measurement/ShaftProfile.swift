import Imaging

/// What profiles across a line say of it at the working scale.
struct ShaftProfile: Sendable {
  /// The median full width at half density, in pixels.
  var width: Float
  /// The standard deviation of that width along the line, in pixels.
  var widthDeviation: Float
  /// The median density of the shaft over its sides.
  var contrast: Float
  /// The share of rows where both flanks were found.
  var soundShare: Float
  /// The median distance of the profile's middle from the line, in pixels, left of travel positive.
  var offset: Float
  /// The mean density step from the shaft's edge outward within a pixel: how sharp the flanks are.
  var flankSlope: Float
  /// The median density just beside the shaft, left and right of travel, at 0.75 widths from it.
  var besideLeft: Float
  var besideRight: Float
  /// The quartile distance of the density along the middle, relative to the contrast.
  var roughness: Float

  /// How far to each side a profile reaches, in micrometres: a terminal shaft and its neighbour.
  static let reachMicrometres: Float = 90

  /// Measures `line`, which has one point a pixel; nil where fewer than four rows are sound.
  init?(along line: Polyline, density: BilinearSampler, micrometresPerPixel: Float) {
    let half = Int((ShaftProfile.reachMicrometres / micrometresPerPixel * 2).rounded())
    let size = 2 * half + 1
    var row = [Float](repeating: 0, count: size)
    var scratch = row
    var widths: [Float] = []
    var contrasts: [Float] = []
    var offsets: [Float] = []
    var slopes: [Float] = []
    var peaks: [Float] = []
    var lefts: [Float] = []
    var rights: [Float] = []
    for index in line.points.indices {
      let tangent = line.tangent(at: index)
      let normal = SIMD2(-tangent.y, tangent.x) * 0.5
      let centre = line.points[index]
      for step in 0..<size {
        let point = centre + normal * Float(step - half)
        row[step] = density(point.x, point.y)
      }
      guard let found = flanks(row, half: half, scratch: &scratch) else { continue }
      widths.append((found.right - found.left) * 0.5)
      contrasts.append(found.contrast)
      offsets.append((found.left + found.right) * 0.25)
      slopes.append(found.slope)
      peaks.append(found.peak)
      let middle = 0.5 * (found.left + found.right)
      let away = max(3, 0.75 * (found.right - found.left))
      lefts.append(row[min(max(Int(middle - away) + half, 0), size - 1)])
      rights.append(row[min(max(Int(middle + away) + half, 0), size - 1)])
    }
    guard widths.count >= 4 else { return nil }
    width = median(widths)
    let mean = widths.reduce(0, +) / Float(widths.count)
    let variance = widths.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Float(widths.count)
    widthDeviation = variance.squareRoot()
    contrast = median(contrasts)
    soundShare = Float(widths.count) / Float(line.count)
    offset = median(offsets)
    flankSlope = median(slopes)
    besideLeft = median(lefts)
    besideRight = median(rights)
    let sortedPeaks = peaks.sorted()
    roughness =
      (quantile(sorted: sortedPeaks, 0.75) - quantile(sorted: sortedPeaks, 0.25))
      / max(contrast, 0.01)
  }
}

private struct Flanks {
  var left: Float
  var right: Float
  var contrast: Float
  var peak: Float
  var slope: Float
}

/// Where a profile falls to half between its peak and its own side's base, in half-pixel steps.
private func flanks(_ row: [Float], half: Int, scratch: inout [Float]) -> Flanks? {
  var centre = half
  for step in (half - 4)...(half + 4) where row[step] > row[centre] { centre = step }
  let peak = quantile(of: row, max(0, centre - 2), min(row.count, centre + 3), 0.5, &scratch)
  let baseLeft = centre > 3 ? quantile(of: row, 0, centre, 0.15, &scratch) : row[0]
  let baseRight = quantile(of: row, centre, row.count, 0.15, &scratch)
  let levelLeft = 0.5 * (peak + baseLeft)
  let levelRight = 0.5 * (peak + baseRight)
  var left = centre
  while left > 0 && row[left] > levelLeft { left -= 1 }
  var right = centre
  while right < row.count - 1 && row[right] > levelRight { right += 1 }
  guard left > 0, right < row.count - 1 else { return nil }
  let leftStep = row[left + 1] - row[left]
  let rightStep = row[right - 1] - row[right]
  let leftEdge = Float(left - half) + (levelLeft - row[left]) / (leftStep + 1e-9)
  let rightEdge = Float(right - half) - (levelRight - row[right]) / (rightStep + 1e-9)
  return Flanks(
    left: leftEdge, right: rightEdge, contrast: peak - 0.5 * (baseLeft + baseRight), peak: peak,
    slope: leftStep + rightStep)
}

/// A quantile of the part of a row from `start` up to `end`.
private func quantile(
  of row: [Float], _ start: Int, _ end: Int, _ share: Float, _ scratch: inout [Float]
) -> Float {
  scratch.withUnsafeMutableBufferPointer { target in
    for index in start..<end { target[index - start] = row[index] }
    return quantile(
      reordering: UnsafeMutableBufferPointer(rebasing: target[0..<(end - start)]), share)
  }
}
