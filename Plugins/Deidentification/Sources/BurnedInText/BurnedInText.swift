import Foundation
public import Imaging

/// Finds text that a device or a program has drawn into a photograph's pixels.
///
/// Reading the text is not tried: raw OCR found 3 % of overlay words on hair (24 combinations of
/// size and style, own measurement). What tells drawn text from hair, flakes and glare is that
/// its glyphs stand on one line, level or upright, are of one height to the pixel, of one colour,
/// and close together. Glyphs are looked for as connected strokes that differ from their
/// surroundings in the smallest or largest of red, green and blue, or in how colourful they are:
/// that finds white, black and every full colour on skin, and any of them on a bar. A line of them
/// is weighed by a logistic regression, and is a finding when it is more likely text than not.
///
/// Costs about 35 ms a megapixel on one core, and four bytes of memory a pixel.
public struct BurnedInText: Sendable {
  /// Names the rule and its figures: what one version found and a person approved, another asks
  /// about anew.
  public static let version = "3"

  /// A line of drawn text.
  public struct Finding: Sendable, Equatable, Codable {
    /// The left edge, in pixels of the picture as given.
    public let x: Int
    /// The top edge.
    public let y: Int
    /// The width in pixels.
    public let width: Int
    /// The height in pixels; that of its tall glyphs, unless the line runs up or down.
    public let height: Int
    /// How many glyphs of one height stand on the line.
    public let glyphs: Int
    /// How sure it is, above 0.5 and below 1: the fitted probability that such a line is text.
    public let confidence: Double

    init(x: Int, y: Int, width: Int, height: Int, glyphs: Int, logit: Double) {
      self.init(
        x: x, y: y, width: width, height: height, glyphs: glyphs,
        confidence: 1 / (1 + exp(-logit)))
    }

    private init(x: Int, y: Int, width: Int, height: Int, glyphs: Int, confidence: Double) {
      (self.x, self.y, self.width, self.height) = (x, y, width, height)
      (self.glyphs, self.confidence) = (glyphs, confidence)
    }

    /// The finding on a picture that many times as large.
    fileprivate func scaled(by factor: Int) -> Finding {
      Finding(
        x: factor * x, y: factor * y, width: factor * width, height: factor * height,
        glyphs: glyphs, confidence: confidence)
    }

    fileprivate var transposed: Finding {
      Finding(x: y, y: x, width: height, height: width, glyphs: glyphs, confidence: confidence)
    }

    fileprivate func overlaps(_ other: Finding) -> Bool {
      x < other.x + other.width && other.x < x + width && y < other.y + other.height
        && other.y < y + height
    }

    fileprivate func joined(with other: Finding) -> Finding {
      let (left, top) = (min(x, other.x), min(y, other.y))
      return Finding(
        x: left, y: top, width: max(x + width, other.x + other.width) - left,
        height: max(y + height, other.y + other.height) - top,
        glyphs: max(glyphs, other.glyphs), confidence: max(confidence, other.confidence))
    }
  }

  /// Makes a detector.
  public init() {}

  /// The lines of drawn text, from the top; empty when there is none.
  ///
  /// Glyphs larger than ``Glyph/heights`` are looked for on the picture at half its size, at a
  /// quarter, and so on until no line of two would fit.
  public func find(in image: InterleavedImage<UInt8>) -> [Finding] {
    var lines = BurnedInText.lines(in: image, heights: Glyph.heights)
    // Down from there, half of the heights overlap: large text is soft as often as sharp.
    let large = Glyph.heights.upperBound / 2 - 4...Glyph.heights.upperBound
    var (half, factor) = (image, 1)
    while min(half.width, half.height) >= 2 * large.lowerBound {
      half = half.halved()
      factor *= 2
      // Two hairs of one length side by side are a chance line there; two drawn letters are sure.
      lines += BurnedInText.lines(in: half, heights: large)
        .filter { $0.glyphs > 2 || $0.confidence > 0.99 }.map { $0.scaled(by: factor) }
    }
    return BurnedInText.merged(lines)
  }

  /// The lines of glyphs of these heights.
  private static func lines(
    in image: InterleavedImage<UInt8>, heights: ClosedRange<Int>
  ) -> [Finding] {
    let fields = OverlayFields(of: image)
    let usual: [StrokeMap.Kind] = [.bright(14), .bright(28), .bright(48), .dark(14), .dark(28)]
    let searches: [(field: [UInt8], kinds: [StrokeMap.Kind], heights: ClosedRange<Int>)] = [
      (fields.smallest, usual + [.dark(48)], heights),
      (fields.largest, usual, heights),
      // Below 16 pixels the coloured fringes of smoothed white text look like glyphs themselves.
      (fields.colourfulness, [.bright(28)], max(16, heights.lowerBound)...heights.upperBound),
    ]
    var lines: [Finding] = []
    for (field, kinds, heights) in searches where !field.isEmpty {
      for strokes in StrokeMap.components(
        of: field, width: image.width, height: image.height, kinds: kinds)
      {
        func find(in strokes: [StrokeMap.Component], isTurned: Bool, least: Int) -> [Finding] {
          let glyphs = strokes.compactMap(Glyph.init)
            .filter { heights.contains($0.height) && $0.height >= least }
          return TextLines(
            glyphs, width: isTurned ? image.height : image.width,
            height: isTurned ? image.width : image.height, isTurned: isTurned
          ).lines
        }
        lines += find(in: strokes, isTurned: false, least: heights.lowerBound)
        // A picture may be turned after the text was drawn: lines run down or up as well. Below 8
        // pixels, bristles of one shaft that end side by side would pass for such lines.
        lines += find(in: strokes.map(\.transposed), isTurned: true, least: 8).map(\.transposed)
      }
    }
    return lines
  }

  /// One finding for each line: the surest of those that overlap, as large as they are together.
  private static func merged(_ lines: [Finding]) -> [Finding] {
    var kept: [Finding] = []
    for line in lines.sorted(by: { ($0.confidence, -$0.y, -$0.x) > ($1.confidence, -$1.y, -$1.x) })
    {
      if let index = kept.firstIndex(where: { $0.overlaps(line) }) {
        kept[index] = kept[index].joined(with: line)
      } else {
        kept.append(line)
      }
    }
    return kept.sorted { ($0.y, $0.x) < ($1.y, $1.x) }
  }
}

extension InterleavedImage<UInt8> {
  /// Each two by two pixels as one, their mean; an odd last column or row is left out.
  fileprivate func halved() -> InterleavedImage<UInt8> {
    let (width, height, channels) = (width / 2, height / 2, channels)
    let row = self.width * channels
    return samples.withUnsafeSamples { source in
      InterleavedImage(width: width, height: height, channels: channels) { target in
        for y in 0..<height {
          var (above, to) = (2 * y * row, y * width * channels)
          for _ in 0..<width {
            for channel in 0..<channels {
              let first = above + channel
              let second = first + channels
              let sum =
                UInt16(source[first]) + UInt16(source[second]) + UInt16(source[first + row])
                + UInt16(source[second + row])
              target[to + channel] = UInt8((sum + 2) / 4)
            }
            above += 2 * channels
            to += channels
          }
        }
      }
    }
  }
}

/// What white, black and coloured overlays have and skin and hair have not.
struct OverlayFields {
  /// The smallest of red, green and blue: high in white, low in black and in every full colour.
  let smallest: [UInt8]
  /// The largest: high in white and in every full colour, on a dark bar as well; empty for a grey
  /// picture, where it is the smallest.
  let largest: [UInt8]
  /// How far they lie apart above 60, one and a half times: high in full colours alone, even where
  /// JPEG's halved chroma has spread them, and 0 on skin (about 40); empty for a grey picture.
  let colourfulness: [UInt8]

  init(of image: InterleavedImage<UInt8>) {
    let channels = image.channels
    (smallest, largest, colourfulness) = image.samples.withUnsafeSamples { samples in
      guard channels == 3 else { return (Array(samples), [], []) }
      func field(_ value: (UInt8, UInt8, UInt8) -> UInt8) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: samples.count / 3) { target, written in
          written = samples.count / 3
          for index in 0..<written {
            target[index] = value(
              samples[3 * index], samples[3 * index + 1], samples[3 * index + 2])
          }
        }
      }
      let smallest = field { min($0, min($1, $2)) }
      let largest = field { max($0, max($1, $2)) }
      let colourfulness = field { red, green, blue in
        let difference = Int16(max(red, max(green, blue))) - Int16(min(red, min(green, blue)))
        return UInt8(clamping: max(0, difference - 60) * 3 / 2)
      }
      return (smallest, largest, colourfulness)
    }
  }
}
