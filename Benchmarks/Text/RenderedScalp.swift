import ImageCodecs
import Imaging
import Phantom
import StageKit

/// A rendered scalp that text is drawn into.
struct RenderedScalp {
  /// A kind of scalp and picture.
  struct Family {
    let name: String
    let change: @Sendable (inout ScalpDescription, inout CaptureConditions) -> Void

    init(
      _ name: String,
      _ change: @escaping @Sendable (inout ScalpDescription, inout CaptureConditions) -> Void
    ) {
      (self.name, self.change) = (name, change)
    }
  }

  static let families = [
    Family("clipped") { _, _ in },
    Family("glare") { _, conditions in conditions.glare = 0.06 },
    Family("bubbles") { _, conditions in conditions.bubbles = 60 },
    Family("dense") { scalp, _ in scalp.hairsPerSquareCentimetre = 320 },
    Family("long") { scalp, _ in scalp.hairState = .long },
    Family("blond") { scalp, _ in scalp.hairColour = .blond },
    Family("dark skin") { scalp, _ in scalp.skinTone = .typeV },
    Family("rough") { scalp, _ in
      (scalp.texture, scalp.flakesPerSquareCentimetre) = (2, 120)
    },
    Family("20x, glare") { _, conditions in
      (conditions.micrometresPerPixel, conditions.glare) = (10, 0.04)
    },
    Family("crisp, glare") { _, conditions in
      (conditions.pointSpread, conditions.glare) = (2, 0.06)
    },
  ]

  private(set) var image: InterleavedImage<UInt8>

  init(family: Family, seed: UInt64) throws {
    var (description, conditions) = (ScalpDescription(), CaptureConditions())
    family.change(&description, &conditions)
    conditions.seed = seed
    let scene = try ScalpScene(
      description, patch: conditions.patch(reach: 1500), seed: seed)
    image = try scene.photographed(under: conditions).image
  }

  /// The picture as a file of this quality, with halved chroma as cameras write it, shows it.
  func compressed(quality: Int) throws -> InterleavedImage<UInt8> {
    try ImageDecoder().decode(
      try JPEGEncoder(quality: quality, subsampling: .both).encode(image)
    ).eightBit()
  }

  /// The mean colour of a box.
  func colour(x: Int, y: Int, width: Int, height: Int) -> [Double] {
    (0..<3).map { channel in
      var sum = 0
      for row in y..<y + height {
        for column in x..<x + width { sum += Int(image.samples[3 * column + channel, row]) }
      }
      return Double(sum) / Double(width * height)
    }
  }

  mutating func fill(x: Int, y: Int, width: Int, height: Int, _ colour: [Double]) {
    for row in max(0, y)..<min(image.height, y + height) {
      for column in max(0, x)..<min(image.width, x + width) { blend(column, row, colour, 1) }
    }
  }

  mutating func draw(_ cover: [Double], width: Int, x: Int, y: Int, _ colour: [Double]) {
    for (index, share) in cover.enumerated() where share > 0 {
      blend(x + index % width, y + index / width, colour, share)
    }
  }

  private mutating func blend(_ x: Int, _ y: Int, _ colour: [Double], _ share: Double) {
    let width = 3 * image.width
    image.samples.withUnsafeMutableSamples { samples in
      for channel in 0..<3 {
        let at = y * width + 3 * x + channel
        let old = Double(samples[at])
        samples[at] = UInt8(min(255, max(0, (old + (colour[channel] - old) * share).rounded())))
      }
    }
  }
}
