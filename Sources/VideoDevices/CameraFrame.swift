/// One frame of a camera, with all that is known of it; undamaged as far as a glance tells.
public struct CameraFrame: Sendable {
  /// The bytes as the camera sent them.
  public let bytes: FrameBytes
  /// Layout and size.
  public let format: FrameFormat
  /// The kernel's count of frames of this stream.
  public let number: UInt32
  /// The kernel's time of the frame, in seconds of the monotonic clock.
  public let timestamp: Double
  /// When it was taken from the kernel, in seconds of the monotonic clock.
  public let dequeued: Double
  /// What was lost just before it.
  public let lostBefore: LossCounters
  /// All that was lost since the session began.
  public let lost: LossCounters
  /// Every control as last read, by name.
  public let controls: [String: Int]
  /// Controls that were held and that somebody else changed.
  public let brokenLocks: Set<String>
  /// Which device.
  public let identity: DeviceIdentity

  /// The same frame with its bytes out of the kernel's hands.
  public func kept(_ bytes: FrameBytes) -> CameraFrame {
    CameraFrame(
      bytes: bytes, format: format, number: number, timestamp: timestamp, dequeued: dequeued,
      lostBefore: lostBefore, lost: lost, controls: controls, brokenLocks: brokenLocks,
      identity: identity)
  }
}

/// What happens at a camera, in the order in which it happens.
public enum CameraEvent: Sendable {
  /// It was opened and streams; told again after each return.
  case opened(DeviceIdentity, FrameFormat)
  /// Exposure, gain, white balance and focus are held from now on, at these values.
  case locked([String: Int])
  /// A whole frame, after the lock.
  case frame(CameraFrame)
  /// A frame that was refused.
  case damaged(FrameDamage)
  /// The button was pressed, in seconds of the monotonic clock.
  case pressed(Double)
  /// A control was changed by somebody else; whether it was held.
  case changed(String, value: Int, wasHeld: Bool)
  /// It cannot be used, for this reason; it is tried again.
  case unavailable(CameraError)
}

/// What a session counted so far.
public struct CameraTally: Hashable, Sendable {
  /// Whole frames handed on.
  public internal(set) var frames = 0
  /// Frames refused, by reason.
  public internal(set) var damaged: [FrameDamage: Int] = [:]
  /// Frames that never came, by how it shows.
  public internal(set) var lost = LossCounters()
  /// Frames that were copied since readers held too many buffers.
  public internal(set) var copied = 0
  /// Times the camera was opened.
  public internal(set) var openings = 0
  /// Times it was silent.
  public internal(set) var stalls = 0
}
