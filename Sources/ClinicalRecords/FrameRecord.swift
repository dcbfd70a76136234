public import Imaging

/// A record that is mostly samples: how it passes to a stage in another process.
public protocol FrameRecord: Record {
  /// All but the samples, as JSON.
  func frameHeader() throws -> [UInt8]
  /// The samples.
  var frames: [RecordFrame] { get }
  /// Puts a record together.
  ///
  /// - Throws: ``RecordError`` when the frames are not those that the header needs.
  init(frameHeader: [UInt8], frames: [RecordFrame], decoder: RecordDecoder) throws
}

/// Samples of one kind with a name.
public struct RecordFrame: Sendable {
  /// Samples by their kind; a row of an interleaved picture holds `columns x channels` of them.
  public enum Samples: Sendable {
    /// Bytes.
    case bytes(Plane<UInt8>)
    /// Numbers.
    case numbers(Plane<Float>)
  }
  /// Which frame of the record.
  public let name: String
  /// Samples of one pixel that lie beside each other, from 1.
  public let channels: Int
  /// The samples.
  public let samples: Samples

  /// Makes a frame.
  public init(_ name: String, channels: Int = 1, _ samples: Samples) {
    self.name = name
    self.channels = channels
    self.samples = samples
  }
}

extension CalibratedImage: FrameRecord {
  private struct Header: Codable {
    let captured: CapturedImage
    let scale: ImageScale
  }

  /// The picture that it was made from and the scale.
  public func frameHeader() throws -> [UInt8] {
    try CanonicalJSONEncoder().encode(Header(captured: captured, scale: scale))
  }

  /// `light`, or `red`, `green` and `blue`; `unmeasurable` where there is such a mask.
  public var frames: [RecordFrame] {
    let planes: [(String, Plane<Float>)] =
      switch light {
      case .grey(let plane): [("light", plane)]
      case .colour(let red, let green, let blue): [("red", red), ("green", green), ("blue", blue)]
      }
    return planes.map { RecordFrame($0.0, .numbers($0.1)) }
      + (unmeasurable.map { [RecordFrame("unmeasurable", .bytes($0))] } ?? [])
  }

  /// Puts a calibrated image together.
  public init(frameHeader: [UInt8], frames: [RecordFrame], decoder: RecordDecoder) throws {
    let header = try decoder.decode(Header.self, from: frameHeader)
    guard header.scale.micrometresPerPixel.isFinite, header.scale.micrometresPerPixel > 0 else {
      throw RecordError(
        .invalidValue, subject: "scale", hint: "a pixel has a size above 0")
    }
    func plane(_ name: String) -> Plane<Float>? {
      for frame in frames where frame.name == name && frame.channels == 1 {
        if case .numbers(let plane) = frame.samples { return plane }
      }
      return nil
    }
    let light: LinearLight
    if let grey = plane("light") {
      light = .grey(grey)
    } else if let red = plane("red"), let green = plane("green"), let blue = plane("blue"),
      red.width == green.width, green.width == blue.width, red.height == green.height,
      green.height == blue.height
    {
      light = .colour(red: red, green: green, blue: blue)
    } else {
      throw RecordError(
        .invalidValue, subject: "frames", hint: "a calibrated image has 'light', or three of a size"
      )
    }
    var mask: Plane<UInt8>?
    for frame in frames where frame.name == "unmeasurable" && frame.channels == 1 {
      if case .bytes(let plane) = frame.samples { mask = plane }
    }
    guard mask.map({ $0.width == light.width && $0.height == light.height }) ?? true else {
      throw RecordError(.invalidValue, subject: "frames", hint: "the mask has the picture's size")
    }
    self.init(
      captured: header.captured, light: light, scale: header.scale, unmeasurable: mask)
  }
}
