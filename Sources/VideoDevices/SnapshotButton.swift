import CVideo4Linux
import Glibc

/// A camera's button as an input device, held for this program alone.
///
/// The kernel listens to a button only while its camera is open.
struct SnapshotButton: ~Copyable {
  /// Two presses closer than this are one that bounced; fingers take 80 ms or more.
  private static let debounce = 0.05

  let descriptor: NodeDescriptor
  private var last = -Double.infinity

  /// Opens the node, with times of the monotonic clock.
  ///
  /// - Throws: ``CameraError`` `noPermission`, `busy`, `unplugged` or `io`.
  init(_ path: String) throws(CameraError) {
    let opened = try NodeDescriptor(path, flags: O_RDONLY)
    var clock = CLOCK_MONOTONIC
    if let number = opened.request(anagen_EVIOCSCLOCKID, &clock) {
      throw CameraNode.failure(path, "gives no times", number)
    }
    guard ioctl(opened.number, anagen_EVIOCGRAB, 1) == 0 else {
      throw CameraNode.failure(path, "cannot be held", errno)
    }
    descriptor = opened
  }

  /// The times of the presses that wait, in seconds of the monotonic clock.
  mutating func presses() -> [Double] {
    var found: [Double] = []
    var event = input_event()
    let size = MemoryLayout<input_event>.size
    while read(descriptor.number, &event, size) == size {
      guard event.type == UInt16(EV_KEY), event.value == 1 else { continue }
      guard Int32(event.code) == KEY_CAMERA else { continue }
      let time = Double(event.time.tv_sec) + Double(event.time.tv_usec) * 1e-6
      if time - last >= SnapshotButton.debounce { found.append(time) }
      last = time
    }
    return found
  }
}
