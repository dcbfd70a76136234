import Foundation
import Synchronization
import Testing
import VideoDevices

/// Number and time that the simulator wrote into a frame.
struct FrameMark: Sendable {
  let number: Int
  let sent: Double

  init?(_ frame: CameraFrame) {
    let head = frame.bytes.withUnsafeBytes { Array($0.prefix(64)) }
    if frame.format.layout == .mjpeg {
      // Start of image, comment marker, length, text.
      let words = String(decoding: head.dropFirst(6).prefix { $0 != 0xFF }, as: UTF8.self)
        .split(separator: " ")
      guard words.count == 3, words[0] == "simulator", let number = Int(words[1]),
        let nanoseconds = Double(words[2])
      else { return nil }
      self.number = number
      sent = nanoseconds * 1e-9
    } else {
      func value(_ start: Int) -> Int {
        head[start..<start + 8].reversed().reduce(0) { $0 << 8 | Int($1) }
      }
      number = value(0)
      sent = Double(value(8)) * 1e-9
    }
  }
}

/// A session that runs beside the test, with what happened in it.
final class WatchedSession: Sendable {
  struct Log: Sendable {
    var marks: [(number: Int, sent: Double, latency: Double)] = []
    var presses: [Double] = []
    var openings: [DeviceIdentity] = []
    var damaged: [FrameDamage] = []
    var unavailable: [CameraError] = []
    var changes: [(name: String, value: Int, wasHeld: Bool)] = []
    var held: [String: Int] = [:]
    var last: CameraFrame?
    /// Frames that are held on purpose.
    var kept: [CameraFrame] = []
    var keeps = 0
  }
  let session: CameraSession
  private let log = Mutex(Log())
  private let running = Mutex<Task<Void, Never>?>(nil)

  init(
    device: String = "usb:1209:0001", layout: PixelLayout = .mjpeg, width: Int = 1280,
    height: Int = 720, controls: ControlPlan = ControlPlan(locks: false), usesButton: Bool = true
  ) throws {
    session = try CameraSession(
      CameraRequest(
        device: try #require(DeviceSelector(device)),
        format: FrameFormat(layout: layout, width: width, height: height, framesPerSecond: 30),
        controls: controls, usesButton: usesButton))
    let task = Task {
      do {
        try await session.run { self.note($0) }
      } catch let error as CameraError {
        log.withLock { $0.unavailable.append(error) }
      } catch {
        Issue.record(error)
      }
    }
    running.withLock { $0 = task }
  }

  private func note(_ event: CameraEvent) {
    log.withLock { log in
      switch event {
      case .opened(let identity, _): log.openings.append(identity)
      case .locked(let held): log.held = held
      case .frame(let frame):
        if let mark = FrameMark(frame) {
          log.marks.append(
            (mark.number, mark.sent, CameraSession.monotonicSeconds() - mark.sent))
        }
        log.last = frame
        if log.kept.count < log.keeps { log.kept.append(frame) }
      case .damaged(let damage): log.damaged.append(damage)
      case .pressed(let time): log.presses.append(time)
      case .changed(let name, let value, let wasHeld):
        log.changes.append((name, value, wasHeld))
      case .unavailable(let error): log.unavailable.append(error)
      }
    }
  }

  var seen: Log { log.withLock { $0 } }
  func keep(_ count: Int) { log.withLock { $0.keeps = count } }
  func letGo() { log.withLock { $0.kept = [] } }

  /// Waits for so many more frames.
  func awaitFrames(_ count: Int, atMost limit: Double = 20) async throws {
    let before = seen.marks.count
    let came = try await seconds(atMost: limit) { seen.marks.count >= before + count }
    try #require(
      came != nil, "\(seen.marks.count - before) of \(count) frames; \(seen.unavailable)")
  }

  func stop() async {
    session.stop()
    await running.withLock { $0 }?.value
  }
}
