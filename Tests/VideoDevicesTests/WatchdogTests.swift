import Testing
import VideoDevices

@Suite("a camera that is watched") struct WatchdogTests {
  @Test func `is looked for at once, and again each half second`() {
    var watchdog = CameraWatchdog()
    #expect(watchdog.action(at: 10, interval: 0) == .open)
    watchdog.closed(at: 10)
    #expect(watchdog.action(at: 10.4, interval: 0) == .wait)
    #expect(watchdog.action(at: 10.5, interval: 0) == .open)
  }

  @Test func `is looked for as soon as something arrives`() {
    var watchdog = CameraWatchdog()
    watchdog.closed(at: 10)
    watchdog.arrival(at: 10.1)
    #expect(watchdog.action(at: 10.1, interval: 0) == .open)
  }

  @Test func `may take two seconds to its first frame`() {
    var watchdog = CameraWatchdog()
    watchdog.opened(at: 10)
    watchdog.arrival(at: 10.5)
    #expect(watchdog.action(at: 11.9, interval: 0.03) == .wait)
    #expect(watchdog.action(at: 12, interval: 0.03) == .restart)
  }

  @Test(arguments: [(0.033, 1.0), (0.5, 2.5)])
  func `is silent after five intervals, but never below a second`(interval: Double, limit: Double) {
    var watchdog = CameraWatchdog()
    watchdog.opened(at: 10)
    watchdog.frame(at: 11)
    #expect(watchdog.action(at: 11 + limit - 0.01, interval: interval) == .wait)
    #expect(watchdog.action(at: 11 + limit, interval: interval) == .restart)
  }
}
