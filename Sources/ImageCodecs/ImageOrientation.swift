public import Imaging

/// How stored rows lie against the picture as displayed: the eight values of TIFF 6.0 tag 274,
/// which EXIF shares.
public enum ImageOrientation: Int, Sendable, CaseIterable, Codable {
  /// Row 0 is the top, column 0 the left.
  case upright = 1
  /// Mirrored left to right.
  case mirrored = 2
  /// Turned by 180 degrees.
  case turned = 3
  /// Mirrored top to bottom.
  case flipped = 4
  /// Mirrored along the main diagonal.
  case transposed = 5
  /// To be turned by 90 degrees clockwise.
  case quarterClockwise = 6
  /// Mirrored along the other diagonal.
  case transversed = 7
  /// To be turned by 90 degrees counter-clockwise.
  case quarterCounterClockwise = 8

  /// Whether width and height change places.
  public var exchangesAxes: Bool { rawValue >= 5 }

  /// The picture as displayed.
  ///
  /// Cost: one pass over the samples, none when upright.
  public func applied<Sample>(to image: InterleavedImage<Sample>) -> InterleavedImage<Sample> {
    guard self != .upright else { return image }
    let width = exchangesAxes ? image.height : image.width
    let height = exchangesAxes ? image.width : image.height
    let walk = walk(width: image.width, height: image.height)
    let channels = image.channels
    return InterleavedImage(width: width, height: height, channels: channels) { target in
      image.samples.withUnsafeSamples { source in
        var next = 0
        for y in 0..<height {
          var from = (walk.origin + y * walk.down) * channels
          for _ in 0..<width {
            for channel in 0..<channels { target[next + channel] = source[from + channel] }
            next += channels
            from += walk.right * channels
          }
        }
      }
    }
  }

  /// The stored pixel that is displayed first, and the steps to its right and lower neighbours.
  private func walk(width: Int, height: Int) -> (origin: Int, right: Int, down: Int) {
    let last = width * height - 1
    return switch self {
    case .upright: (0, 1, width)
    case .mirrored: (width - 1, -1, width)
    case .turned: (last, -1, -width)
    case .flipped: (width * (height - 1), 1, -width)
    case .transposed: (0, width, 1)
    case .quarterClockwise: (width * (height - 1), -width, 1)
    case .transversed: (last, -width, -1)
    case .quarterCounterClockwise: (width - 1, width, -1)
    }
  }
}

extension ImageOrientation {
  /// Reads the orientation from an EXIF body (a TIFF header and its first directory).
  ///
  /// An absent, unreadable or unknown value is upright, as EXIF 2.32 §4.6.4 has it.
  init(exif body: UnsafeBufferPointer<UInt8>) {
    let directory = EXIFDirectory(body)
    self = directory?.shortValue(tag: 274).flatMap(ImageOrientation.init(rawValue:)) ?? .upright
  }
}

/// The first directory of an EXIF body, read within its bounds only.
private struct EXIFDirectory {
  private let body: UnsafeBufferPointer<UInt8>
  private let bigEndian: Bool
  private var start = 0

  init?(_ body: UnsafeBufferPointer<UInt8>) {
    guard body.count >= 8, body[0] == body[1], body[0] == 0x49 || body[0] == 0x4D else {
      return nil
    }
    self.body = body
    bigEndian = body[0] == 0x4D
    guard let offset = number(at: 4, bytes: 4), offset >= 8 else { return nil }
    start = offset
  }

  /// The value of a tag of type SHORT and count 1.
  func shortValue(tag: Int) -> Int? {
    guard let count = number(at: start, bytes: 2) else { return nil }
    for entry in 0..<count {
      let offset = start + 2 + 12 * entry
      guard let found = number(at: offset, bytes: 2) else { return nil }
      if found == tag, number(at: offset + 2, bytes: 2) == 3 {
        return number(at: offset + 8, bytes: 2)
      }
    }
    return nil
  }

  private func number(at offset: Int, bytes: Int) -> Int? {
    guard offset >= 0, offset <= body.count - bytes else { return nil }
    return (0..<bytes).reduce(0) { value, index in
      value << 8 | Int(body[offset + (bigEndian ? index : bytes - 1 - index)])
    }
  }
}
