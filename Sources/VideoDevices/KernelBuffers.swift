import CVideo4Linux
import Glibc
import Synchronization

/// The kernel's frame buffers of one stream, mapped; lent to readers one by one.
///
/// A buffer goes back to the kernel when its last reader lets it go, on whatever thread, unless the
/// stream has ended: then its memory stays until the last reader is done, and goes with it. So a
/// frame stays readable though its camera was pulled out.
final class KernelBuffers: Sendable {
  private struct State {
    /// The node's descriptor while it streams.
    var descriptor: Int32?
    var lent = 0
  }

  /// The most that the kernel must have to go on: one that it fills, one to go on with.
  private static let leastQueued = 2

  private let mapped: [(address: UInt, byteCount: Int)]
  private let state: Mutex<State>

  /// Asks the kernel for buffers, maps them, and queues them all.
  ///
  /// - Throws: ``CameraError`` `busy` when another program streams, `io` otherwise.
  init(_ node: borrowing NodeDescriptor, count: Int, of path: String) throws(CameraError) {
    var asked = v4l2_requestbuffers()
    asked.count = UInt32(count)
    asked.type = V4L2_BUF_TYPE_VIDEO_CAPTURE.rawValue
    asked.memory = V4L2_MEMORY_MMAP.rawValue
    if let number = node.request(anagen_VIDIOC_REQBUFS, &asked) {
      throw KernelBuffers.failure("gives no frame buffers", path, number)
    }
    var mapped: [(address: UInt, byteCount: Int)] = []
    var failed: CameraError?
    for index in 0..<asked.count {
      var buffer = KernelBuffers.description(index)
      if let number = node.request(anagen_VIDIOC_QUERYBUF, &buffer) {
        failed = KernelBuffers.failure("tells nothing of its frame buffers", path, number)
        break
      }
      let size = Int(buffer.length)
      let offset = off_t(buffer.m.offset)
      // Readers only read; the kernel maps its buffers for both or not at all.
      guard
        let address = mmap(
          nil, size, PROT_READ | PROT_WRITE, MAP_SHARED, node.number, offset),
        address != MAP_FAILED
      else {
        failed = KernelBuffers.failure("cannot be mapped", path, errno)
        break
      }
      mapped.append((UInt(bitPattern: address), size))
    }
    self.mapped = mapped
    state = Mutex(State(descriptor: node.number))
    if let failed { throw failed }
    guard mapped.count > KernelBuffers.leastQueued else {
      throw KernelBuffers.failure("gives too few frame buffers", path, ENOMEM)
    }
    for index in mapped.indices {
      if let number = KernelBuffers.queue(index, on: node.number) {
        throw KernelBuffers.failure("takes no frame buffers", path, number)
      }
    }
  }

  deinit {
    for buffer in mapped {
      munmap(UnsafeMutableRawPointer(bitPattern: buffer.address), buffer.byteCount)
    }
  }

  /// The whole memory of a buffer.
  func bytes(of index: Int) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(
      start: UnsafeRawPointer(bitPattern: mapped[index].address), count: mapped[index].byteCount)
  }

  /// Whether one more may be lent without starving the kernel; counts it when so.
  func mayLend() -> Bool {
    state.withLock { state in
      guard mapped.count - state.lent > KernelBuffers.leastQueued else { return false }
      state.lent += 1
      return true
    }
  }

  /// How many are lent to readers now.
  var lentCount: Int { state.withLock { $0.lent } }

  /// Takes a lent buffer back, and queues it while the stream lasts.
  func giveBack(_ index: Int) {
    state.withLock { state in
      state.lent -= 1
      // A refusal means that the device is gone, which the loop learns by itself.
      if let descriptor = state.descriptor { _ = KernelBuffers.queue(index, on: descriptor) }
    }
  }

  /// Queues a buffer that was not lent.
  ///
  /// - Returns: the system's error number; `nil` when it was queued.
  func requeue(_ index: Int) -> Int32? {
    state.withLock { state in
      state.descriptor.flatMap { KernelBuffers.queue(index, on: $0) }
    }
  }

  /// The stream has ended: what is given back from now on is not queued.
  func end() { state.withLock { $0.descriptor = nil } }

  private static func queue(_ index: Int, on descriptor: Int32) -> Int32? {
    var buffer = description(UInt32(index))
    return NodeDescriptor.request(descriptor, anagen_VIDIOC_QBUF, &buffer)
  }

  private static func description(_ index: UInt32) -> v4l2_buffer {
    var buffer = v4l2_buffer()
    buffer.index = index
    buffer.type = V4L2_BUF_TYPE_VIDEO_CAPTURE.rawValue
    buffer.memory = V4L2_MEMORY_MMAP.rawValue
    return buffer
  }

  private static func failure(_ what: String, _ path: String, _ number: Int32) -> CameraError {
    switch number {
    case EBUSY:
      CameraError(
        .busy, subject: "\(path) streams to another program", hint: "close that program",
        errno: number)
    case ENODEV:
      CameraError(.unplugged, subject: "\(path) is gone", hint: "plug it in", errno: number)
    default:
      CameraError(
        .io, subject: "\(path) \(what): \(String(cString: strerror(number)))",
        hint: "unplug the device and plug it in again", errno: number)
    }
  }
}
