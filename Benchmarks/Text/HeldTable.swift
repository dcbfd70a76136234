import Deidentification
import Foundation
import ImageCodecs
import Imaging

/// Which pictures are held, and how long it takes to say so.
struct HeldTable {
  let places: [String]

  func print() throws {
    var (held, count, megapixels, seconds) = (0, 0, 0.0, 0.0)
    for file in try places.flatMap(files(at:)) {
      let bytes = [UInt8](try Data(contentsOf: URL(filePath: file)))
      let image = try ImageDecoder().decode(bytes).eightBit()
      let start = ContinuousClock.now
      let findings = BurnedInText().find(in: image)
      seconds += (ContinuousClock.now - start) / .seconds(1)
      megapixels += Double(image.width * image.height) / 1e6
      count += 1
      guard !findings.isEmpty else { continue }
      held += 1
      Swift.print(file, terminator: "")
      for place in findings {
        let percent = Int(100 * place.confidence)
        Swift.print(
          "  \(place.width)x\(place.height) at \(place.x),\(place.y): \(place.glyphs) glyphs, "
            + "\(percent) %", terminator: "")
      }
      Swift.print("")
    }
    let milliseconds = Int((1000 * seconds / max(1, megapixels)).rounded())
    Swift.print("\(held) of \(count) held, \(milliseconds) ms a megapixel")
  }

  private func files(at place: String) throws -> [String] {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: place, isDirectory: &isFolder),
      isFolder.boolValue
    else { return [place] }
    return try FileManager.default.subpathsOfDirectory(atPath: place)
      .filter { [".jpg", ".jpeg", ".png"].contains(where: $0.lowercased().hasSuffix) }
      .sorted().map { place + "/" + $0 }
  }

  /// Clean rendered scalps of each family, at JPEG qualities 75 and 90.
  static func printPhantoms() throws {
    var (all, allHeld) = (0, 0)
    for family in RenderedScalp.families {
      var held = 0
      for seed in 1...UInt64(10) {
        let scalp = try RenderedScalp(family: family, seed: 2000 + seed)
        for quality in [75, 90] {
          let findings = BurnedInText().find(in: try scalp.compressed(quality: quality))
          if !findings.isEmpty { held += 1 }
          all += 1
        }
      }
      allHeld += held
      Swift.print("\(family.name): \(held) of 20 held")
    }
    Swift.print("\(allHeld) of \(all) held")
  }
}
