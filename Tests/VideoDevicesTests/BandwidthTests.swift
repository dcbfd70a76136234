import Testing
import VideoDevices

@Suite("a bus without room") struct BandwidthTests {
  private static func format(
    _ width: Int, _ height: Int, _ rate: Double, _ layout: PixelLayout = .mjpeg
  ) -> FrameFormat {
    FrameFormat(layout: layout, width: width, height: height, framesPerSecond: rate)
  }
  private static let offered = [
    format(640, 480, 60), format(640, 480, 30), format(1280, 720, 30), format(1280, 720, 15),
    format(1280, 720, 10), format(1920, 1080, 30), format(320, 240, 30),
    format(640, 480, 30, .yuyv),
  ]

  @Test func `is asked for lower rates of the same size first, then for smaller sizes`() {
    let found = BandwidthRemedy.candidates(Self.offered, below: Self.format(1280, 720, 30))
    #expect(
      found.map(\.description) == [
        "mjpeg 1280x720 at 15/s", "mjpeg 1280x720 at 10/s", "mjpeg 640x480 at 30/s",
        "mjpeg 320x240 at 30/s",
      ])
    #expect(BandwidthRemedy.candidates(Self.offered, below: Self.format(320, 240, 30)).isEmpty)
  }

  @Test func `is asked a dozen times at most`() {
    let many = (1...100).map { Self.format(640, 480, Double($0)) }
    #expect(BandwidthRemedy.candidates(many, below: Self.format(1280, 720, 240)).count == 12)
  }

  @Test func `is told with what would fit, or that nothing does`() {
    let refused = CameraError(.bandwidth, subject: "/dev/video0", hint: "", errno: 28)
    let wanted = Self.format(1280, 720, 30)
    let some = BandwidthRemedy.error(
      refused, "usb:1209:0001", wanted, fitting: Self.format(640, 480, 30))
    #expect(
      "\(some)"
        == "usb:1209:0001: the bus has no room for mjpeg 1280x720 at 30/s; mjpeg 640x480 at "
        + "30/s would fit; or plug it into a port of another bus")
    let none = BandwidthRemedy.error(refused, "usb:1209:0001", wanted, fitting: nil)
    #expect(none.hint.hasPrefix("no smaller format of its own fits"))
  }
}
