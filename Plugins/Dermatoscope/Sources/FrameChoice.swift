/// Which frame around a press is kept: a value without clock; `Frame` is whatever its owner keeps.
///
/// Frames of the last half second and the next 0.3 s count: a press moves the probe, so the frames
/// just before it are often the still ones.
package struct FrameChoice<Frame: Sendable>: Sendable {
  /// What a press waits for.
  package struct Candidate: Sendable {
    /// The frame.
    package let frame: Frame
    /// Its time.
    package let time: Double
    /// Its score, once it has one.
    package var score: FrameScore?
    /// Whether it moved against the one before.
    package var hasMoved = false
  }

  /// How long before a press frames count, in seconds.
  package static var before: Double { 0.5 }
  /// How long after it.
  package static var after: Double { 0.3 }

  /// When the press was, in seconds of the monotonic clock.
  package let press: Double
  /// The frames that count, in the order of their times.
  package private(set) var candidates: [Candidate] = []

  /// Begins with what came so far.
  ///
  /// - Parameter ring: the frames so far, oldest first.
  package init(press: Double, ring: [(frame: Frame, time: Double)]) {
    self.press = press
    for entry in ring where entry.time >= press - Self.before {
      candidates.append(Candidate(frame: entry.frame, time: entry.time))
    }
  }

  /// Whether a frame of this time still counts.
  package func takes(_ time: Double) -> Bool { time <= press + Self.after }

  /// Adds a frame that came after the press.
  package mutating func add(_ frame: Frame, at time: Double) {
    candidates.append(Candidate(frame: frame, time: time))
  }

  /// The candidates' indices, best first.
  ///
  /// Still and well exposed ones before all others, then by sharpness; what could not be scored is
  /// damaged and left out. Never empty while one was scored: a press is answered with the best there
  /// is.
  package func ranked() -> [Int] {
    func isGood(_ candidate: Candidate) -> Bool {
      guard let score = candidate.score else { return false }
      return !score.isOverExposed && !candidate.hasMoved
    }
    func sharpness(_ index: Int) -> Double { candidates[index].score?.sharpness ?? 0 }
    return candidates.indices.filter { candidates[$0].score != nil }.sorted { left, right in
      let leftIsGood = isGood(candidates[left])
      let rightIsGood = isGood(candidates[right])
      return leftIsGood == rightIsGood ? sharpness(left) > sharpness(right) : leftIsGood
    }
  }

  /// Sets scores, in the order of the candidates; `nil` for a damaged one.
  package mutating func score(_ scored: (Frame) -> FrameScore?) {
    var last: FrameScore?
    for index in candidates.indices {
      if candidates[index].score == nil {
        candidates[index].score = scored(candidates[index].frame)
      }
      guard let score = candidates[index].score else { continue }
      if let last { candidates[index].hasMoved = score.hasMoved(since: last) }
      last = score
    }
  }
}
