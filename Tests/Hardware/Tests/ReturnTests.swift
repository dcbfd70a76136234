import Foundation
import Testing
import VideoDevices

extension HardwareTests {
  @Suite("a dermatoscope that goes and comes") struct ReturnTests {
    @Test func `resumes within two seconds of each return, also while its frames are held`()
      async throws
    {
      let cycles = Int(ProcessInfo.processInfo.environment["ANAGEN_REPLUGS"] ?? "5") ?? 5
      let camera = try SimulatedCamera("--bulk", "--serial", "TRX-7")
      let watched = try WatchedSession(device: "usb:1209:0001:TRX-7")
      var slowest = 0.0
      for cycle in 0..<cycles {
        try await watched.awaitFrames(3)
        watched.letGo()
        if cycle % 2 == 0 {
          // Held from now until after the next return: the node comes back under another number.
          watched.keep(2)
          try await watched.awaitFrames(3)
        } else {
          watched.keep(0)
        }
        try camera.tell("unplug")
        let gone = try await seconds { watched.seen.unavailable.count == cycle + 1 }
        #expect(gone != nil)
        let node = try await seconds { DeviceTree().cameras().isEmpty }
        #expect(node != nil)
        try camera.tell("replug")
        let back = try await seconds { !DeviceTree().cameras().isEmpty }
        try #require(back != nil)
        let before = watched.seen.marks.count
        let resumed = try #require(try await seconds { watched.seen.marks.count > before })
        slowest = max(slowest, resumed)
        // What was held through it is what it was.
        #expect(watched.seen.kept.allSatisfy { FrameMark($0) != nil })
      }
      await watched.stop()
      #expect(watched.seen.openings.count == cycles + 1)
      #expect(watched.seen.unavailable.allSatisfy { $0.code == .unplugged })
      print("\(cycles) returns, the slowest \(Int(slowest * 1000)) ms after its node")
      #expect(slowest < 2)
    }

    @Test func `has its controls held again, at the values of before`() async throws {
      let camera = try SimulatedCamera("--bulk")
      let watched = try WatchedSession(
        controls: ControlPlan(values: ["exposure_time_absolute": 312, "gain": 40], locks: true))
      try await watched.awaitFrames(5)
      #expect(watched.seen.held["exposure_time_absolute"] == 312)
      // The device forgets: it comes back with its own values.
      try camera.tell("bounce 300")
      let again = try await seconds { watched.seen.openings.count == 2 }
      #expect(again != nil)
      try await watched.awaitFrames(5)
      let controls = try #require(watched.seen.last).controls
      #expect(controls["exposure_time_absolute"] == 312)
      #expect(controls["gain"] == 40)
      #expect(controls["auto_exposure"] == 1)
      await watched.stop()
    }

    @Test func `tells that somebody else changed what is held`() async throws {
      let camera = try SimulatedCamera("--bulk")
      let watched = try WatchedSession(controls: ControlPlan(locks: true))
      try await watched.awaitFrames(5)
      let node = try #require(DeviceTree().cameras().first).node
      let status = try RunningProgram.run("v4l2-ctl", "-d", node, "--set-ctrl", "gain=99")
      #expect(status == 0)
      let told = try await seconds { watched.seen.changes.contains { $0.wasHeld } }
      #expect(told != nil)
      try await watched.awaitFrames(2)
      #expect(watched.seen.last?.brokenLocks == ["gain"])
      await watched.stop()
      withExtendedLifetime(camera) {}
    }

    @Test func `is started again when it is silent, before its first frame and after`() async throws
    {
      let camera = try SimulatedCamera("--bulk")
      try camera.tell("freeze 4000")
      let watched = try WatchedSession()
      try await watched.awaitFrames(10)
      #expect(watched.session.tally.stalls == 1)
      try camera.tell("freeze 1500")
      try await watched.awaitFrames(10)
      #expect(watched.session.tally.stalls == 2)
      #expect(watched.seen.unavailable.allSatisfy { $0.code == .stalled })
      await watched.stop()
    }

    @Test func `tells its presses at their time, a bounced one once`() async throws {
      let camera = try SimulatedCamera("--bulk")
      let watched = try WatchedSession()
      try await watched.awaitFrames(5)
      let before = CameraSession.monotonicSeconds()
      try camera.tell("click")
      let told = try await seconds { watched.seen.presses.count == 1 }
      let after = CameraSession.monotonicSeconds()
      #expect(told != nil)
      let press = try #require(watched.seen.presses.first)
      #expect((before...after).contains(press))
      try await watched.awaitFrames(5)
      try camera.tell("click\nclick\nclick")
      try await watched.awaitFrames(10)
      #expect(watched.seen.presses.count == 2)
      await watched.stop()
    }
  }
}
