import Imaging

/// The optical density of a field at the working scale: how much darker than the skin around it.
///
/// `density = log10(background / intensity)`, 0 on plain skin, about 0.8 to 1.5 on black hair.
/// The background is the 65th percentile of log intensity over windows of 0.35 mm, smoothed: hair is
/// dark and covers less than a third of a window, so the percentile stays on skin. Above the
/// background the density is cut at -0.06 rather than inpainted, so that glare makes no ridge.
struct OpticalDensity: Sendable {
  /// The density, masked samples 0.
  var density: Plane<Float>
  /// The share of unmasked samples that are glare: over 1.4 times the background and near full scale.
  var glareShare: Float
  /// The natural logarithm of the background at the middle of each grid cell.
  var backgroundGrid: Plane<Float>
  /// Samples between grid cells.
  var cell: Int

  /// The side of half a background window, in micrometres (0.35 mm windows that overlap by half).
  static let halfWindowMicrometres: Float = 175
  /// Below this linear intensity nothing is told apart: 4 of 255 in sRGB.
  static let darkestIntensity: Float = 0.0012

  /// Takes the density of a linear intensity plane.
  ///
  /// - Parameters:
  ///   - intensity: linear light at the working scale.
  ///   - mask: nonzero where the image is covered; of the same size.
  ///   - micrometresPerPixel: of the plane.
  init(
    intensity: Plane<Float>, mask: Plane<UInt8>, micrometresPerPixel: Float, pool: FramePool
  ) {
    let width = intensity.width
    let height = intensity.height
    var logarithms = OpticalDensity.logarithm(of: intensity, pool: pool)
    cell = max(8, Int(OpticalDensity.halfWindowMicrometres / micrometresPerPixel))
    let grid = OpticalDensity.background(of: logarithms, mask: mask, cell: cell)
    backgroundGrid = grid
    let cell = Float(self.cell)
    var glare = 0
    var seen = 0
    let columns = (0..<width).map { gridPosition(Float($0), cell: cell, count: grid.width) }
    logarithms.withUnsafeMutableSamples { values in
      mask.withUnsafeSamples { masked in
        grid.withUnsafeSamples { background in
          columns.withUnsafeBufferPointer { columns in
            for y in 0..<height {
              let row = gridPosition(Float(y), cell: cell, count: grid.height)
              let upper = row.lower &* grid.width
              let lower = row.upper &* grid.width
              var x = 0
              while x < width {
                let index = y &* width &+ x
                let column = columns[x]
                let top =
                  background[upper &+ column.lower]
                  + (background[upper &+ column.upper] - background[upper &+ column.lower])
                  * column.share
                let bottom =
                  background[lower &+ column.lower]
                  + (background[lower &+ column.upper] - background[lower &+ column.lower])
                  * column.share
                let level = top + (bottom - top) * row.share
                if masked[index] != 0 {
                  values[index] = 0
                } else {
                  let value = (level - values[index]) * OpticalDensity.perDecade
                  seen &+= 1
                  // 1.4 times the skin and above 0.75 of full scale: specular, not fair skin.
                  if value < -0.146 && values[index] > -0.29 { glare &+= 1 }
                  values[index] = max(value, -0.06)
                }
                x &+= 1
              }
            }
          }
        }
      }
    }
    density = logarithms
    glareShare = seen > 0 ? Float(glare) / Float(seen) : 0
  }

  private static let perDecade: Float = 0.434_294_48

  private static func logarithm(of intensity: Plane<Float>, pool: FramePool) -> Plane<Float> {
    Plane<Float>(width: intensity.width, height: intensity.height, pool: pool) { target in
      intensity.withUnsafeSamples { source in
        let floor = SIMD8<Float>(repeating: darkestIntensity)
        var index = 0
        let end = source.count - source.count % 8
        guard let from = source.baseAddress, let to = target.baseAddress else { return }
        while index < end {
          let value = UnsafeRawPointer(from + index).loadUnaligned(as: SIMD8<Float>.self)
          UnsafeMutableRawPointer(to + index).storeBytes(
            of: naturalLogarithm(pointwiseMax(value, floor)), as: SIMD8<Float>.self)
          index &+= 8
        }
        while index < source.count {
          let value = SIMD8<Float>(repeating: max(from[index], darkestIntensity))
          to[index] = naturalLogarithm(value)[0]
          index &+= 1
        }
      }
    }
  }

  /// The 65th percentile of every window, by a histogram with interpolation inside the bin.
  private static func background(
    of logarithms: Plane<Float>, mask: Plane<UInt8>, cell: Int
  ) -> Plane<Float> {
    let width = logarithms.width
    let height = logarithms.height
    let gridWidth = max(2, (width + cell - 1) / cell)
    let gridHeight = max(2, (height + cell - 1) / cell)
    var samples = [Float](repeating: 0, count: gridWidth * gridHeight)
    logarithms.withUnsafeSamples { values in
      mask.withUnsafeSamples { masked in
        for row in 0..<gridHeight {
          for column in 0..<gridWidth {
            var histogram = LogarithmHistogram()
            var y = max(0, row * cell - cell / 2)
            let bottom = min(height, row * cell + cell + cell / 2)
            let right = min(width, column * cell + cell + cell / 2)
            while y < bottom {
              var x = max(0, column * cell - cell / 2)
              while x < right {
                let index = y &* width &+ x
                if masked[index] == 0 { histogram.add(values[index]) }
                x &+= 3
              }
              y &+= 3
            }
            samples[row * gridWidth + column] = histogram.quantile(0.65)
          }
        }
      }
    }
    fillUnknown(&samples, width: gridWidth, height: gridHeight)
    let filtered = medianOfNine(samples, width: gridWidth, height: gridHeight)
    return Plane(width: gridWidth, height: gridHeight, samples: filtered).gaussianBlurred(sigma: 1)
  }

  /// Cells wholly under a mask take the mean of the known ones.
  private static func fillUnknown(_ samples: inout [Float], width: Int, height: Int) {
    let known = samples.filter { !$0.isNaN }
    let mean = known.isEmpty ? 0 : known.reduce(0, +) / Float(known.count)
    for index in samples.indices where samples[index].isNaN { samples[index] = mean }
  }

  private static func medianOfNine(_ samples: [Float], width: Int, height: Int) -> [Float] {
    var result = samples
    for y in 0..<height {
      for x in 0..<width {
        var around: [Float] = []
        around.reserveCapacity(9)
        for dy in -1...1 {
          for dx in -1...1 {
            let row = min(max(y + dy, 0), height - 1)
            let column = min(max(x + dx, 0), width - 1)
            around.append(samples[row * width + column])
          }
        }
        around.sort()
        result[y * width + x] = around[4]
      }
    }
    return result
  }

}

/// Where a sample lies between the middles of grid cells.
private func gridPosition(
  _ sample: Float, cell: Float, count: Int
) -> (lower: Int, upper: Int, share: Float) {
  let position = min(max((sample + 0.5) / cell - 0.5, 0), Float(count - 1))
  let lower = Int(position)
  return (lower, min(lower + 1, count - 1), position - Float(lower))
}

/// Counts log intensities from e^-7 to e^0.68 in 512 bins of 1.5 %.
private struct LogarithmHistogram {
  private var bins = [Int32](repeating: 0, count: 512)
  private var total: Int32 = 0
  private static let lowest: Float = -7
  private static let binsPerUnit: Float = 512 / 7.68

  mutating func add(_ value: Float) {
    let bin = Int((value - LogarithmHistogram.lowest) * LogarithmHistogram.binsPerUnit)
    bins[min(max(bin, 0), 511)] &+= 1
    total &+= 1
  }

  /// The value below which `share` of the samples lie; not a number when there are none.
  func quantile(_ share: Float) -> Float {
    guard total > 0 else { return .nan }
    let wanted = share * Float(total)
    var below: Float = 0
    for bin in bins.indices {
      let here = Float(bins[bin])
      if here > 0 && below + here >= wanted {
        let inside = (wanted - below) / here
        return LogarithmHistogram.lowest + (Float(bin) + inside) / LogarithmHistogram.binsPerUnit
      }
      below += here
    }
    return LogarithmHistogram.lowest + 7.68
  }
}
