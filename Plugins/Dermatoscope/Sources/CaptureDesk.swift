import Dispatch
import ImageCodecs
import Imaging
import Synchronization
import VideoDevices

/// Answers each press with its best frame: keeps the ring, collects, scores, chooses, proves.
///
/// Told of events on the camera's thread, where it only copies bytes; scores and chooses on a thread
/// of its own.
final class CaptureDesk: Sendable {
  /// What became of a press.
  enum Answer: Sendable {
    /// The best frame's bytes, proven whole.
    case chosen(CameraFrame, bytes: [UInt8])
    /// No picture, for this reason.
    case refused(Refusal)
  }

  /// Why a press gives no picture.
  enum Refusal: String, Sendable {
    /// The camera is away or silent.
    case noFrames = "no frame came"
    /// Frames came, and none is whole.
    case damaged = "no whole frame came"
    /// As many presses wait as are taken at once.
    case tooMany = "four presses wait"
  }

  // A press is answered within 0.4 s; four at once are a finger that never rests.
  private static let mostWaiting = 4
  // Seven seconds of 1280x720 MJPEG at 360 kB a frame.
  private static let poolBytes = 80 << 20

  private struct State {
    var ring: [KeptFrame] = []
    var waiting: [FrameChoice<KeptFrame>] = []
  }

  private let keepsEach: Bool
  private let decoder = ImageDecoder()
  private let pool = FramePool(byteLimit: CaptureDesk.poolBytes)
  private let scoring = DispatchQueue(label: "anagen.dermatoscope.choose")
  private let state = Mutex(State())
  private let answer: @Sendable (Answer) -> Void

  /// - Parameters:
  ///   - keepsEach: whether each frame is an answer of its own, without a press.
  ///   - answer: takes answers, on the desk's thread.
  init(keepsEach: Bool, answer: @escaping @Sendable (Answer) -> Void) {
    self.keepsEach = keepsEach
    self.answer = answer
  }

  /// A frame came.
  func take(_ frame: CameraFrame) {
    let kept = KeptFrame(frame, pool)
    if keepsEach {
      let choice = FrameChoice(press: frame.timestamp, ring: [(kept, frame.timestamp)])
      return scoring.async { self.choose(choice) }
    }
    let (complete, isWanted) = state.withLock { state in
      state.ring.append(kept)
      state.ring.removeAll {
        $0.frame.timestamp < frame.timestamp - FrameChoice<KeptFrame>.before
      }
      let complete = state.waiting.filter { !$0.takes(frame.timestamp) }
      state.waiting.removeAll { !$0.takes(frame.timestamp) }
      for index in state.waiting.indices { state.waiting[index].add(kept, at: frame.timestamp) }
      return (complete, !state.waiting.isEmpty)
    }
    for choice in complete { scoring.async { self.choose(choice) } }
    if isWanted { scoring.async { _ = kept.score(self.decoder) } }
  }

  /// The button was pressed, or a time has come.
  func press(at time: Double) {
    let refusal: Refusal? = state.withLock { state in
      guard state.waiting.count < CaptureDesk.mostWaiting else { return .tooMany }
      state.waiting.append(
        FrameChoice(press: time, ring: state.ring.map { ($0, $0.frame.timestamp) }))
      let ring = state.ring
      // While the frames after the press come, those before it are scored.
      scoring.async { for kept in ring.reversed() { _ = kept.score(self.decoder) } }
      return nil
    }
    if let refusal { scoring.async { self.answer(.refused(refusal)) } }
  }

  /// No frames come for now: what waits is answered with what there is.
  func interrupt() {
    let waiting = state.withLock { state in
      defer {
        state.waiting = []
        state.ring = []
      }
      return state.waiting
    }
    for choice in waiting { scoring.async { self.choose(choice) } }
  }

  /// Waits until all that was told is answered.
  func drain() async {
    interrupt()
    await withCheckedContinuation { continuation in
      scoring.async { continuation.resume() }
    }
  }

  private func choose(_ choice: FrameChoice<KeptFrame>) {
    guard !choice.candidates.isEmpty else { return answer(.refused(.noFrames)) }
    var choice = choice
    choice.score { $0.score(decoder) }
    for index in choice.ranked() {
      let kept = choice.candidates[index].frame
      if let bytes = kept.provenBytes(decoder) {
        return answer(.chosen(kept.frame, bytes: bytes))
      }
    }
    answer(.refused(.damaged))
  }
}
