import Imaging

/// Measures shaft diameters on the picture's own pixels, in linear light.
///
/// Profiles across the middle 76 % of the shaft are aligned on their own middles, the median of
/// them is taken, and a bar convolved with the point spread is fitted (``BarFit``). The point spread is
/// estimated once a picture, from sharp isolated terminal shafts, and then held: left free it makes
/// the widths of vellus hair wander.
struct ShaftWidth {
  /// The light of the measured channel.
  var intensity: BilinearSampler
  /// The scale of that plane.
  var micrometresPerPixel: Float

  /// The most profiles a shaft gets; more add nothing beyond 2 % of the standard error.
  static let mostProfiles = 48

  /// The median profile of a shaft, ready to be fitted.
  struct Aligned {
    /// µm from the shaft's middle.
    var positions: [Double]
    var light: [Double]
    /// The full width at half depth of the median profile, in µm.
    var halfDepthWidth: Double
    /// The robust standard deviation of the rows' own widths, in µm.
    var rowDeviation: Double
    /// The length that the profiles were taken from, in µm.
    var length: Double
    /// Whether a neighbour's shaft ends the profile nearer than the skin would.
    var isCrowded: Bool
  }

  /// Takes the profiles of `line`, given in pixels of the picture; nil where no bar can be seen.
  func aligned(along line: Polyline, expectedWidth: Float) -> Aligned? {
    let rows = sampleRows(line, expectedWidth: expectedWidth)
    guard rows.values.count >= 4 else { return nil }
    let size = 2 * rows.half + 1
    var mean = [Float](repeating: 0, count: size)
    for row in rows.values { for index in 0..<size { mean[index] -= row[index] } }
    for index in 0..<size { mean[index] /= Float(rows.values.count) }
    guard let whole = flanks(mean, half: rows.half, search: rows.half / 3) else { return nil }
    // Each row against the mean's half levels: the rows share their skin.
    var middles: [Float] = []
    var widths: [Float] = []
    var kept: [[Float]] = []
    for row in rows.values {
      guard
        let edges = crossings(row, level: whole.level, from: Int(whole.middle) + rows.half)
      else { continue }
      middles.append(0.5 * (edges.left + edges.right))
      widths.append(edges.right - edges.left)
      kept.append(row)
    }
    guard widths.count >= 4 else { return nil }
    let typical = median(widths)
    let sound = widths.indices.filter { abs(widths[$0] - typical) < 0.35 * typical }
    guard sound.count >= 4 else { return nil }
    let step = rows.step
    let soundWidths = sound.map { widths[$0] * step }
    let centre = median(soundWidths)
    let deviation = 1.4826 * median(soundWidths.map { abs($0 - centre) })
    let profile = medianProfile(sound.map { (kept[$0], middles[$0]) }, half: rows.half)
    return window(
      profile, step: step, typical: typical, half: rows.half, deviation: deviation,
      length: rows.length)
  }

  private struct Rows {
    var values: [[Float]] = []
    var half = 0
    var step: Float = 1
    var length: Double = 0
  }

  private func sampleRows(_ line: Polyline, expectedWidth: Float) -> Rows {
    var rows = Rows()
    // Half a pixel, but never finer than 1 µm: beyond that only interpolation is sampled.
    rows.step = max(0.5 * micrometresPerPixel, 1)
    let reach = 0.75 * expectedWidth + 45
    rows.half = Int((reach / rows.step).rounded(.up))
    let first = Int(0.12 * Float(line.count))
    let last = line.count - 1 - first
    guard last > first else { return rows }
    let count = min(ShaftWidth.mostProfiles, last - first + 1)
    let smooth = line.smoothed(GaussianKernel(sigma: 3).taps)
    let pixelStep = rows.step / micrometresPerPixel
    for sample in 0..<count {
      let index = first + sample * (last - first) / max(count - 1, 1)
      let ahead = smooth.points[min(line.count - 1, index + 3)]
      let behind = smooth.points[max(0, index - 3)]
      let tangent = unit(ahead - behind)
      let normal = SIMD2(-tangent.y, tangent.x) * pixelStep
      let middle = smooth.points[index]
      let row = (-rows.half...rows.half).map { offset -> Float in
        let point = middle + normal * Float(offset)
        return intensity(point.x, point.y)
      }
      rows.values.append(row)
    }
    rows.length = Double(line.length * micrometresPerPixel * 0.76)
    return rows
  }

  private struct Edges {
    var left: Float
    var right: Float
  }

  /// Where a row's light rises to the level on either side of its darkest sample near `start`.
  private func crossings(_ row: [Float], level: (left: Float, right: Float), from start: Int)
    -> Edges?
  {
    var centre = min(max(start, 1), row.count - 2)
    for index in max(1, start - 4)...min(row.count - 2, start + 4) where row[index] < row[centre] {
      centre = index
    }
    let levelLeft = -level.left
    let levelRight = -level.right
    guard row[centre] < min(levelLeft, levelRight) else { return nil }
    var left = centre
    while left > 0 && row[left] < levelLeft { left -= 1 }
    var right = centre
    while right < row.count - 1 && row[right] < levelRight { right += 1 }
    guard row[left] >= levelLeft, row[right] >= levelRight else { return nil }
    let leftEdge = Float(left) + (row[left] - levelLeft) / max(row[left] - row[left + 1], 1e-9)
    let rightEdge =
      Float(right) - (row[right] - levelRight) / max(row[right] - row[right - 1], 1e-9)
    return Edges(left: leftEdge, right: rightEdge)
  }

  /// The median over the rows, each shifted by its own middle.
  private func medianProfile(_ rows: [(row: [Float], middle: Float)], half: Int) -> [Float] {
    let size = 2 * half + 1
    var column = [Float](repeating: 0, count: rows.count)
    return (0..<size).map { index -> Float in
      var count = 0
      for (row, middle) in rows {
        let position = Float(index - half) + middle
        guard position >= 0, position <= Float(size - 1) else { continue }
        let lower = min(Int(position), size - 2)
        column[count] = row[lower] + (row[lower + 1] - row[lower]) * (position - Float(lower))
        count += 1
      }
      guard 2 * count >= rows.count else { return .nan }
      return median(Array(column[0..<count]))
    }
  }

  /// Cuts the profile to the shaft, its flanks and the skin beside it, short of any neighbour.
  private func window(
    _ profile: [Float], step: Float, typical: Float, half: Int, deviation: Float, length: Double
  ) -> Aligned? {
    let edge = 0.5 * typical
    let farthest = Int((edge + 40 / step).rounded())
    let nearest = Int((edge + 6 / step).rounded())
    func end(_ direction: Int) -> (index: Int, isNear: Bool) {
      var brightest = nearest
      var distance = nearest
      while distance <= farthest {
        let index = half + direction * distance
        guard index >= 0, index < profile.count, !profile[index].isNaN else { break }
        let best = profile[half + direction * brightest]
        if profile[index] > best {
          brightest = distance
        } else if profile[index] < best - 0.2 * (best - profile[half]) {
          // The light falls again by a fifth of the depth: a neighbour begins.
          return (brightest, true)
        }
        distance += 1
      }
      return (distance - 1, false)
    }
    guard half + nearest < profile.count, half - nearest >= 0,
      !profile[half + nearest].isNaN, !profile[half - nearest].isNaN
    else { return nil }
    let left = end(-1)
    let right = end(1)
    var positions: [Double] = []
    var light: [Double] = []
    for index in (half - left.index)...(half + right.index) where !profile[index].isNaN {
      positions.append(Double(Float(index - half) * step))
      light.append(Double(profile[index]))
    }
    let crowdedReach = Int((edge + 15 / step).rounded())
    return Aligned(
      positions: positions, light: light, halfDepthWidth: Double(typical * step),
      rowDeviation: Double(deviation), length: length,
      isCrowded: (left.isNear && left.index < crowdedReach)
        || (right.isNear && right.index < crowdedReach))
  }

  /// The half levels and the middle of a mean profile, given as darkness.
  private func flanks(_ darkness: [Float], half: Int, search: Int) -> (
    level: (left: Float, right: Float), middle: Float
  )? {
    var centre = half
    for index in (half - search)...(half + search) where darkness[index] > darkness[centre] {
      centre = index
    }
    guard centre > 2, centre < darkness.count - 3 else { return nil }
    let peak = (darkness[centre - 1] + darkness[centre] + darkness[centre + 1]) / 3
    let baseLeft = quantile(Array(darkness[0..<centre]), 0.15)
    let baseRight = quantile(Array(darkness[(centre + 1)...]), 0.15)
    guard peak > max(baseLeft, baseRight) else { return nil }
    return ((0.5 * (peak + baseLeft), 0.5 * (peak + baseRight)), Float(centre - half))
  }
}
