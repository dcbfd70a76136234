import Dispatch
import ImageCodecs
import Imaging
import Synchronization
import VideoDevices

/// Answers each press with its best frame: keeps the ring, collects, scores, chooses, proves.
///
/// Told of events on the camera's thread, where it only copies bytes; scores and chooses on a thread
/// of its own, one frame at a time, so that a press is answered when it is due. A ticket says of a
/// press what its owner wants to know when it is answered.
final class CaptureDesk<Ticket: Sendable>: Sendable {
  /// What became of a press.
  enum Answer: Sendable {
    /// The best frame's bytes, proven whole.
    case chosen(CameraFrame, bytes: [UInt8])
    /// No picture, for this reason.
    case refused(CaptureRefusal)
  }

  /// A press that is taken, and when frames show what it is of.
  struct Taken: Sendable {
    let ticket: Ticket
    var span = -Double.infinity..<Double.infinity
  }

  private struct Waiting: Sendable {
    var choice: FrameChoice<KeptFrame>
    let ticket: Ticket
  }

  private struct State {
    var ring: [KeptFrame] = []
    /// Presses that still collect frames.
    var waiting: [Waiting] = []
    /// Presses that have their frames.
    var closed: [Waiting] = []
    var pace = ScoringPace()
    var isWorking = false
  }

  private enum Step {
    case choose(Waiting)
    case score(KeptFrame)
    case rest(seconds: Double?)
  }

  private let decoder = ImageDecoder()
  private let pool = FramePool(byteLimit: CaptureLimits.poolBytes)
  private let scoring = DispatchQueue(label: "anagen.dermatoscope.choose")
  private let state = Mutex(State())
  private let clock: @Sendable () -> Double
  private let answer: @Sendable (Ticket, Answer) -> Void

  /// - Parameters:
  ///   - clock: seconds of the clock of frames and presses.
  ///   - answer: takes the answer of each press, on the desk's thread.
  init(
    clock: @escaping @Sendable () -> Double = CameraSession.monotonicSeconds,
    answer: @escaping @Sendable (Ticket, Answer) -> Void
  ) {
    self.clock = clock
    self.answer = answer
  }

  // MARK: Events

  /// A frame came.
  func take(_ frame: CameraFrame) {
    let kept = KeptFrame(frame, pool)
    state.withLock { state in
      state.ring.append(kept)
      state.ring.removeAll {
        $0.frame.timestamp < frame.timestamp - FrameChoice<KeptFrame>.before
      }
      for index in state.waiting.indices where state.waiting[index].choice.takes(frame.timestamp) {
        state.waiting[index].choice.add(kept, at: frame.timestamp)
      }
    }
    wake()
  }

  /// A frame came that is an answer of its own.
  func answer(_ frame: CameraFrame, for ticket: Ticket) {
    let choice = FrameChoice(
      press: frame.timestamp, ring: [(KeptFrame(frame, pool), frame.timestamp)])
    let hasRoom = state.withLock { state in
      guard state.closed.count < CaptureLimits.mostClosed else { return false }
      state.closed.append(Waiting(choice: choice, ticket: ticket))
      return true
    }
    hasRoom ? wake() : refuse(ticket, .tooMany)
  }

  /// The button was pressed, or a time has come.
  ///
  /// - Parameter take: says what is pressed for, in one step with the press; `nil` for nothing.
  /// - Returns: whether it was pressed for something; then it is answered, come what may.
  func press(at time: Double, _ take: () throws -> Taken?) rethrows -> Bool {
    try state.withLock { state in
      guard let taken = try take() else { return false }
      add(taken, at: time, to: &state)
      return true
    }
  }

  /// Does something while no press collects its frames, and presses then and there.
  ///
  /// - Parameter take: says what is pressed for; `nil` for nothing.
  /// - Returns: whether it was done; otherwise a press is in the way, for a second at most.
  func whileNothingCollects(_ take: (_ now: Double) throws -> Taken?) rethrows -> Bool {
    try state.withLock { state in
      guard state.waiting.isEmpty else { return false }
      let now = clock()
      if let taken = try take(now) { add(taken, at: now, to: &state) }
      return true
    }
  }

  private func add(_ taken: Taken, at time: Double, to state: inout State) {
    guard state.waiting.count < CaptureLimits.mostWaiting else {
      return refuse(taken.ticket, .tooMany)
    }
    state.waiting.append(
      Waiting(
        choice: FrameChoice(
          press: time, within: taken.span, ring: state.ring.map { ($0, $0.frame.timestamp) }),
        ticket: taken.ticket))
    scoring.async { self.wake() }
  }

  /// No frames come for now: what waits is answered with what there is.
  func interrupt() {
    state.withLock { state in
      state.closed += state.waiting
      state.waiting = []
      state.ring = []
    }
    wake()
  }

  /// Waits until all that was told is answered.
  func drain() async {
    interrupt()
    await withCheckedContinuation { continuation in
      scoring.async {
        while self.step() {}
        continuation.resume()
      }
    }
  }

  private func refuse(_ ticket: Ticket, _ refusal: CaptureRefusal) {
    scoring.async { self.answer(ticket, .refused(refusal)) }
  }

  // MARK: Work, on the desk's thread

  private func wake() {
    let begins = state.withLock { state in
      guard !state.isWorking, !state.waiting.isEmpty || !state.closed.isEmpty else { return false }
      state.isWorking = true
      return true
    }
    if begins { scoring.async { self.work() } }
  }

  /// One thing at a time, so that what is due comes next.
  private func work() {
    if step() { scoring.async { self.work() } }
  }

  /// Does the next thing; `false` when there is none for now.
  private func step() -> Bool {
    switch state.withLock({ next(&$0) }) {
    case .choose(let waiting): choose(waiting)
    case .score(let kept):
      let seconds = timed { kept.score(decoder) }
      state.withLock { $0.pace.scored(in: seconds) }
    case .rest(let seconds):
      if let seconds { scoring.asyncAfter(deadline: .now() + seconds) { self.wake() } }
      return false
    }
    return true
  }

  private func next(_ state: inout State) -> Step {
    let (now, pace) = (clock(), state.pace)
    state.closed += state.waiting.filter { $0.choice.due(at: pace) <= now }
    state.waiting.removeAll { $0.choice.due(at: pace) <= now }
    if !state.closed.isEmpty { return .choose(state.closed.removeFirst()) }
    for waiting in state.waiting {
      let candidates = waiting.choice.candidates
      if let index = waiting.choice.byNearness().first(where: { !candidates[$0].frame.isScored }) {
        return .score(candidates[index].frame)
      }
    }
    state.isWorking = false
    return .rest(
      seconds: state.waiting.map { $0.choice.due(at: pace) - now }.min().map { max(0.001, $0) })
  }

  private func choose(_ waiting: Waiting) {
    var choice = waiting.choice
    guard !choice.candidates.isEmpty else { return answer(waiting.ticket, .refused(.noFrames)) }
    choice.score { $0.knownScore }
    // What there was no time to score comes after all that is known.
    let unscored = choice.byNearness().filter { !choice.candidates[$0].frame.isScored }
    for index in choice.ranked() + unscored {
      let kept = choice.candidates[index].frame
      var bytes: [UInt8]?
      let seconds = timed { bytes = kept.provenBytes(decoder) }
      state.withLock { $0.pace.proved(in: seconds) }
      if let bytes { return answer(waiting.ticket, .chosen(kept.frame, bytes: bytes)) }
    }
    answer(waiting.ticket, .refused(.damaged))
  }

  private func timed(_ body: () -> Void) -> Double {
    let began = clock()
    body()
    return clock() - began
  }
}

/// Why a press gives no picture.
enum CaptureRefusal: String, Sendable {
  /// The camera is away or silent.
  case noFrames = "no frame came"
  /// Frames came, and none is whole.
  case damaged = "no whole frame came"
  /// As many presses wait as are taken at once.
  case tooMany = "too many presses wait"
  /// The pipeline takes no more for now.
  case isBehind = "the pipeline is behind"
  /// There is no assignment.
  case nobody = "nobody is assigned"
}

/// What a desk holds at most.
enum CaptureLimits {
  /// A press is answered within 0.4 s; four at once are a finger that never rests.
  static let mostWaiting = 4
  /// Frames that are answers of their own, while earlier ones are decoded: eight of a megabyte.
  static let mostClosed = 8
  /// Seven seconds of 1280x720 MJPEG at 360 kB a frame.
  static let poolBytes = 80 << 20
}
