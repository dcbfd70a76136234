import CVideo4Linux
import Glibc

/// The controls of an open node, as a lock turns them; borrows the node's descriptor.
struct NodeControls: ControlLock.Device {
  private let descriptor: Int32
  private let path: String

  /// Wraps a node, which must stay open as long as this is used.
  init(_ node: borrowing CameraNode) {
    descriptor = node.descriptor.number
    path = node.path
  }

  package func controls() -> [CameraControl] {
    var found: [CameraControl] = []
    var query = v4l2_queryctrl()
    query.id = UInt32(V4L2_CTRL_FLAG_NEXT_CTRL)
    while NodeDescriptor.request(descriptor, anagen_VIDIOC_QUERYCTRL, &query) == nil {
      if let control = control(query) { found.append(control) }
      query.id |= UInt32(V4L2_CTRL_FLAG_NEXT_CTRL)
    }
    return found
  }

  private func control(_ query: v4l2_queryctrl) -> CameraControl? {
    let kinds = [
      V4L2_CTRL_TYPE_INTEGER, V4L2_CTRL_TYPE_BOOLEAN, V4L2_CTRL_TYPE_MENU,
      V4L2_CTRL_TYPE_INTEGER_MENU,
    ].map(\.rawValue)
    guard kinds.contains(query.type), query.flags & UInt32(V4L2_CTRL_FLAG_DISABLED) == 0 else {
      return nil
    }
    let title = withUnsafeBytes(of: query.name) {
      String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
    }
    guard query.minimum <= query.maximum else { return nil }
    return CameraControl(
      number: query.id, name: CameraControl.name(from: title),
      range: Int(query.minimum)...Int(query.maximum), step: Int(query.step),
      standard: Int(query.default_value), current: value(of: query.id),
      isReadOnly: query.flags & UInt32(V4L2_CTRL_FLAG_READ_ONLY) != 0,
      isInactive: query.flags & UInt32(V4L2_CTRL_FLAG_INACTIVE) != 0)
  }

  private func value(of number: UInt32) -> Int? {
    var control = v4l2_control()
    control.id = number
    guard NodeDescriptor.request(descriptor, anagen_VIDIOC_G_CTRL, &control) == nil else {
      return nil
    }
    return Int(control.value)
  }

  // A device that is busy stalls a request and takes the next one; one that refuses three is broken.
  private static let attempts = 3

  package func set(_ control: CameraControl, to value: Int) throws(CameraError) -> Int {
    var failed: Int32 = 0
    for _ in 0..<NodeControls.attempts {
      var wanted = v4l2_control()
      wanted.id = control.number
      wanted.value = Int32(clamping: value)
      guard let number = NodeDescriptor.request(descriptor, anagen_VIDIOC_S_CTRL, &wanted) else {
        return self.value(of: control.number) ?? Int(wanted.value)
      }
      failed = number
      if number != EPIPE, number != EIO, number != ETIMEDOUT { break }
    }
    switch failed {
    case EACCES:
      throw CameraError(
        .control, subject: "'\(control.name)' is ruled by its automatic control",
        hint: "turn that one off", errno: failed)
    case ENODEV, ENXIO: throw CameraNode.failure(path, "is gone", failed)
    default:
      throw CameraError(
        .control,
        subject: "'\(control.name)' cannot be set: \(String(cString: strerror(failed)))",
        hint: "unplug the device and plug it in again", errno: failed)
    }
  }
}
