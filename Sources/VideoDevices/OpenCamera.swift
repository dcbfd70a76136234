import Glibc
import Imaging

/// One opening of a camera: its node, its button, its buffers, from start to unplug; one thread's.
final class OpenCamera {
  /// Frame buffers of the kernel: with two that it must have, four can be read at once.
  private static let bufferCount = 6

  let device: VideoDevice
  let format: FrameFormat
  let node: CameraNode
  var button: SnapshotButton?
  let buffers: KernelBuffers
  var sequence: FrameSequence
  var settling: Settling
  private var names: [UInt32: String] = [:]

  /// Opens a device and starts it, in the order in which each step leaves the ones before alone.
  ///
  /// - Throws: ``CameraError``.
  init(
    _ device: VideoDevice, _ request: CameraRequest, _ lock: inout ControlLock, now: Double
  ) throws(CameraError) {
    self.device = device
    let opened = try CameraNode(device.node)
    format = try opened.set(request.format)
    var controls = NodeControls(opened)
    let isReturn = !lock.held.isEmpty
    try lock.prepare(&controls)
    do throws(CameraError) {
      buffers = try KernelBuffers(
        opened.descriptor, count: OpenCamera.bufferCount, of: device.node)
      let known = controls.controls()
      for control in known { names[control.number] = control.name }
      opened.subscribe(to: known)
      try opened.start()
    } catch  where error.code == .bandwidth {
      // Whoever holds buffers alone may set a format: it is looked for with other openings.
      opened.stop()
      throw OpenCamera.withRemedy(error, device, request.format)
    }
    node = opened
    sequence = FrameSequence(statedInterval: 1 / format.framesPerSecond)
    settling = Settling(isReturn: isReturn || !request.controls.locks, began: now)
    if request.usesButton, let path = device.buttonNode { button = try SnapshotButton(path) }
  }

  /// Stops the stream; frames that readers still hold stay readable.
  func close() {
    buffers.end()
    node.stop()
  }

  /// The next change of a control by somebody else, by its name.
  func nextChange() -> (name: String, value: Int)? {
    guard let change = node.nextChange() else { return nil }
    return (names[change.number] ?? "control \(change.number)", change.value)
  }

  /// Says which format the bus has room for: the largest that starts.
  private static func withRemedy(
    _ error: CameraError, _ device: VideoDevice, _ wanted: FrameFormat
  ) -> CameraError {
    var offered: [FrameFormat] = []
    do throws(CameraError) {
      offered = try CameraNode(device.node).formats()
    } catch let second {
      // It was pulled out meanwhile, say: that matters more.
      return second
    }
    return BandwidthRemedy.error(
      error, "\(device.identity)", wanted,
      fitting: BandwidthRemedy.candidates(offered, below: wanted).first { fits($0, device) })
  }

  private static func fits(_ format: FrameFormat, _ device: VideoDevice) -> Bool {
    do throws(CameraError) {
      let node = try CameraNode(device.node)
      guard try node.set(format).hasSamePixels(as: format) else { return false }
      let buffers = try KernelBuffers(node.descriptor, count: bufferCount, of: device.node)
      defer {
        buffers.end()
        node.stop()
      }
      try node.start()
      return true
    } catch {
      return false
    }
  }
}

/// When a camera that just started gives pictures that count: a value without clock.
struct Settling: Sendable {
  // The first frames after a start are often partial (libuvc#122).
  private static let leastFrames = 3
  // Automatic exposure moves every few frames: the same values in five frames are settled.
  private static let sameFrames = 5
  // Half a second at least, since some cameras tell their values late; three at most, so that a scene
  // that never settles is captured all the same.
  private static let leastSeconds = 0.5
  private static let mostSeconds = 3.0

  private let isReturn: Bool
  private let began: Double
  private var frames = 0
  private var same = 0
  private var last: [String: Int] = [:]
  /// Whether frames count.
  private(set) var isDone = false

  /// - Parameter isReturn: whether values are held already, so that nothing moves.
  init(isReturn: Bool, began: Double) {
    self.isReturn = isReturn
    self.began = began
  }

  /// Notes a whole frame and the values that may still move.
  mutating func frame(at now: Double, values: () -> [String: Int]) {
    frames += 1
    guard !isDone, frames >= Settling.leastFrames else { return }
    guard !isReturn else {
      isDone = true
      return
    }
    let current = values()
    same = current == last ? same + 1 : 0
    last = current
    let passed = now - began
    isDone =
      (same >= Settling.sameFrames && passed >= Settling.leastSeconds)
      || passed >= Settling.mostSeconds
  }
}
