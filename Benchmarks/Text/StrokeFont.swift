/// Capitals and digits as strokes, smoothed, at any height: the manner of a screen font.
///
/// `DotFont` of the phantom stands for character displays, with sharp dots; capture programs draw
/// smoothed letters, whose thin strokes have half the contrast of their colour.
enum StrokeFont {
  /// How much of each pixel of a text is covered, 0…1, row by row.
  static func coverage(of text: String, height: Int) -> (width: Int, cover: [Double]) {
    // Letters are 4 units wide and 6 high; a stroke is as wide as a seventh of the height.
    let unit = Double(height - 1) / 6
    let pitch = 5.6 * unit
    let width = Int((pitch * Double(text.count)).rounded(.up)) + 2
    let reach = max(0.5, Double(height) / 14)
    var cover = [Double](repeating: 0, count: width * height)
    for (index, character) in text.enumerated() {
      let left = pitch * Double(index) + 0.5
      for stroke in strokes[character] ?? [] {
        let points = stroke.compactMap(\.wholeNumberValue)
        for start in stride(from: 0, to: points.count - 2, by: 2) {
          let from = (left + unit * Double(points[start]), unit * Double(points[start + 1]))
          let to = (left + unit * Double(points[start + 2]), unit * Double(points[start + 3]))
          for y in 0..<height {
            for x in max(0, Int(left) - 2)..<min(width, Int(left + pitch) + 2) {
              let away = distance((Double(x), Double(y)), from, to)
              cover[y * width + x] = max(cover[y * width + x], min(1, max(0, reach + 0.5 - away)))
            }
          }
        }
      }
    }
    return (width, cover)
  }

  private static func distance(
    _ point: (Double, Double), _ from: (Double, Double), _ to: (Double, Double)
  ) -> Double {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1)
    let square = max(dx * dx + dy * dy, 1e-9)
    let share = min(1, max(0, ((point.0 - from.0) * dx + (point.1 - from.1) * dy) / square))
    let (x, y) = (point.0 - from.0 - share * dx, point.1 - from.1 - share * dy)
    return (x * x + y * y).squareRoot()
  }

  /// Polylines of points, each two digits: x of 0…4, y of 0…6 from the top.
  private static let strokes: [Character: [Substring]] = [
    "0": "103041453616050110", "1": "022026 0646", "2": "01103041420646",
    "3": "004022334445361605", "4": "300444 3036", "5": "4000023243453606",
    "6": "30100105163645443303", "7": "004016", "8": "103041423313020110 1304051636454433",
    "9": "16364541301001021343", "A": "062046 1434", "B": "06003041423303 3344453606",
    "C": "4130100105163645", "D": "00062644422000", "E": "40000646 0333", "F": "400006 0333",
    "H": "0006 4046 0343", "I": "1030 2026 1636", "K": "0006 400346", "L": "000646",
    "M": "0600234046", "N": "06004640", "O": "103041453616050110", "P": "06003041423303",
    "R": "06003041423303 2346", "S": "413010010213334445361605", "T": "0040 2026",
    "U": "000516364540", "V": "002640", "W": "0016233640", "X": "0046 4006", "Y": "002340 2326",
    "Z": "00400646", "-": "1333", "/": "4006", ":": "2122 2425", ".": "2526",
  ].mapValues { (text: String) in text.split(separator: " ") }
}
