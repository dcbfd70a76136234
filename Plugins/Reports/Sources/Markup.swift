/// Text of a page that is safe to show: what is interpolated is escaped, unless it is markup.
///
/// A subject called `<script>` is then a subject called `<script>`.
struct Markup: Sendable, ExpressibleByStringInterpolation, Equatable {
  private(set) var text: String

  init(stringLiteral value: String) { text = value }

  init(stringInterpolation: Interpolation) { text = stringInterpolation.text }

  /// Wraps text that is markup already and holds nothing from outside, such as a style sheet.
  init(trusted text: String) { self.text = text }

  static func += (left: inout Markup, right: Markup) { left.text += right.text }

  static func + (left: Markup, right: Markup) -> Markup {
    Markup(trusted: left.text + right.text)
  }

  /// What a literal's interpolations become.
  struct Interpolation: StringInterpolationProtocol {
    var text = ""

    init(literalCapacity: Int, interpolationCount: Int) {
      text.reserveCapacity(literalCapacity + 16 * interpolationCount)
    }

    mutating func appendLiteral(_ literal: String) { text += literal }
    mutating func appendInterpolation(_ markup: Markup) { text += markup.text }
    mutating func appendInterpolation(_ markups: [Markup]) {
      for markup in markups { text += markup.text }
    }
    mutating func appendInterpolation(_ value: Int) { text += String(value) }
    mutating func appendInterpolation(_ value: String) { text += Markup.escaped(value) }
  }

  /// Escapes for element content and quoted attributes; control characters become a replacement
  /// character.
  static func escaped(_ text: String) -> String {
    var result = ""
    result.reserveCapacity(text.utf8.count)
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      case "\n", "\t": result.unicodeScalars.append(scalar)
      default:
        result.unicodeScalars.append(scalar.value < 32 || scalar.value == 127 ? "\u{FFFD}" : scalar)
      }
    }
    return result
  }
}

extension [Markup] {
  /// All, one after another, with `separator` between.
  func joined(separator: Markup = "") -> Markup {
    Markup(trusted: map(\.text).joined(separator: separator.text))
  }
}
