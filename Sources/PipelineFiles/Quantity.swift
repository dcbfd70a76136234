/// A number with a unit as files write it: `128MiB`, `500ms`, `0.5mm`, `7d`.
struct Quantity: Equatable {
  /// The number.
  let value: Double
  /// The unit's text; empty when there is none.
  let unit: String

  /// Reads a decimal number and letters after it, with at most one space between.
  init?(_ text: String) {
    let digits = text.prefix { $0.isASCII && ($0.isNumber || "+-.".contains($0)) }
    var rest = text[digits.endIndex...]
    var number = String(digits)
    if let exponent = rest.first, exponent == "e" || exponent == "E" {
      let power = rest.dropFirst().prefix { $0.isASCII && ($0.isNumber || "+-".contains($0)) }
      if !power.isEmpty {
        number += "e" + power
        rest = rest[power.endIndex...]
      }
    }
    if rest.first == " " { rest = rest.dropFirst() }
    guard digits.contains(where: \.isNumber), let value = Double(number), value.isFinite,
      rest.count <= 8, !rest.contains(where: { $0.isWhitespace })
    else { return nil }
    self.value = value
    unit = String(rest)
  }

  /// The value in another unit of the same dimension, if there is a way from one to the other.
  ///
  /// A number without unit is taken in `target`.
  func converted(to target: String) -> Double? {
    if unit.isEmpty || unit == target { return value }
    guard let from = Quantity.units[unit], let to = Quantity.units[target],
      from.dimension == to.dimension
    else { return nil }
    let factor = from.factor / to.factor
    // A division by a whole number rounds once where a product with its reciprocal rounds twice.
    return factor >= 1 ? value * factor : value / (to.factor / from.factor)
  }

  private enum Dimension { case length, area, time, size, share }

  /// Factors to µm, µm², s, bytes and 1 (SI; IEC 80000-13 for the binary prefixes).
  private static let units: [String: (dimension: Dimension, factor: Double)] = [
    "um": (.length, 1), "µm": (.length, 1), "mm": (.length, 1e3), "cm": (.length, 1e4),
    "um2": (.area, 1), "mm2": (.area, 1e6), "cm2": (.area, 1e8),
    "ms": (.time, 1e-3), "s": (.time, 1), "min": (.time, 60), "h": (.time, 3600),
    "d": (.time, 86400),
    "B": (.size, 1), "KiB": (.size, 1024), "MiB": (.size, 1_048_576),
    "GiB": (.size, 1_073_741_824), "kB": (.size, 1e3), "MB": (.size, 1e6), "GB": (.size, 1e9),
    "%": (.share, 0.01), "1": (.share, 1),
  ]
}

extension Plan {
  /// A number of bytes for people: `128 MiB`, `1.5 GiB`, `512 B`.
  public static func text(bytes: Int) -> String {
    for (unit, shift) in [("GiB", 30), ("MiB", 20), ("KiB", 10)] where bytes >= 1 << shift {
      let tenths = Int((Double(bytes) / Double(1 << shift) * 10).rounded())
      return tenths % 10 == 0 ? "\(tenths / 10) \(unit)" : "\(tenths / 10).\(tenths % 10) \(unit)"
    }
    return "\(bytes) B"
  }
}
