import Testing
import VideoDevices

@Suite("which device is meant") struct IdentityTests {
  private func device(_ serial: String?, port: String, product: UInt16 = 0x0840) -> VideoDevice {
    VideoDevice(
      identity: DeviceIdentity(vendor: 0xa168, product: product, serial: serial, port: port),
      name: "scope", node: "/dev/video0", buttonNode: nil, megabitsPerSecond: 480,
      descriptors: VideoDescriptors([]))
  }

  @Test(arguments: [
    "usb:a168:0840", "usb:a168:0840:TRX-7", "usb:a168:0840@1-1.4", "usb:a168:0840:T:7@2-1",
  ])
  func `a selector reads as it is written`(text: String) throws {
    #expect(try #require(DeviceSelector(text)).description == text)
  }

  @Test(arguments: [
    "", "/dev/video0", "usb:", "usb:a168", "usb:a168:840", "usb:a168:0840:", "usb:a168:0840@",
    "usb:g168:0840",
  ])
  func `anything else is no selector`(text: String) {
    #expect(DeviceSelector(text) == nil)
  }

  @Test func `the one with the serial number is taken, wherever it is`() throws {
    let devices = [device("A", port: "1-1"), device("B", port: "1-2")]
    let selector = try #require(DeviceSelector("usb:a168:0840:B"))
    #expect(try selector.select(from: devices).identity.port == "1-2")
  }

  @Test func `two that could be meant are an error that names both`() throws {
    let selector = try #require(DeviceSelector("usb:a168:0840"))
    let error = #expect(throws: CameraError.self) {
      try selector.select(from: [device("A", port: "1-1"), device(nil, port: "1-2")])
    }
    #expect(error?.code == .ambiguous)
    #expect(error?.hint == "name one of: usb:a168:0840:A, usb:a168:0840@1-2")
  }

  @Test func `two with one serial number are told apart by their ports`() throws {
    let twins = [device("A", port: "1-1"), device("A", port: "1-2")]
    let error = #expect(throws: CameraError.self) {
      try DeviceSelector("usb:a168:0840:A")?.select(from: twins)
    }
    #expect(error?.hint == "name one of: usb:a168:0840:A@1-1, usb:a168:0840:A@1-2")
    let selector = try #require(DeviceSelector("usb:a168:0840:A@1-2"))
    #expect(try selector.select(from: twins).identity.port == "1-2")
  }

  @Test func `one that is absent is an error that names what there is`() throws {
    let selector = try #require(DeviceSelector("usb:a168:0840:C"))
    let error = #expect(throws: CameraError.self) {
      try selector.select(from: [device("A", port: "1-1")])
    }
    #expect(error?.code == .notFound)
    #expect(error?.hint.contains("usb:a168:0840:A") == true)
  }

  @Test func `without a serial number only the port tells that it is the same`() {
    let first = device(nil, port: "1-1").identity
    #expect(first.isWeak)
    #expect(first.isSameDevice(as: device(nil, port: "1-1").identity))
    #expect(!first.isSameDevice(as: device(nil, port: "1-2").identity))
    #expect(!first.isSameDevice(as: device("A", port: "1-1").identity))
    let named = device("A", port: "1-1").identity
    #expect(named.isSameDevice(as: device("A", port: "3-2").identity))
  }
}
