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

  /// Its score; `nil` for one that cannot be decoded to its end.
  func score(_ decoder: ImageDecoder) -> FrameScore? {
    scored.withLock { known in
      if let known { return known }
      let score: FrameScore?
      do {
        score = FrameScore(
          try frame.bytes.withUnsafeBytes {
            try decoder.decodeLuma(ofJPEG: $0, denominator: KeptFrame.scale)
          })
      } catch {
        score = nil
      }
      known = .some(score)
      return score
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
