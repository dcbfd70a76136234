/// Frames that were lost, by how it shows; a frame is in one counter only.
public struct LossCounters: Hashable, Sendable, Codable {
  /// The kernel counted frames that it did not hand over.
  public var sequenceGaps = 0
  /// The device left frames out: time passed, and the kernel counted none.
  public var timestampSteps = 0
  /// Frames that arrived marked as damaged.
  public var errorFlags = 0

  /// None lost.
  public init() {}

  /// All of them.
  public var total: Int { sequenceGaps + timestampSteps + errorFlags }

  /// The sum of both.
  public static func + (left: LossCounters, right: LossCounters) -> LossCounters {
    var sum = LossCounters()
    sum.sequenceGaps = left.sequenceGaps + right.sequenceGaps
    sum.timestampSteps = left.timestampSteps + right.timestampSteps
    sum.errorFlags = left.errorFlags + right.errorFlags
    return sum
  }
}

/// Tells from numbers and times of frames which were lost before each; a value without clock.
///
/// A device that reaches less than its stated rate (a dark scene, a bus at its limit) loses nothing:
/// steps are held to the median of the last ones. Until enough are known, which is while exposure
/// settles, time steps are not judged.
public struct FrameSequence: Sendable {
  /// Steps whose median is the interval: half a second at 30/s.
  private static let window = 15
  /// Steps that must be known before one is judged.
  private static let least = 7
  /// A step above this many intervals has lost a frame; the next whole number is 2.
  private static let tolerance = 1.5

  private var lastNumber: UInt32?
  private var lastMoment = 0.0
  private var steps: [Double] = []
  private let statedInterval: Double

  /// All that was lost so far.
  public private(set) var lost = LossCounters()

  /// Starts with the interval that the device states, in seconds.
  public init(statedInterval: Double) { self.statedInterval = statedInterval }

  /// The interval in seconds as measured, and as stated until enough frames came.
  public var interval: Double {
    guard steps.count >= FrameSequence.least else { return statedInterval }
    return steps.sorted()[steps.count / 2]
  }

  /// Notes a frame.
  ///
  /// - Parameters:
  ///   - number: the kernel's count of frames.
  ///   - timestamp: the kernel's time of the frame, seconds.
  ///   - arrival: when it was dequeued, on the same clock; stands in for a timestamp that goes back.
  ///   - isFlagged: whether the kernel marked it as damaged.
  /// - Returns: what was lost just before this frame, or with it.
  public mutating func note(
    number: UInt32, timestamp: Double, arrival: Double, isFlagged: Bool
  ) -> LossCounters {
    var found = LossCounters()
    let moment = lastNumber != nil && timestamp <= lastMoment ? max(arrival, lastMoment) : timestamp
    if isFlagged { found.errorFlags = 1 }
    if let last = lastNumber {
      // Numbers wrap; one that goes back is a stream that began anew.
      let forward = number &- last
      let gap = forward > 0 && forward < 1 << 31 ? Int(forward) - 1 : 0
      found.sequenceGaps = gap
      let step = moment - lastMoment
      let expected = interval
      if steps.count >= FrameSequence.least, expected > 0,
        step > (Double(gap) + FrameSequence.tolerance) * expected
      {
        found.timestampSteps = Int((step / expected).rounded()) - 1 - gap
      }
      if gap == 0, found.timestampSteps == 0 || isShort(of: step) { keep(step) }
    }
    lastNumber = number
    lastMoment = moment
    lost = lost + found
    return found
  }

  /// Whether a long step may be a slower rate: then it enters the median, and is counted as loss
  /// only as long as the median says so.
  private func isShort(of step: Double) -> Bool { step < 4 * statedInterval }

  private mutating func keep(_ step: Double) {
    steps.append(step)
    if steps.count > FrameSequence.window { steps.removeFirst() }
  }
}
