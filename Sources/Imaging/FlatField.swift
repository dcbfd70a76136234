/// How evenly light falls on a picture, from a photograph of an evenly lit matte target; dividing
/// by it removes vignette and slope of the light.
///
/// The target is averaged over 8 x 8 pixels of the picture and interpolated back: vignette is smooth at that
/// scale, grain and dust of the target are not part of it. Between the outermost cells and the border
/// the light goes on in a straight line: repeating them would leave up to 5 % in a corner.
public struct FlatField: Sendable {
  /// Below this share of the brightest light nothing is measured.
  ///
  /// A step of an 8-bit picture is 1/255 of white; divided by 0.2 it is 2 % of white, the residual
  /// vignette that a corrected picture may have.
  public static let leastLight: Float = 0.2

  /// What each sample is multiplied by: 1 where the target was brightest, more elsewhere, and at
  /// most `1 / leastLight`.
  public let gain: Plane<Float>
  /// 255 where the light was below ``leastLight``, 0 elsewhere; `nil` when it was nowhere.
  public let unmeasurable: Plane<UInt8>?

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
    let light = expanded(cells, toWidth: width, height: height)
    let brightest = light.withUnsafeSamples { samples in samples.reduce(0) { max($0, $1) } }
    guard brightest > 0, brightest.isFinite else { return nil }
    let least = FlatField.leastLight * brightest
    gain = light.map { brightest / max($0, least) }
    let mask = light.map { $0 < least ? UInt8(255) : 0 }
    let masked = mask.withUnsafeSamples { samples in samples.contains(255) }
    unmeasurable = masked ? mask : nil
  }

  /// The plane as it would be under even light, at most 1.
  ///
  /// - Precondition: the plane is of the size that the flat field was made for.
  public func corrected(_ plane: Plane<Float>, pool: FramePool? = nil) -> Plane<Float> {
    precondition(
      plane.width == gain.width && plane.height == gain.height, "a flat field of the same size")
    return Plane(width: plane.width, height: plane.height, pool: pool) { target in
      plane.withUnsafeSamples { source in
        gain.withUnsafeSamples { gain in
          for index in 0..<target.count { target[index] = min(source[index] * gain[index], 1) }
        }
      }
    }
  }
}

/// The cells interpolated linearly between their centres, and continued beyond the outermost ones.
private func expanded(_ cells: Plane<Float>, toWidth width: Int, height: Int) -> Plane<Float> {
  let columns = (0..<width).map { CellPosition($0, of: width, cells: cells.width) }
  return Plane(width: width, height: height) { target in
    cells.withUnsafeSamples { source in
      for y in 0..<height {
        let row = CellPosition(y, of: height, cells: cells.height)
        let upper = row.first * cells.width
        let lower = row.second * cells.width
        for x in 0..<width {
          let column = columns[x]
          let top = source[upper + column.first]
          let bottom = source[lower + column.first]
          let left = top + (bottom - top) * row.share
          let topRight = source[upper + column.second]
          let bottomRight = source[lower + column.second]
          let right = topRight + (bottomRight - topRight) * row.share
          target[y * width + x] = left + (right - left) * column.share
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
