import ImageCodecs
import Imaging
import Synchronization
import VideoDevices

/// A frame out of the kernel's hands, scored once when first asked.
final class KeptFrame: Sendable {
  /// The fraction of its size at which a frame is scored.
  private static let scale = 2

  let frame: CameraFrame
  private let scored = Mutex<FrameScore??>(nil)

  init(_ frame: CameraFrame, _ pool: FramePool) {
    self.frame = frame.kept(frame.bytes.copied(into: pool))
  }

  /// Whether it was scored, or found damaged by that.
  var isScored: Bool { scored.withLock { $0 != nil } }

  /// The score that it has; `nil` for one that has none.
  var knownScore: FrameScore? { scored.withLock { $0 ?? nil } }

  /// Scores it; one that cannot be decoded to its end has no score.
  func score(_ decoder: ImageDecoder) {
    scored.withLock { known in
      guard known == nil else { return }
      do {
        known = .some(
          FrameScore(
            try frame.bytes.withUnsafeBytes {
              try decoder.decodeLuma(ofJPEG: $0, denominator: KeptFrame.scale)
            }))
      } catch {
        known = .some(nil)
      }
    }
  }

  /// The bytes as the camera sent them, if they decode to the last: the strict proof.
  func provenBytes(_ decoder: ImageDecoder) -> [UInt8]? {
    let bytes = frame.bytes.withUnsafeBytes { [UInt8]($0) }
    do {
      _ = try decoder.decode(bytes)
      return bytes
    } catch {
      return nil
    }
  }
}
