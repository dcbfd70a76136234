import Foundation
import Testing
import VideoDevices

extension HardwareTests {
  @Suite("frames of a simulated dermatoscope") struct StreamTests {
    @Test(arguments: [
      (["--bulk"], PixelLayout.mjpeg), ([], .mjpeg), (["--bulk"], .yuyv),
    ])
    func `come whole and in order, none lost`(transfer: [String], layout: PixelLayout) async throws
    {
      let camera = try transfer.isEmpty ? SimulatedCamera() : SimulatedCamera(transfer[0])
      let watched = try WatchedSession(layout: layout)
      try await watched.awaitFrames(90)
      await watched.stop()
      let seen = watched.seen
      let numbers = seen.marks.map(\.number)
      #expect(zip(numbers, numbers.dropFirst()).allSatisfy { $1 == $0 + 1 })
      // A busy machine may hold up the simulator, which shows as time and as nothing else.
      #expect(watched.session.tally.lost.sequenceGaps == 0)
      #expect(watched.session.tally.lost.errorFlags == 0)
      #expect(seen.damaged == [])
      #expect(try camera.counts()["frames", default: 0] >= 90)
    }

    @Test func `a bus at its limit is a slower camera, and no loss`() async throws {
      let camera = try SimulatedCamera()
      let watched = try WatchedSession(layout: .yuyv)
      try await watched.awaitFrames(40)
      let first = try #require(watched.seen.last)
      try await watched.awaitFrames(20)
      let last = try #require(watched.seen.last)
      await watched.stop()
      let rate = Double(last.number - first.number) / (last.timestamp - first.timestamp)
      // 24.6 MB/s of isochronous payload over 1.84 MB a frame are 13.3/s; a busy machine gives less.
      #expect((4...14.5).contains(rate))
      #expect(watched.session.tally.lost.sequenceGaps == 0)
      withExtendedLifetime(camera) {}
    }

    @Test(arguments: [(0, "sequence"), (1, "flag")])
    func `frames that the device marks as bad are counted and not handed on`(
      handsOn: Int, counter: String
    ) async throws {
      try setParameter("nodrop", handsOn)
      let camera = try SimulatedCamera("--bulk", "--fps", "10")
      let watched = try WatchedSession()
      try await watched.awaitFrames(15)
      try camera.tell("error 4")
      try await watched.awaitFrames(15)
      await watched.stop()
      try setParameter("nodrop", 0)
      let lost = watched.session.tally.lost
      #expect(lost.sequenceGaps == (counter == "sequence" ? 4 : 0))
      #expect(lost.errorFlags == (counter == "flag" ? 4 : 0))
      #expect(watched.seen.damaged.count == lost.errorFlags)
    }

    @Test func `frames that the device leaves out show in time alone, and are counted`()
      async throws
    {
      // Ten a second, so that a busy machine is not taken for loss.
      let camera = try SimulatedCamera("--bulk", "--fps", "10")
      let watched = try WatchedSession()
      try await watched.awaitFrames(20)
      try camera.tell("drop 3")
      try await watched.awaitFrames(20)
      await watched.stop()
      let lost = watched.session.tally.lost
      let marks = watched.seen.marks
      let gaps = zip(marks, marks.dropFirst()).map { $1.number - $0.number - 1 }
      #expect(gaps.reduce(0, +) == 3)
      // A busy machine may hold up the simulator or the kernel by more than half an interval.
      let wasHeldUp =
        zip(marks, marks.dropFirst()).contains {
          $1.number == $0.number + 1 && $1.sent - $0.sent > 0.12
        } || marks.contains { $0.latency > 0.03 }
      #expect(wasHeldUp ? lost.timestampSteps >= 3 : lost.timestampSteps == 3)
      #expect(lost.sequenceGaps == 0)
    }

    @Test(arguments: ["cut", "endless"])
    func `every JPEG that was cut is refused, and no other`(damage: String) async throws {
      let camera = try SimulatedCamera("--bulk", "--fps", "120")
      let watched = try WatchedSession(width: 640, height: 480)
      try await watched.awaitFrames(10)
      try camera.tell("\(damage) 50")
      try await watched.awaitFrames(20)
      let done = try await seconds { watched.seen.damaged.count >= 50 }
      try await watched.awaitFrames(20)
      await watched.stop()
      #expect(done != nil)
      #expect(watched.seen.damaged.count == 50)
      #expect(watched.session.tally.damaged == [.noEnd: 50])
      withExtendedLifetime(camera) {}
    }

    @Test func `readers that hold many frames do not stop the camera`() async throws {
      let camera = try SimulatedCamera("--bulk", "--fps", "10")
      let watched = try WatchedSession()
      watched.keep(20)
      try await watched.awaitFrames(60)
      let kept = watched.seen.kept
      #expect(kept.filter { $0.bytes.isLeased }.count == 4)
      #expect(watched.session.tally.copied >= 16)
      #expect(watched.session.tally.lost.sequenceGaps == 0)
      // What is held is what was sent: nothing was written over.
      #expect(kept.compactMap { FrameMark($0)?.number }.count == 20)
      watched.letGo()
      await watched.stop()
      withExtendedLifetime(camera) {}
    }
  }
}

/// Sets a parameter of the driver, which it reads when a device is plugged in.
func setParameter(_ name: String, _ value: Int) throws {
  try "\(value)".write(
    toFile: "/sys/module/uvcvideo/parameters/\(name)", atomically: false, encoding: .utf8)
}
