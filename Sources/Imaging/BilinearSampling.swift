/// Read-only access to a plane between its samples.
///
/// Lives only inside the closure of ``Plane/withSampler(_:)``.
@frozen
public struct BilinearSampler {
  /// Samples a row.
  public let width: Int
  /// Rows.
  public let height: Int
  @usableFromInline
  let base: UnsafePointer<Float>

  @usableFromInline
  init(base: UnsafePointer<Float>, width: Int, height: Int) {
    self.base = base
    self.width = width
    self.height = height
  }

  /// The value at `(x, y)` in sample coordinates, interpolated linearly; the border repeats.
  @inlinable
  @inline(__always)
  public func callAsFunction(_ x: Float, _ y: Float) -> Float {
    let clampedX = min(max(x, 0), Float(width &- 1))
    let clampedY = min(max(y, 0), Float(height &- 1))
    let column = min(Int(clampedX), max(width &- 2, 0))
    let row = min(Int(clampedY), max(height &- 2, 0))
    let right = min(column &+ 1, width &- 1)
    let below = min(row &+ 1, height &- 1)
    let acrossShare = clampedX - Float(column)
    let downShare = clampedY - Float(row)
    let upper = base + row &* width
    let lower = base + below &* width
    let top = upper[column] + (upper[right] - upper[column]) * acrossShare
    let bottom = lower[column] + (lower[right] - lower[column]) * acrossShare
    return top + (bottom - top) * downShare
  }

  /// The sample nearest to `(x, y)`, clamped to the plane.
  @inlinable
  @inline(__always)
  public func nearest(_ x: Float, _ y: Float) -> Float {
    let column = min(max(Int((x + 0.5).rounded(.down)), 0), width &- 1)
    let row = min(max(Int((y + 0.5).rounded(.down)), 0), height &- 1)
    return base[row &* width &+ column]
  }
}

extension Plane<Float> {
  /// Calls `body` with a sampler of this plane that is valid during the call.
  @inlinable
  public func withSampler<Result>(_ body: (BilinearSampler) throws -> Result) rethrows -> Result {
    try withUnsafeSamples { samples in
      guard let base = samples.baseAddress else { preconditionFailure("a plane has samples") }
      return try body(BilinearSampler(base: base, width: width, height: height))
    }
  }
}
