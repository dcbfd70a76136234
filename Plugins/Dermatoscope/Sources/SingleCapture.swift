import Synchronization
public import VideoDevices

/// One picture of a camera, without a run: nothing is kept but what is given back.
public enum SingleCapture {
  /// A picture as the camera sent it.
  public struct Picture: Sendable {
    /// The JPEG, proven whole.
    public let bytes: [UInt8]
    /// The frame that it was.
    public let frame: CameraFrame
  }

  // Pictures that the press may choose from: half a second of them.
  private static let framesBefore = 15

  /// What came of it so far.
  private final class Outcome: Sendable {
    struct State {
      var frames = 0
      var picture: Picture?
      var last: CameraError?
    }
    let state = Mutex(State())
  }

  /// Opens the camera, waits until its exposure has settled, and takes the best of the first frames.
  ///
  /// - Throws: ``CameraError``: what keeps the camera from being used, once `patience` is over.
  public static func take(
    _ request: CameraRequest, patience: Duration = .seconds(10)
  ) async throws -> Picture {
    let session = try CameraSession(request)
    let outcome = Outcome()
    let desk = CaptureDesk<Void> { _, answer in
      guard case .chosen(let frame, let bytes) = answer else { return }
      outcome.state.withLock { state in
        if state.picture == nil { state.picture = Picture(bytes: bytes, frame: frame) }
      }
      session.stop()
    }
    let clock = Task {
      try await Task.sleep(for: patience)
      session.stop()
    }
    defer { clock.cancel() }
    try await session.run { note($0, outcome, desk) }
    await desk.drain()
    let (picture, last) = outcome.state.withLock { ($0.picture, $0.last) }
    if let picture { return picture }
    throw last
      ?? CameraError(
        .stalled, subject: "\(request.device) gave no whole picture",
        hint: "look at its cable, and at 'anagen doctor'")
  }

  private static func note(_ event: CameraEvent, _ outcome: Outcome, _ desk: CaptureDesk<Void>) {
    switch event {
    case .frame(let frame):
      desk.take(frame)
      let count = outcome.state.withLock { state in
        state.frames += 1
        return state.frames
      }
      // Pressed anew as long as no picture came, such as after damaged ones.
      if count % framesBefore == 0 {
        // Always for something: the one picture.
        _ = desk.press(at: frame.timestamp) { CaptureDesk.Taken(ticket: ()) }
      }
    case .unavailable(let error): outcome.state.withLock { $0.last = error }
    default: break
    }
  }
}
