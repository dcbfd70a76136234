#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The taps of a sampled, normalised Gaussian, centre first.
///
/// The kernel is symmetric, so one side stands for both: `taps[0]` is the centre and `taps[i]` the
/// weight at distance `i`. The sum over both sides is 1 up to rounding, so a blur keeps the mean.
public struct GaussianKernel: Sendable, Equatable {
  /// The standard deviation in pixels.
  public let sigma: Float
  /// The weights by distance, from 0 on.
  public let taps: [Float]

  /// The greatest distance with a weight.
  public var radius: Int { taps.count - 1 }

  /// Samples a Gaussian of `sigma` pixels out to `reach` standard deviations.
  ///
  /// - Parameters:
  ///   - sigma: in pixels, above 0.
  ///   - reach: where the kernel is cut, in standard deviations; 3 leaves out 0.27 % of the weight,
  ///     which the normalisation gives back.
  public init(sigma: Float, reach: Float = 3) {
    precondition(sigma > 0 && reach > 0, "a Gaussian has a positive width")
    let radius = max(1, Int((sigma * reach).rounded(.up)))
    var weights = (0...radius).map { distance -> Double in
      let scaled = Double(distance) / Double(sigma)
      return exp(-0.5 * scaled * scaled)
    }
    let total = weights[0] + 2 * weights.dropFirst().reduce(0, +)
    for index in weights.indices { weights[index] /= total }
    self.sigma = sigma
    taps = weights.map { Float($0) }
  }
}

extension Plane<Float> {
  /// The plane convolved with a Gaussian of `sigma` pixels; the border samples repeat outward.
  ///
  /// Separable, one row of scratch memory. Costs about 2 x (2 x radius + 1) multiplications a
  /// sample; with 11 taps a megapixel takes some 2 ms on one core.
  public func gaussianBlurred(sigma: Float, pool: FramePool? = nil) -> Plane<Float> {
    convolvedSeparably(with: GaussianKernel(sigma: sigma), pool: pool)
  }

  /// The plane convolved along rows and columns with a symmetric kernel; the border repeats.
  public func convolvedSeparably(
    with kernel: GaussianKernel, pool: FramePool? = nil
  ) -> Plane<Float> {
    Plane<Float>(width: width, height: height, pool: pool) { target in
      withUnsafeSamples { source in
        kernel.taps.withUnsafeBufferPointer { taps in
          blur(source, into: target, width: width, height: height, taps: taps)
        }
      }
    }
  }
}

private func blur(
  _ source: UnsafeBufferPointer<Float>, into target: UnsafeMutableBufferPointer<Float>,
  width: Int, height: Int, taps: UnsafeBufferPointer<Float>
) {
  guard let sourceBase = source.baseAddress, let targetBase = target.baseAddress else { return }
  let radius = taps.count - 1
  // Eight samples more on either side so that the vector loop never needs a tail of its own.
  withUnsafeTemporaryAllocation(of: Float.self, capacity: width + 2 * radius + 16) { row in
    guard let rowBase = row.baseAddress else { return }
    row.initialize(repeating: 0)
    let centre = rowBase + radius
    var y = 0
    while y < height {
      verticalPass(
        sourceBase, row: y, into: centre, width: width, height: height, taps: taps)
      var pad = 1
      while pad <= radius {
        centre[-pad] = centre[0]
        centre[width - 1 + pad] = centre[width - 1]
        pad &+= 1
      }
      horizontalPass(centre, into: targetBase + y * width, width: width, taps: taps)
      y &+= 1
    }
  }
}

@inline(__always)
private func load8(_ pointer: UnsafePointer<Float>) -> SIMD8<Float> {
  UnsafeRawPointer(pointer).loadUnaligned(as: SIMD8<Float>.self)
}

private func verticalPass(
  _ source: UnsafePointer<Float>, row y: Int, into target: UnsafeMutablePointer<Float>,
  width: Int, height: Int, taps: UnsafeBufferPointer<Float>
) {
  let last = height - 1
  var x = 0
  let vectorEnd = width - width % 8
  let middle = source + y * width
  while x < vectorEnd {
    var sum = load8(middle + x) * taps[0]
    var tap = 1
    while tap < taps.count {
      let above = source + max(0, y &- tap) &* width + x
      let below = source + min(last, y &+ tap) &* width + x
      sum += (load8(above) + load8(below)) * taps[tap]
      tap &+= 1
    }
    UnsafeMutableRawPointer(target + x).storeBytes(of: sum, as: SIMD8<Float>.self)
    x &+= 8
  }
  while x < width {
    var sum = middle[x] * taps[0]
    var tap = 1
    while tap < taps.count {
      let above = source[max(0, y &- tap) &* width &+ x]
      let below = source[min(last, y &+ tap) &* width &+ x]
      sum += (above + below) * taps[tap]
      tap &+= 1
    }
    target[x] = sum
    x &+= 1
  }
}

private func horizontalPass(
  _ source: UnsafePointer<Float>, into target: UnsafeMutablePointer<Float>, width: Int,
  taps: UnsafeBufferPointer<Float>
) {
  var x = 0
  let vectorEnd = width - width % 8
  while x < vectorEnd {
    let centre = source + x
    var sum = load8(centre) * taps[0]
    var tap = 1
    while tap < taps.count {
      sum += (load8(centre - tap) + load8(centre + tap)) * taps[tap]
      tap &+= 1
    }
    UnsafeMutableRawPointer(target + x).storeBytes(of: sum, as: SIMD8<Float>.self)
    x &+= 8
  }
  while x < width {
    var sum = source[x] * taps[0]
    var tap = 1
    while tap < taps.count {
      sum += (source[x &- tap] + source[x &+ tap]) * taps[tap]
      tap &+= 1
    }
    target[x] = sum
    x &+= 1
  }
}
