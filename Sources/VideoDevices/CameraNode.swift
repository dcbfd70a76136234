import CVideo4Linux
import Glibc

/// An open capture node: formats, controls, buffers and events; used by one thread.
struct CameraNode: ~Copyable {
  /// A buffer that the kernel filled.
  struct Filled {
    let index: Int
    let byteCount: Int
    let number: UInt32
    /// Seconds of the monotonic clock.
    let timestamp: Double
    let isFlagged: Bool
  }

  /// What asking for the next buffer or event came to.
  enum Dequeued {
    case filled(Filled)
    case none
    case gone(Int32)
  }

  let path: String
  let descriptor: NodeDescriptor

  /// Opens a node and asks what it is.
  ///
  /// - Throws: ``CameraError``.
  init(_ path: String) throws(CameraError) {
    let opened = try NodeDescriptor(path)
    var capability = v4l2_capability()
    if let number = opened.request(anagen_VIDIOC_QUERYCAP, &capability) {
      throw CameraNode.failure(path, "does not answer", number)
    }
    let needed = UInt32(V4L2_CAP_VIDEO_CAPTURE) | UInt32(V4L2_CAP_STREAMING)
    guard capability.device_caps & needed == needed else {
      throw CameraError(
        .io, subject: "\(path) gives no pictures", hint: "it is no capture node of a camera")
    }
    self.path = path
    descriptor = opened
  }

  // MARK: Formats

  /// Every layout, size and rate that the device offers and that is known here.
  borrowing func formats() -> [FrameFormat] {
    var formats: [FrameFormat] = []
    var description = v4l2_fmtdesc()
    description.type = V4L2_BUF_TYPE_VIDEO_CAPTURE.rawValue
    while descriptor.request(anagen_VIDIOC_ENUM_FMT, &description) == nil {
      if let layout = PixelLayout(code: description.pixelformat) {
        formats += self.formats(of: layout)
      }
      description.index += 1
    }
    return formats
  }

  private borrowing func formats(of layout: PixelLayout) -> [FrameFormat] {
    var formats: [FrameFormat] = []
    var size = v4l2_frmsizeenum()
    size.pixel_format = layout.code
    while descriptor.request(anagen_VIDIOC_ENUM_FRAMESIZES, &size) == nil {
      // Dermatoscopes offer single sizes; ranges are those of converters and test drivers.
      guard size.type == V4L2_FRMSIZE_TYPE_DISCRETE.rawValue else { break }
      var rate = v4l2_frmivalenum()
      rate.pixel_format = layout.code
      rate.width = size.discrete.width
      rate.height = size.discrete.height
      while descriptor.request(anagen_VIDIOC_ENUM_FRAMEINTERVALS, &rate) == nil {
        guard rate.type == V4L2_FRMIVAL_TYPE_DISCRETE.rawValue, rate.discrete.numerator > 0 else {
          break
        }
        formats.append(
          FrameFormat(
            layout: layout, width: Int(rate.width), height: Int(rate.height),
            framesPerSecond: Double(rate.discrete.denominator) / Double(rate.discrete.numerator)))
        rate.index += 1
      }
      size.index += 1
    }
    return formats
  }

  /// Sets layout and size, then the rate, in this order: a new size resets the rate.
  ///
  /// - Returns: the format as read back, with the rate that the device gives.
  /// - Throws: ``CameraError`` `noSuchFormat` with what there is when the device takes another
  ///   layout or size.
  borrowing func set(_ wanted: FrameFormat) throws(CameraError) -> FrameFormat {
    var format = v4l2_format()
    format.type = V4L2_BUF_TYPE_VIDEO_CAPTURE.rawValue
    format.fmt.pix.width = UInt32(wanted.width)
    format.fmt.pix.height = UInt32(wanted.height)
    format.fmt.pix.pixelformat = wanted.layout.code
    format.fmt.pix.field = V4L2_FIELD_ANY.rawValue
    if let number = descriptor.request(anagen_VIDIOC_S_FMT, &format) {
      throw CameraNode.failure(path, "takes no format", number)
    }
    let pixels = format.fmt.pix
    guard pixels.pixelformat == wanted.layout.code, Int(pixels.width) == wanted.width,
      Int(pixels.height) == wanted.height
    else {
      let offered = CameraNode.text(formats())
      throw CameraError(
        .noSuchFormat, subject: "\(path) has no \(wanted)", hint: "it offers \(offered)")
    }
    var parameters = v4l2_streamparm()
    parameters.type = V4L2_BUF_TYPE_VIDEO_CAPTURE.rawValue
    parameters.parm.capture.timeperframe.numerator = 1000
    parameters.parm.capture.timeperframe.denominator = UInt32(wanted.framesPerSecond * 1000)
    if let number = descriptor.request(anagen_VIDIOC_S_PARM, &parameters) {
      throw CameraNode.failure(path, "takes no rate", number)
    }
    let interval = parameters.parm.capture.timeperframe
    let rate =
      interval.numerator > 0
      ? Double(interval.denominator) / Double(interval.numerator) : wanted.framesPerSecond
    return FrameFormat(
      layout: wanted.layout, width: wanted.width, height: wanted.height, framesPerSecond: rate)
  }

  /// Each layout and size once, with its best rate.
  static func text(_ formats: [FrameFormat]) -> String {
    var best: [FrameFormat] = []
    for format in formats {
      if let index = best.firstIndex(where: { $0.hasSamePixels(as: format) }) {
        if format.framesPerSecond > best[index].framesPerSecond { best[index] = format }
      } else {
        best.append(format)
      }
    }
    return best.map(\.description).joined(separator: ", ")
  }

  // MARK: Streaming

  /// Starts to stream.
  ///
  /// - Throws: ``CameraError`` `bandwidth` when the bus has no room, `busy`, `unplugged` or `io`.
  borrowing func start() throws(CameraError) {
    var type = V4L2_BUF_TYPE_VIDEO_CAPTURE.rawValue
    guard let number = descriptor.request(anagen_VIDIOC_STREAMON, &type) else { return }
    guard number != ENOSPC else {
      throw CameraError(
        .bandwidth, subject: "\(path): the bus has no room for this format",
        hint: "choose a smaller one, or plug it into a port of another bus", errno: number)
    }
    throw CameraNode.failure(path, "does not start", number)
  }

  /// Stops and lets go of the kernel's buffers, so that another program may stream.
  ///
  /// Memory that is still read stays mapped, as nobody's (`V4L2_BUF_CAP_SUPPORTS_ORPHANED_BUFS`).
  borrowing func stop() {
    var type = V4L2_BUF_TYPE_VIDEO_CAPTURE.rawValue
    // A device that is gone has stopped already.
    _ = descriptor.request(anagen_VIDIOC_STREAMOFF, &type)
    var none = v4l2_requestbuffers()
    none.type = type
    none.memory = V4L2_MEMORY_MMAP.rawValue
    _ = descriptor.request(anagen_VIDIOC_REQBUFS, &none)
  }

  /// Takes the next filled buffer.
  borrowing func dequeue() -> Dequeued {
    var buffer = v4l2_buffer()
    buffer.type = V4L2_BUF_TYPE_VIDEO_CAPTURE.rawValue
    buffer.memory = V4L2_MEMORY_MMAP.rawValue
    if let number = descriptor.request(anagen_VIDIOC_DQBUF, &buffer) {
      return number == EAGAIN ? .none : .gone(number)
    }
    return .filled(
      Filled(
        index: Int(buffer.index), byteCount: Int(buffer.bytesused), number: buffer.sequence,
        timestamp: Double(buffer.timestamp.tv_sec) + Double(buffer.timestamp.tv_usec) * 1e-6,
        isFlagged: buffer.flags & UInt32(V4L2_BUF_FLAG_ERROR) != 0))
  }

  // MARK: Events

  /// Asks to be told when a control changes by other hands than this descriptor's.
  borrowing func subscribe(to controls: [CameraControl]) {
    for control in controls {
      var subscription = v4l2_event_subscription()
      subscription.type = UInt32(V4L2_EVENT_CTRL)
      subscription.id = control.number
      // A control without events cannot be watched, and is read when a frame is kept.
      _ = descriptor.request(anagen_VIDIOC_SUBSCRIBE_EVENT, &subscription)
    }
  }

  /// The next change of a control's value.
  borrowing func nextChange() -> (number: UInt32, value: Int)? {
    var event = v4l2_event()
    while descriptor.request(anagen_VIDIOC_DQEVENT, &event) == nil {
      if event.type == UInt32(V4L2_EVENT_CTRL),
        event.u.ctrl.changes & UInt32(V4L2_EVENT_CTRL_CH_VALUE) != 0
      {
        return (event.id, Int(event.u.ctrl.value))
      }
    }
    return nil
  }

  static func failure(_ path: String, _ what: String, _ number: Int32) -> CameraError {
    switch number {
    case EBUSY:
      CameraError(
        .busy, subject: "\(path) streams to another program", hint: "close that program",
        errno: number)
    case ENODEV, ENXIO:
      CameraError(.unplugged, subject: "\(path) is gone", hint: "plug it in", errno: number)
    default:
      CameraError(
        .io, subject: "\(path) \(what): \(String(cString: strerror(number)))",
        hint: "unplug the device and plug it in again", errno: number)
    }
  }
}
