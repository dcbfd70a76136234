import CVideo4Linux
import Dispatch
import Glibc
import Imaging
import Synchronization

/// What a session is asked for.
public struct CameraRequest: Sendable {
  /// The device that is meant.
  public var device: DeviceSelector
  /// Layout, size and rate.
  public var format: FrameFormat
  /// What its controls are set to.
  public var controls: ControlPlan
  /// Whether its button is listened to, and held for this program alone.
  public var usesButton: Bool

  /// Makes a request.
  public init(
    device: DeviceSelector, format: FrameFormat, controls: ControlPlan = ControlPlan(),
    usesButton: Bool = true
  ) {
    self.device = device
    self.format = format
    self.controls = controls
    self.usesButton = usesButton
  }
}

/// A camera that stays the same one: found by identity, watched, and resumed after each unplug.
///
/// All of it happens on one thread of its own, which waits for frame, button, arrival and command at
/// once. What was counted can be read by any thread.
public final class CameraSession: Sendable {
  private let request: CameraRequest
  private let tree: DeviceTree
  private let clock: @Sendable () -> Double
  private let thread = DispatchQueue(label: "anagen.camera")
  private let bell: Int32
  private let state = Mutex(State())

  private struct State {
    var tally = CameraTally()
    var isStopping = false
  }

  /// Prepares a session; nothing is opened yet.
  ///
  /// - Parameter clock: seconds of CLOCK_MONOTONIC, the clock of the kernel's own times.
  /// - Throws: ``CameraError`` `io` when descriptors have run out.
  public init(
    _ request: CameraRequest, tree: DeviceTree = DeviceTree(),
    clock: @escaping @Sendable () -> Double = CameraSession.monotonicSeconds
  ) throws(CameraError) {
    self.request = request
    self.tree = tree
    self.clock = clock
    bell = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
    guard bell >= 0 else {
      throw CameraError(
        .io, subject: "no descriptor is left for a camera",
        hint: "raise the limit of open files (ulimit -n)", errno: errno)
    }
  }

  deinit { close(bell) }

  /// What was counted so far.
  public var tally: CameraTally { state.withLock { $0.tally } }

  /// Seconds of CLOCK_MONOTONIC.
  public static func monotonicSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }

  /// Runs until the task is cancelled or ``stop()`` is called; a device that is away is waited for.
  ///
  /// - Parameter handle: called on the session's own thread, for each event in its order; it does not
  ///   wait, since frames are lost meanwhile.
  /// - Throws: ``CameraError`` that no plugging mends: `ambiguous`, `noSuchFormat`, `control`,
  ///   `bandwidth`.
  public func run(_ handle: @escaping @Sendable (CameraEvent) -> Void) async throws {
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation {
        (continuation: CheckedContinuation<Void, any Error>) in
        thread.async {
          continuation.resume(
            with: Result {
              let loop = try CameraLoop(
                self.request, self.tree, self.clock, bell: self.bell, handle)
              defer { loop.finish() }
              while !self.isStopping {
                try loop.turn()
                self.state.withLock { $0.tally = loop.tally }
              }
            })
        }
      }
    } onCancel: {
      stop()
    }
  }

  /// Ends ``run(_:)`` soon.
  public func stop() {
    state.withLock { $0.isStopping = true }
    var one: UInt64 = 1
    // A full bell rings already.
    _ = write(bell, &one, 8)
  }

  private var isStopping: Bool { state.withLock { $0.isStopping } }
}
