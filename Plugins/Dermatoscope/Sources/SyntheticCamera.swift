import ImageCodecs
import Imaging
import StageKit
import VideoDevices

/// A camera without hardware, so that every pipeline can be tried: dark strokes on a pale ground,
/// sharp in one frame of eight, from which the focus goes and to which it comes back.
enum SyntheticCamera {
  private static let phases = 8

  /// A feed of the size and rate that settings ask for.
  static func feed(_ settings: CaptureSettings) throws -> PlayedCamera {
    guard let format = settings.format else {
      throw StageError(.fatal, "size", subject: "'size' is no size", hint: "write it as 1280x720")
    }
    let pictures = try (0..<phases).map { try picture($0, format) }
    return PlayedCamera(
      pictures, format: format,
      identity: DeviceIdentity(vendor: 0, product: 1, serial: "SYNTHETIC", port: "none"),
      repeats: true, marks: true)
  }

  private static func picture(_ phase: Int, _ format: FrameFormat) throws -> [UInt8] {
    let blur = 1 + Double(min(phase, phases - phase))
    let image = InterleavedImage<UInt8>(width: format.width, height: format.height, channels: 3) {
      target in
      for row in 0..<format.height {
        for column in 0..<format.width {
          // Strokes 40 pixels apart, five wide, that lean.
          let distance = Double(abs((column + row / 4) % 40 - 20))
          let shade = max(0, min(1, (distance - 2.5) / blur + 0.5))
          let at = (row * format.width + column) * 3
          target[at] = UInt8(60 + 150 * shade)
          target[at + 1] = UInt8(45 + 125 * shade)
          target[at + 2] = UInt8(40 + 105 * shade)
        }
      }
    }
    do {
      return try JPEGEncoder(quality: 92, subsampling: .horizontal).encode(image)
    } catch let error as ImageCodecError {
      throw StageError(.fatal, "synthetic", subject: error.subject, hint: error.hint)
    }
  }
}
