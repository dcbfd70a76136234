import Testing
import VideoDevices

@Suite("frames that were lost") struct FrameSequenceTests {
  /// Notes frames of one clock, and gives what was lost in all.
  private func lost(_ frames: [(number: UInt32, time: Double, isFlagged: Bool)]) -> LossCounters {
    var sequence = FrameSequence(statedInterval: 0.1)
    for frame in frames {
      _ = sequence.note(
        number: frame.number, timestamp: frame.time, arrival: frame.time + 0.002,
        isFlagged: frame.isFlagged)
    }
    return sequence.lost
  }

  private func steady(_ count: Int, from number: UInt32 = 0, at time: Double = 5)
    -> [(number: UInt32, time: Double, isFlagged: Bool)]
  {
    (0..<count).map { (number &+ UInt32($0), time + Double($0) * 0.1, false) }
  }

  @Test func `a steady stream has lost none`() {
    #expect(lost(steady(100)).total == 0)
  }

  @Test func `numbers that are left out are gaps, and their time is not counted again`() {
    let frames = steady(20) + steady(5, from: 23, at: 7.3)
    #expect(lost(frames).sequenceGaps == 3)
    #expect(lost(frames).timestampSteps == 0)
  }

  @Test func `time that is left out without numbers is loss in the device`() {
    let frames = steady(20) + steady(5, from: 20, at: 7.2)
    #expect(lost(frames).timestampSteps == 2)
    #expect(lost(frames).sequenceGaps == 0)
  }

  @Test func `a gap in numbers with more time than it explains is both`() {
    let frames = steady(20) + steady(5, from: 21, at: 7.4)
    #expect(lost(frames).sequenceGaps == 1)
    #expect(lost(frames).timestampSteps == 3)
  }

  @Test func `marked frames are counted by themselves`() {
    let frames = steady(10) + [(10, 6, true)] + steady(5, from: 11, at: 6.1)
    #expect(lost(frames).errorFlags == 1)
    #expect(lost(frames).total == 1)
  }

  @Test func `numbers that wrap have no gap`() {
    #expect(lost(steady(20, from: UInt32.max - 5)).total == 0)
  }

  @Test func `a camera slower than it states loses nothing`() {
    let frames = (0..<60).map { (number: UInt32($0), time: Double($0) * 0.225, isFlagged: false) }
    #expect(lost(frames).total == 0)
  }

  @Test func `a timestamp that goes back is replaced by the arrival`() {
    var frames = steady(30)
    frames[15].time = 5.2
    var sequence = FrameSequence(statedInterval: 0.1)
    var steps = 0
    for (index, frame) in frames.enumerated() {
      steps +=
        sequence.note(
          number: frame.number, timestamp: frame.time, arrival: 5.002 + Double(index) * 0.1,
          isFlagged: false
        ).total
    }
    #expect(steps == 0)
  }
}
