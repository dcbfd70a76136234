/// How a camera lays out the pixels of a frame.
public enum PixelLayout: String, Sendable, CaseIterable, Codable {
  /// One JPEG a frame.
  case mjpeg
  /// Two pixels in four bytes: Y U Y V.
  case yuyv
  /// One byte of luma a pixel.
  case grey
  /// A plane of luma, then one of U V at half the resolution.
  case nv12

  /// The kernel's four letters, the first in the lowest byte.
  var code: UInt32 {
    let letters: [UInt8] =
      switch self {
      case .mjpeg: Array("MJPG".utf8)
      case .yuyv: Array("YUYV".utf8)
      case .grey: Array("GREY".utf8)
      case .nv12: Array("NV12".utf8)
      }
    return letters.reversed().reduce(0) { $0 << 8 | UInt32($1) }
  }

  init?(code: UInt32) {
    guard let layout = PixelLayout.allCases.first(where: { $0.code == code }) else { return nil }
    self = layout
  }

  /// The bytes of a whole frame; `nil` where each frame has its own size.
  public func byteCount(width: Int, height: Int) -> Int? {
    switch self {
    case .mjpeg: nil
    case .yuyv: width * height * 2
    case .grey: width * height
    case .nv12: width * height * 3 / 2
    }
  }
}

/// One thing that a camera can be set to: layout, size and rate.
public struct FrameFormat: Hashable, Sendable, CustomStringConvertible {
  /// The layout of the pixels.
  public let layout: PixelLayout
  /// Pixels a row.
  public let width: Int
  /// Rows.
  public let height: Int
  /// Frames a second as the device states them; what it reaches is measured.
  public let framesPerSecond: Double

  /// Makes a format.
  public init(layout: PixelLayout, width: Int, height: Int, framesPerSecond: Double) {
    self.layout = layout
    self.width = width
    self.height = height
    self.framesPerSecond = framesPerSecond
  }

  /// `mjpeg 1280x720 at 30/s`.
  public var description: String {
    let rate = (framesPerSecond * 10).rounded() / 10
    let text = rate == rate.rounded() ? "\(Int(rate))" : "\(rate)"
    return "\(layout.rawValue) \(width)x\(height) at \(text)/s"
  }

  /// Whether another has this layout and size.
  public func hasSamePixels(as other: FrameFormat) -> Bool {
    layout == other.layout && width == other.width && height == other.height
  }
}
