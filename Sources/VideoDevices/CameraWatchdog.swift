/// When a camera is to be opened, and when its silence is a fault; a value without clock.
///
/// Told what happened and when, in seconds of one clock; answers what to do and until when to wait.
package struct CameraWatchdog: Sendable {
  /// What to do.
  package enum Action: Equatable, Sendable {
    /// Nothing yet.
    case wait
    /// Look for the device and open it.
    case open
    /// It is silent: say so, close it, and open it again.
    case restart
  }

  private enum State: Sendable {
    /// Not open; looked for at the time.
    case absent(next: Double)
    /// Open since, without a frame yet.
    case starting(since: Double)
    /// Frames come; the last one at the time.
    case streaming(last: Double)
  }

  /// A device may settle this long before its first frame (obs-studio#10335).
  private static let firstFrame = 2.0
  /// A device is silent after this many intervals, but never below a second.
  private static let silentIntervals = 5.0
  private static let leastSilence = 1.0
  /// How often a device that is away is looked for although nobody told of an arrival.
  private static let retry = 0.5

  private var state = State.absent(next: 0)

  /// Looks for the device at once.
  package init() {}

  /// The device was opened and its stream started.
  package mutating func opened(at now: Double) { state = .starting(since: now) }

  /// A frame came, damaged or not.
  package mutating func frame(at now: Double) { state = .streaming(last: now) }

  /// The device was closed, or could not be opened.
  package mutating func closed(at now: Double) { state = .absent(next: now + CameraWatchdog.retry) }

  /// A device arrived: it is looked for at once.
  package mutating func arrival(at now: Double) {
    if case .absent = state { state = .absent(next: now) }
  }

  /// What is to be done now.
  package func action(at now: Double, interval: Double) -> Action {
    guard now >= deadline(interval: interval) else { return .wait }
    if case .absent = state { return .open }
    return .restart
  }

  /// When to ask again if nothing happens before.
  package func deadline(interval: Double) -> Double {
    switch state {
    case .absent(let next): next
    case .starting(let since): since + CameraWatchdog.firstFrame
    case .streaming(let last):
      last + max(CameraWatchdog.silentIntervals * interval, CameraWatchdog.leastSilence)
    }
  }
}
