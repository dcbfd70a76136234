public import Imaging

/// The bytes of one frame, in the kernel's own buffer or in a copy; given back when let go.
///
/// Any thread may read and release. Who keeps one for long takes ``copied(into:)``: a kernel buffer
/// that is held is one that the camera cannot fill.
public final class FrameBytes: Sendable {
  private enum Place: Sendable {
    case kernel(KernelBuffers, index: Int)
    case pooled(PixelMemory)
  }
  private let place: Place
  /// How many bytes.
  public let count: Int

  init(_ buffers: KernelBuffers, index: Int, count: Int) {
    place = .kernel(buffers, index: index)
    self.count = count
  }

  /// Copies bytes into memory of a pool.
  public init(copying bytes: UnsafeRawBufferPointer, into pool: FramePool) {
    let memory = pool.lease(byteCount: bytes.count)
    if let source = bytes.baseAddress {
      memory.baseAddress.copyMemory(from: source, byteCount: bytes.count)
    }
    place = .pooled(memory)
    count = bytes.count
  }

  deinit {
    if case .kernel(let buffers, let index) = place { buffers.giveBack(index) }
  }

  /// Whether the bytes lie in the kernel's buffer.
  public var isLeased: Bool {
    if case .kernel = place { true } else { false }
  }

  /// Lends the bytes to `body`.
  public func withUnsafeBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    switch place {
    case .kernel(let buffers, let index):
      try body(UnsafeRawBufferPointer(rebasing: buffers.bytes(of: index).prefix(count)))
    case .pooled(let memory):
      try body(UnsafeRawBufferPointer(start: memory.baseAddress, count: count))
    }
  }

  /// The same bytes out of the kernel's hands: the one copy of a frame that is kept.
  public func copied(into pool: FramePool) -> FrameBytes {
    guard isLeased else { return self }
    return withUnsafeBytes { FrameBytes(copying: $0, into: pool) }
  }
}
