import Imaging
import Synchronization

/// Where camera events come from: a device, or pictures that are played.
public protocol CameraFeed: Sendable {
  /// Runs until there is no more, the task is cancelled, or the camera can never be used.
  func run(_ handle: @escaping @Sendable (CameraEvent) -> Void) async throws
  /// What was counted so far.
  var tally: CameraTally { get }
}

extension CameraSession: CameraFeed {}

/// A camera without hardware: plays pictures at a steady rate, as a device would hand them over.
public final class PlayedCamera: CameraFeed {
  private let pictures: [[UInt8]]
  private let format: FrameFormat
  private let identity: DeviceIdentity
  private let repeats: Bool
  private let marks: Bool
  private let pool = FramePool(byteLimit: 64 << 20)
  private let counted = Mutex(CameraTally())

  /// Wraps pictures.
  ///
  /// - Parameters:
  ///   - pictures: whole frames of the format, at least one.
  ///   - format: layout, size and the rate at which they are played.
  ///   - identity: the device that they are said to come from.
  ///   - repeats: whether the first follows the last; otherwise ``run(_:)`` returns after it.
  ///   - marks: whether each frame has its number and time in a comment, so that no two are the same
  ///     bytes, as no two of a device are.
  public init(
    _ pictures: [[UInt8]], format: FrameFormat, identity: DeviceIdentity, repeats: Bool,
    marks: Bool = false
  ) {
    precondition(!pictures.isEmpty, "there is a picture to play")
    self.pictures = pictures
    self.format = format
    self.identity = identity
    self.repeats = repeats
    self.marks = marks
  }

  /// What was played and refused so far.
  public var tally: CameraTally { counted.withLock { $0 } }

  /// Plays.
  public func run(_ handle: @escaping @Sendable (CameraEvent) -> Void) async throws {
    counted.withLock { $0.openings = 1 }
    handle(.opened(identity, format))
    let began = ContinuousClock.now
    var number = 0
    while repeats || number < pictures.count {
      try await Task.sleep(
        until: began + .seconds(Double(number) / format.framesPerSecond), clock: .continuous)
      play(number, handle)
      number += 1
    }
  }

  private func play(_ number: Int, _ handle: (CameraEvent) -> Void) {
    let now = CameraSession.monotonicSeconds()
    var picture = pictures[number % pictures.count]
    if marks {
      let text = Array("frame \(number) \(Int(now * 1e9))".utf8)
      picture.insert(contentsOf: [0xFF, 0xFE, 0, UInt8(text.count + 2)] + text, at: 2)
    }
    picture.withUnsafeBytes { bytes in
      if let damage = FrameDamage.find(in: bytes, of: format) {
        counted.withLock { $0.damaged[damage, default: 0] += 1 }
        return handle(.damaged(damage))
      }
      counted.withLock { $0.frames += 1 }
      handle(
        .frame(
          CameraFrame(
            bytes: FrameBytes(copying: bytes, into: pool), format: format, number: UInt32(number),
            timestamp: now, dequeued: now, lostBefore: LossCounters(), lost: LossCounters(),
            controls: [:], brokenLocks: [], identity: identity)))
    }
  }
}
