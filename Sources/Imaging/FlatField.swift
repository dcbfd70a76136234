/// How evenly light falls on a picture, from a photograph of an evenly lit matte target; dividing
/// by it removes vignette and slope of the light.
///
/// The target is averaged over 8 x 8 pixels of the picture and interpolated back: vignette is
/// smooth at that scale, grain and dust of the target are not part of it. Between the outermost
/// cells and the border the light goes on in a straight line: repeating them would leave up to 5 %
/// in a corner. Only the cells are kept, a sixty-fourth of a picture.
public struct FlatField: Sendable {
  /// Below this share of the brightest light nothing is measured.
  ///
  /// A step of an 8-bit picture is 1/255 of white; divided by 0.2 it is 2 % of white, the residual
  /// vignette that a corrected picture may have.
  public static let leastLight: Float = 0.2

  /// Pixels a row of the pictures that it corrects.
  public let width: Int
  /// Rows of the pictures that it corrects.
  public let height: Int
  private let cells: Plane<Float>
  private let columns: [CellPosition]
  private let brightest: Float

  /// Makes the flat field of pictures of `width` x `height` pixels.
  ///
  /// - Parameters:
  ///   - target: linear light of the target at any size of the same shape.
  ///   - width: pixels a row of the pictures to correct.
  ///   - height: rows of the pictures to correct.
  /// - Returns: `nil` when the target is black.
  public init?(target: Plane<Float>, width: Int, height: Int) {
    let cells = target.resampled(
      toWidth: min(target.width, (width + 7) / 8), height: min(target.height, (height + 7) / 8))
    let brightest = cells.withUnsafeSamples { samples in samples.reduce(0) { max($0, $1) } }
    guard brightest > 0, brightest.isFinite else { return nil }
    self.width = width
    self.height = height
    self.cells = cells
    self.brightest = brightest
    columns = (0..<width).map { CellPosition($0, of: width, cells: cells.width) }
  }

  /// Makes a plane what it would be under even light, at most 1, in place; nothing grows by more
  /// than `1 / leastLight`.
  ///
  /// - Precondition: the plane is of the size that the flat field was made for.
  public func correct(_ plane: inout Plane<Float>) {
    precondition(plane.width == width && plane.height == height, "a flat field of the same size")
    let least = FlatField.leastLight * brightest
    plane.withUnsafeMutableSamples { samples in
      forEachRow { y, light in
        let start = y * width
        for x in 0..<width {
          samples[start + x] = min(samples[start + x] * (brightest / max(light[x], least)), 1)
        }
      }
    }
  }

  /// 255 where the light was below ``leastLight``, 0 elsewhere; `nil` when it was nowhere.
  public func unmeasurable() -> Plane<UInt8>? {
    let least = FlatField.leastLight * brightest
    var found = false
    let mask = Plane<UInt8>(width: width, height: height) { target in
      forEachRow { y, light in
        for x in 0..<width {
          target[y * width + x] = light[x] < least ? 255 : 0
          if light[x] < least { found = true }
        }
      }
    }
    return found ? mask : nil
  }

  /// Calls `body` with the target's light along each row, interpolated between the cells' centres
  /// and continued beyond the outermost ones.
  private func forEachRow(_ body: (Int, UnsafeMutableBufferPointer<Float>) -> Void) {
    withUnsafeTemporaryAllocation(of: Float.self, capacity: width + cells.width) { memory in
      let light = UnsafeMutableBufferPointer(rebasing: memory[..<width])
      let blended = UnsafeMutableBufferPointer(rebasing: memory[width...])
      cells.withUnsafeSamples { source in
        for y in 0..<height {
          let row = CellPosition(y, of: height, cells: cells.height)
          for x in 0..<cells.width {
            let top = source[row.first * cells.width + x]
            let bottom = source[row.second * cells.width + x]
            blended[x] = top + (bottom - top) * row.share
          }
          for x in 0..<width {
            let column = columns[x]
            let left = blended[column.first]
            light[x] = left + (blended[column.second] - left) * column.share
          }
          body(y, light)
        }
      }
    }
  }
}

/// Two neighbouring cells of an axis, and how far a pixel lies from the first to the second;
/// outside 0…1 beyond the outermost centres.
private struct CellPosition {
  let first: Int
  let second: Int
  let share: Float

  init(_ pixel: Int, of pixels: Int, cells: Int) {
    let position = (Double(pixel) + 0.5) * Double(cells) / Double(pixels) - 0.5
    first = min(max(Int(position.rounded(.down)), 0), max(cells - 2, 0))
    second = min(first + 1, cells - 1)
    share = Float(position - Double(first))
  }
}
