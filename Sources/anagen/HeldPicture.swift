import ClinicalRecords
import FoundationEssentials
import ImageCodecs
import Imaging
import Ledger
import StageKit

/// What a delivery is held for, drawn for a person who decides about it.
///
/// The drawings lie in `OUT/private/held/`, for their owner alone.
struct HeldPicture {
  /// The most pictures on one sheet: as many as one looks at before one stops looking.
  static let sheetLimit = 100

  let folder: DataFolder

  /// Writes the picture with a frame around each region.
  ///
  /// - Returns: the file's path.
  func write(_ finding: PictureFinding, number: Int64) throws -> String {
    let image = try picture(of: finding)
    var drawing = Drawing(width: image.width, height: image.height)
    drawing.copy(image, from: (0, 0), to: (0, 0), width: image.width, height: image.height)
    for region in finding.regions { drawing.frame(region) }
    return try write(drawing, named: "\(number).png")
  }

  /// Writes one sheet with the found parts of several pictures, in rows, in their order.
  ///
  /// - Returns: the file's path.
  func writeSheet(_ findings: [PictureFinding], number: Int64) throws -> String {
    let boxes = findings.map(HeldPicture.box(of:))
    let width = boxes.map(\.width).max() ?? 1
    let height = boxes.map(\.height).max() ?? 1
    let columns = max(1, min(findings.count, 1800 / (width + 8)))
    let rows = (findings.count + columns - 1) / columns
    var sheet = Drawing(width: columns * (width + 8), height: rows * (height + 8))
    for (index, finding) in findings.enumerated() {
      sheet.copy(
        try picture(of: finding), from: (boxes[index].x, boxes[index].y),
        to: (index % columns * (width + 8) + 4, index / columns * (height + 8) + 4),
        width: boxes[index].width, height: boxes[index].height)
    }
    return try write(sheet, named: "\(number)-alike.png")
  }

  /// Removes the drawings of deliveries that somebody has decided about, with every sheet: it may
  /// show one of them, and is drawn anew by who looks again.
  func remove(_ numbers: [Int64]) throws {
    let place = "\(folder.privatePath)/held"
    guard FileAccess.exists(place) else { return }
    let decided = Set(numbers.map { "\($0).png" })
    for name in try FileManager.default.contentsOfDirectory(atPath: place)
    where decided.contains(name) || name.hasSuffix("-alike.png") {
      try FileManager.default.removeItem(atPath: "\(place)/\(name)")
    }
  }

  /// Whether two findings are of one kind, at the same places: to 12 pixels, by which an overlay
  /// moves when a scale bar is snapped to another length.
  static func areAlike(_ one: PictureFinding, _ other: PictureFinding) -> Bool {
    guard one.gate == other.gate, one.version == other.version,
      one.regions.count == other.regions.count
    else { return false }
    return zip(one.regions, other.regions).allSatisfy {
      abs($0.x - $1.x) <= 12 && abs($0.y - $1.y) <= 12 && abs($0.width - $1.width) <= 12
        && abs($0.height - $1.height) <= 12
    }
  }

  /// What lies around all regions, with a margin to see the surroundings by.
  private static func box(of finding: PictureFinding) -> (x: Int, y: Int, width: Int, height: Int) {
    let left = (finding.regions.map(\.x).min() ?? 0) - 16
    let top = (finding.regions.map(\.y).min() ?? 0) - 16
    let right = (finding.regions.map { $0.x + $0.width }.max() ?? 1) + 16
    let bottom = (finding.regions.map { $0.y + $0.height }.max() ?? 1) + 16
    return (left, top, right - left, bottom - top)
  }

  private func picture(of finding: PictureFinding) throws -> InterleavedImage<UInt8> {
    let path =
      "\(folder.privatePath)/content/\(StoredContent.relativePath(of: finding.content))"
    do {
      return try ImageDecoder().decode(try FileAccess.read(path)).eightBit()
    } catch let error as ImageCodecError {
      throw CommandFailure(
        .badData, "\(path): \(error.subject)", hint: "restore the data folder from its backup")
    }
  }

  private func write(_ drawing: Drawing, named name: String) throws -> String {
    let place = "\(folder.privatePath)/held"
    try FileAccess.makeFolder(place, ownerOnly: place)
    // Noise hardly compresses; level 1 takes a quarter of the time of 6 for some percent more.
    let file = try PNGEncoder(compression: 1).encode(drawing.image)
    try FileAccess.write(file, to: "\(place)/\(name)", mode: 0o600)
    return "\(place)/\(name)"
  }
}

/// A picture in red, green, blue that others are copied into.
private struct Drawing {
  let width: Int
  let height: Int
  private var pixels: [UInt8]

  init(width: Int, height: Int) {
    (self.width, self.height) = (width, height)
    pixels = [UInt8](repeating: 255, count: 3 * width * height)
  }

  var image: InterleavedImage<UInt8> {
    InterleavedImage(
      channels: 3, samples: Plane(width: 3 * width, height: height, samples: pixels))
  }

  mutating func copy(
    _ image: InterleavedImage<UInt8>, from: (x: Int, y: Int), to: (x: Int, y: Int), width: Int,
    height: Int
  ) {
    for row in 0..<height where from.y + row >= 0 && from.y + row < image.height {
      for column in 0..<width where from.x + column >= 0 && from.x + column < image.width {
        for channel in 0..<3 {
          let sample = image.samples[
            image.channels * (from.x + column) + min(channel, image.channels - 1), from.y + row]
          pixels[3 * ((to.y + row) * self.width + to.x + column) + channel] = sample
        }
      }
    }
  }

  /// A yellow frame of three pixels on a black one, outside the region.
  mutating func frame(_ region: PictureFinding.Region) {
    let margin = min(region.width, region.height) / 3 + 4
    for step in 0..<4 {
      let colour: [UInt8] = step < 3 ? [255, 230, 0] : [0, 0, 0]
      let (left, top) = (region.x - margin - step, region.y - margin - step)
      let right = region.x + region.width + margin + step - 1
      let bottom = region.y + region.height + margin + step - 1
      for x in left...right {
        set(x, top, colour)
        set(x, bottom, colour)
      }
      for y in top...bottom {
        set(left, y, colour)
        set(right, y, colour)
      }
    }
  }

  private mutating func set(_ x: Int, _ y: Int, _ colour: [UInt8]) {
    guard x >= 0, x < width, y >= 0, y < height else { return }
    for channel in 0..<3 { pixels[3 * (y * width + x) + channel] = colour[channel] }
  }
}
