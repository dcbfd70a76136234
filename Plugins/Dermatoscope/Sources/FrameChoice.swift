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
  /// How long a press without any frame waits for its first: as long as a camera may be silent before
  /// its watchdog says so.
  package static var patience: Double { 1 }

  /// When the press was, in seconds of the monotonic clock.
  package let press: Double
  /// When frames show what the press is of.
  package let span: Range<Double>
  /// The frames that count, in the order of their times.
  package private(set) var candidates: [Candidate] = []

  /// Begins with what came so far.
  ///
  /// - Parameters:
  ///   - span: when frames show what the press is of; others are left out.
  ///   - ring: the frames so far, oldest first.
  package init(
    press: Double, within span: Range<Double> = -.infinity..<Double.infinity,
    ring: [(frame: Frame, time: Double)]
  ) {
    self.press = press
    self.span = span
    for entry in ring where entry.time >= press - Self.before && span.contains(entry.time) {
      candidates.append(Candidate(frame: entry.frame, time: entry.time))
    }
  }

  /// Whether a frame of this time still counts; while there is none, a late one does.
  package func takes(_ time: Double) -> Bool {
    span.contains(time) && time <= press + (candidates.isEmpty ? Self.patience : Self.after)
  }

  /// When it is time to choose, at a pace of scoring.
  package func due(at pace: ScoringPace) -> Double {
    press + (candidates.isEmpty ? Self.patience : min(Self.after, pace.window))
  }

  /// The candidates' indices, those nearest to the press first: in this order they are scored.
  package func byNearness() -> [Int] {
    candidates.indices.sorted {
      abs(candidates[$0].time - press) < abs(candidates[$1].time - press)
    }
  }

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
