import Deidentification
import Imaging
import StageKit

/// The share of drawn texts that are found, by colour, height and length, and by kind of scalp.
struct RecallTable {
  static let heights = [8, 10, 12, 16, 24]
  static let lengths = [1, 2, 3, 4, 6, 10]
  /// How many scalps of each family the texts are drawn over.
  let scalps: Int

  /// How many texts were drawn, and how many of them were found.
  private struct Share {
    var drawn = 0
    var found = 0

    mutating func count(_ isFound: Bool) {
      drawn += 1
      if isFound { found += 1 }
    }

    /// In percent, rounded down: 100 means all.
    var text: String {
      let percent = "\(100 * found / max(1, drawn))"
      return String(repeating: " ", count: max(0, 5 - percent.count)) + percent
    }
  }

  /// Draws every text over every scalp, and prints both tables.
  func show() throws {
    var byStyle: [String: [Share]] = [:]
    var byFamily: [String: [Share]] = [:]
    for family in RenderedScalp.families {
      for seed in 1...UInt64(scalps) {
        let scalp = try RenderedScalp(family: family, seed: 100 + seed)
        for style in TextStyle.allCases {
          for height in RecallTable.heights {
            for (at, quality) in [75, 90].enumerated() {
              for (length, isFound) in try found(on: scalp, style, height, quality, seed) {
                byStyle["\(style.group) \(height)", default: RecallTable.empty][length]
                  .count(isFound)
                guard RecallTable.lengths[length] >= 3 else { continue }
                byFamily[family.name, default: RecallTable.empty][2 * style.strength + at]
                  .count(isFound)
              }
            }
          }
        }
      }
    }
    print("percent found, by glyphs in the text")
    print(pad("", 20) + " px" + RecallTable.lengths.map { pad("\($0)", -5) }.joined())
    for group in TextStyle.groups {
      for height in RecallTable.heights {
        let shares = byStyle["\(group) \(height)"] ?? RecallTable.empty
        print(pad(group, 20) + pad("\(height)", -3) + shares.map(\.text).joined())
      }
    }
    print("\npercent found of 3 or more glyphs: full colours, 32, 48 levels, 16, 24 levels")
    print(pad("JPEG quality", 20) + [75, 90, 75, 90, 75, 90].map { pad("\($0)", -5) }.joined())
    for family in RenderedScalp.families {
      print(pad(family.name, 20) + (byFamily[family.name] ?? []).map(\.text).joined())
    }
  }

  private static let empty = [Share](repeating: Share(), count: lengths.count)

  /// Padded to a width, to the left of it when that is negative.
  private func pad(_ text: String, _ width: Int) -> String {
    let blanks = String(repeating: " ", count: max(0, abs(width) - text.count))
    return width < 0 ? blanks + text : text + blanks
  }

  /// Draws texts of every length over a scalp; which were found, by the position of their length.
  private func found(
    on clean: RenderedScalp, _ style: TextStyle, _ height: Int, _ quality: Int, _ seed: UInt64
  ) throws -> [(length: Int, isFound: Bool)] {
    var scalp = clean
    var random = SeededGenerator(seed: seed &* 977 &+ UInt64(height))
    var drawn: [(length: Int, x: Int, y: Int, width: Int)] = []
    var (x, y) = (20, 20)
    while y + max(48, 3 * height) < scalp.image.height {
      let length = drawn.count % RecallTable.lengths.count
      let text = RecallTable.text(RecallTable.lengths[length], &random)
      let (width, cover) = StrokeFont.coverage(of: text, height: height)
      guard x + width + 20 <= scalp.image.width else {
        (x, y) = (20 + Int.random(in: 0..<40, using: &random), y + max(48, 3 * height))
        continue
      }
      let skin = scalp.colour(x: x, y: y, width: width, height: height)
      let (colour, bar) = style.colours(on: skin)
      if let bar {
        let margin = max(3, height / 3)
        scalp.fill(
          x: x - margin, y: y - margin, width: width + 2 * margin, height: height + 2 * margin, bar)
      }
      scalp.draw(cover, width: width, x: x, y: y, colour)
      drawn.append((length, x, y, width))
      x += width + 4 * height + 20
    }
    let findings = BurnedInText().find(in: try scalp.compressed(quality: quality))
    return drawn.map { text in
      let isFound = findings.contains {
        $0.x < text.x + text.width && text.x < $0.x + $0.width && $0.y < text.y + height
          && text.y < $0.y + $0.height
      }
      return (text.length, isFound)
    }
  }

  /// Capitals and digits as codes, initials and dates have them.
  private static func text(_ length: Int, _ random: inout SeededGenerator) -> String {
    let letters = Array("ABCDEFHIKLMNOPRSTUVWXYZ0123456789")
    return String(
      (0..<length).map { _ in letters[Int.random(in: 0..<letters.count, using: &random)] })
  }
}

/// How a text is drawn.
enum TextStyle: CaseIterable {
  case white, black, yellow, red, blue, cyan
  case whiteOnBar, cyanOnBar
  case plus48, minus48, plus32, minus32, plus24, minus24, plus16, minus16

  static let groups = [
    "full colour", "cyan", "on a grey bar", "48 levels", "32 levels", "24 levels", "16 levels",
  ]

  /// The row of the table.
  var group: String {
    switch self {
    case .white, .black, .yellow, .red, .blue: TextStyle.groups[0]
    case .cyan: TextStyle.groups[1]
    case .whiteOnBar, .cyanOnBar: TextStyle.groups[2]
    default: "\(Int(abs(levels))) levels"
    }
  }

  /// 0 for full colours, 1 for 32 or 48 grey levels away from the skin, 2 for less.
  var strength: Int { levels == 0 ? 0 : abs(levels) >= 32 ? 1 : 2 }

  private var levels: Double {
    switch self {
    case .plus48: 48
    case .minus48: -48
    case .plus32: 32
    case .minus32: -32
    case .plus24: 24
    case .minus24: -24
    case .plus16: 16
    case .minus16: -16
    default: 0
    }
  }

  /// The text's colour and that of a bar under it, on skin of this mean colour.
  func colours(on skin: [Double]) -> (text: [Double], bar: [Double]?) {
    switch self {
    case .white: ([255, 255, 255], nil)
    case .black: ([0, 0, 0], nil)
    case .yellow: ([255, 255, 0], nil)
    case .red: ([255, 0, 0], nil)
    case .blue: ([0, 0, 255], nil)
    case .cyan: ([0, 240, 240], nil)
    case .whiteOnBar: ([250, 250, 250], [70, 70, 70])
    case .cyanOnBar: ([0, 240, 240], [70, 70, 70])
    default: (skin.map { $0 + levels }, nil)
    }
  }
}
