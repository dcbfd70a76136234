import Testing
import VideoDevices

extension HardwareTests {
  @Suite("which dermatoscope is used") struct SelectionTests {
    @Test func `is described without being opened`() async throws {
      let camera = try SimulatedCamera("--bulk", "--serial", "TRX-7")
      let device = try #require(DeviceTree().cameras().first)
      #expect(device.identity.description == "usb:1209:0001:TRX-7")
      #expect(device.name == "Example Optics Trichoscope Simulator")
      #expect(device.megabitsPerSecond == 480)
      #expect(device.descriptors.hasButton)
      #expect(device.descriptors.isBulk)
      #expect(device.descriptors.stillMethod == 2)
      #expect(device.descriptors.extensionUnits.map(\.unit) == [3])
      withExtendedLifetime(camera) {}
    }

    @Test func `is the one of that serial number, or an error that names both`() async throws {
      let first = try SimulatedCamera("--bulk", "--serial", "A")
      let second = try SimulatedCamera("--bulk", "--serial", "B", port: 1)
      let watched = try WatchedSession(device: "usb:1209:0001:B")
      try await watched.awaitFrames(3)
      #expect(watched.seen.openings.map(\.serial) == ["B"])
      await watched.stop()
      let ambiguous = try WatchedSession(device: "usb:1209:0001")
      let refused = try await seconds { !ambiguous.seen.unavailable.isEmpty }
      #expect(refused != nil)
      #expect(ambiguous.seen.unavailable.first?.code == .ambiguous)
      #expect(
        ambiguous.seen.unavailable.first?.hint == "name one of: usb:1209:0001:A, usb:1209:0001:B")
      await ambiguous.stop()
      withExtendedLifetime((first, second)) {}
    }

    @Test func `two of one serial number are told apart by port, one without it by port alone`()
      async throws
    {
      let first = try SimulatedCamera("--bulk", "--serial", "A")
      let twin = try SimulatedCamera("--bulk", "--serial", "A", port: 1)
      let nameless = try SimulatedCamera("--bulk", "--serial", "", port: 2)
      let identities = DeviceTree().cameras().map(\.identity)
      let unnamed = try #require(identities.first { $0.isWeak })
      let twins = identities.filter { $0.serial == "A" }
      try #require(Set(twins.map(\.port)).count == 2)
      for device in ["usb:1209:0001:A@\(twins[1].port)", "\(unnamed)"] {
        let watched = try WatchedSession(device: device)
        try await watched.awaitFrames(3)
        #expect(watched.seen.openings == [device == "\(unnamed)" ? unnamed : twins[1]])
        await watched.stop()
      }
      let ambiguous = try WatchedSession(device: "usb:1209:0001:A")
      let refused = try await seconds { !ambiguous.seen.unavailable.isEmpty }
      #expect(refused != nil)
      #expect(ambiguous.seen.unavailable.first?.code == .ambiguous)
      await ambiguous.stop()
      withExtendedLifetime((first, twin, nameless)) {}
    }

    @Test func `a format that it has not is an error that names those it has`() async throws {
      let camera = try SimulatedCamera("--bulk")
      let watched = try WatchedSession(width: 800, height: 600)
      _ = try await seconds { !watched.seen.unavailable.isEmpty }
      let error = try #require(watched.seen.unavailable.first)
      #expect(error.code == .noSuchFormat)
      #expect(error.hint.contains("mjpeg 1280x720 at 30/s"))
      await watched.stop()
      withExtendedLifetime(camera) {}
    }

    @Test func `one that another program streams from is busy, and taken when it is free`()
      async throws
    {
      let camera = try SimulatedCamera("--bulk")
      let first = try WatchedSession(usesButton: false)
      try await first.awaitFrames(3)
      let second = try WatchedSession(usesButton: false)
      let refused = try await seconds { !second.seen.unavailable.isEmpty }
      #expect(refused != nil)
      #expect(second.seen.unavailable.first?.code == .busy)
      // The first still reads a frame when it stops: that keeps nobody out.
      #expect(first.seen.last?.bytes.isLeased == true)
      await first.stop()
      try await second.awaitFrames(3)
      await second.stop()
      withExtendedLifetime(camera) {}
    }
  }
}
