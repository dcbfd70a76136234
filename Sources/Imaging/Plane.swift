/// A rectangle of samples of one channel, row by row without padding.
///
/// A value with copy on write: copies share memory until one of them is changed. Pixel `(x, y)`
/// lies at index `y * width + x`; x grows to the right, y down, and the origin is the centre of
/// the top-left pixel.
public struct Plane<Sample: BitwiseCopyable & Sendable>: Sendable {
  /// Samples a row.
  public let width: Int
  /// Rows.
  public let height: Int
  private var memory: PixelMemory

  /// Makes a plane of undefined content and lets `fill` write every sample.
  ///
  /// - Parameters:
  ///   - width: samples a row, at least 1.
  ///   - height: rows, at least 1.
  ///   - pool: where the memory comes from; fresh memory when `nil`.
  ///   - fill: gets `width * height` samples to write.
  public init(
    width: Int, height: Int, pool: FramePool? = nil,
    fill: (UnsafeMutableBufferPointer<Sample>) throws -> Void
  ) rethrows {
    precondition(width > 0 && height > 0, "a plane has at least one sample")
    let bytes = width * height * MemoryLayout<Sample>.stride
    memory = pool?.lease(byteCount: bytes) ?? PixelMemory(byteCount: bytes)
    self.width = width
    self.height = height
    try fill(
      UnsafeMutableBufferPointer(
        start: memory.baseAddress.assumingMemoryBound(to: Sample.self), count: width * height))
  }

  /// Makes a plane of memory that holds its samples already, without a copy.
  ///
  /// - Precondition: `memory` has room for `width * height` samples and is aligned for them.
  public init(width: Int, height: Int, memory: PixelMemory) {
    precondition(width > 0 && height > 0, "a plane has at least one sample")
    precondition(
      memory.byteCount >= width * height * MemoryLayout<Sample>.stride
        && Int(bitPattern: memory.baseAddress) % MemoryLayout<Sample>.alignment == 0,
      "the memory holds the plane")
    self.width = width
    self.height = height
    self.memory = memory
  }

  /// Makes a plane where every sample is `value`.
  public init(width: Int, height: Int, repeating value: Sample, pool: FramePool? = nil) {
    self.init(width: width, height: height, pool: pool) { $0.update(repeating: value) }
  }

  /// Makes a plane from samples given row by row.
  ///
  /// - Precondition: `samples.count == width * height`.
  public init(width: Int, height: Int, samples: [Sample]) {
    precondition(samples.count == width * height, "as many samples as the plane has pixels")
    self.init(width: width, height: height) { target in
      _ = target.update(fromContentsOf: samples)
    }
  }

  /// All samples.
  public var count: Int { width * height }

  /// The memory that the plane holds, in bytes.
  public var byteCount: Int { count * MemoryLayout<Sample>.stride }

  /// Reads or writes one sample, checked; for hot loops use the pointers.
  public subscript(x: Int, y: Int) -> Sample {
    get {
      precondition(x >= 0 && x < width && y >= 0 && y < height, "pixel outside the plane")
      return memory.baseAddress.assumingMemoryBound(to: Sample.self)[y * width + x]
    }
    set {
      precondition(x >= 0 && x < width && y >= 0 && y < height, "pixel outside the plane")
      let index = y * width + x
      withUnsafeMutableSamples { $0[index] = newValue }
    }
  }

  /// Calls `body` with all samples, row by row.
  public func withUnsafeSamples<Result>(
    _ body: (UnsafeBufferPointer<Sample>) throws -> Result
  ) rethrows -> Result {
    try body(
      UnsafeBufferPointer(
        start: memory.baseAddress.assumingMemoryBound(to: Sample.self), count: count))
  }

  /// Calls `body` with all samples to change; copies first when the memory is shared.
  public mutating func withUnsafeMutableSamples<Result>(
    _ body: (UnsafeMutableBufferPointer<Sample>) throws -> Result
  ) rethrows -> Result {
    if !isKnownUniquelyReferenced(&memory) {
      let copy = PixelMemory(byteCount: byteCount)
      copy.baseAddress.copyMemory(from: memory.baseAddress, byteCount: byteCount)
      memory = copy
    }
    return try body(
      UnsafeMutableBufferPointer(
        start: memory.baseAddress.assumingMemoryBound(to: Sample.self), count: count))
  }

  /// A plane of the same size with `transform` applied to each sample.
  public func map<Other: BitwiseCopyable & Sendable>(
    pool: FramePool? = nil, _ transform: (Sample) -> Other
  ) -> Plane<Other> {
    Plane<Other>(width: width, height: height, pool: pool) { target in
      withUnsafeSamples { source in
        for index in 0..<count { target[index] = transform(source[index]) }
      }
    }
  }
}
