import ClinicalRecords

/// A value that a manifest writes in a way that is not taken.
struct RefusedValue: Error, Sendable {
  let what: String
  let hint: String

  init(_ what: String, hint: String) {
    self.what = what
    self.hint = hint
  }
}

/// Which of two numbers a slashed date begins with.
enum DateOrder: String, Codable, Sendable, CaseIterable {
  /// Only dates that can be read in one way are taken.
  case unambiguous
  /// `05/03/2024` is the fifth of March.
  case dayFirst = "day_first"
  /// `05/03/2024` is the third of May.
  case monthFirst = "month_first"
}

/// Reads the values of a manifest's cells; what a spreadsheet does to them is understood or
/// refused by name.
enum ManifestValues {
  /// The scales of pictures in which a hair can be measured, in µm per pixel.
  ///
  /// Below 0.1 a pixel is a third of the wavelength-limited resolution of visible light (0.3 µm);
  /// above 100 it is wider than any scalp hair (up to 120 µm, Franbourg et al. 2003).
  static let scales = 0.1...100.0

  /// Reads a scale in µm per pixel.
  ///
  /// - Parameter decimalComma: whether `2,78` may stand for 2.78: only where a comma does not
  ///   separate fields.
  static func scale(_ text: String, decimalComma: Bool) throws(RefusedValue) -> Double {
    let remedy = "write the size of a pixel in micrometres, such as 2.78"
    guard !text.isEmpty else { throw RefusedValue("the scale is missing", hint: remedy) }
    var digits = text
    if text.contains(",") {
      guard decimalComma, !text.contains(".") else {
        throw RefusedValue("the scale has a comma", hint: "write a decimal point, such as 2.78")
      }
      digits = text.replacing(",", with: ".")
    }
    guard digits.utf8.allSatisfy({ "0123456789.+-eE".utf8.contains($0) }),
      let value = Double(digits), value.isFinite
    else { throw RefusedValue("the scale is not a number", hint: remedy) }
    guard value != 0 else { throw RefusedValue("the scale is 0", hint: remedy) }
    guard value > 0 else { throw RefusedValue("the scale is negative", hint: remedy) }
    guard scales.contains(value) else {
      throw RefusedValue(
        "the scale is outside \(scales.lowerBound) to 100 um per pixel",
        hint: "pixels per millimetre become micrometres per pixel as 1000 / value")
    }
    return value
  }

  /// Reads a number that counts from 1.
  static func ordinal(_ text: String, name: String) throws(RefusedValue) -> Int {
    guard !text.isEmpty else {
      throw RefusedValue(
        "the \(name) is missing", hint: "number every picture, or leave the whole column empty")
    }
    guard text.utf8.allSatisfy({ (48...57).contains($0) }), let value = Int(text),
      (1...9999).contains(value)
    else {
      throw RefusedValue(
        "the \(name) is not a number from 1", hint: "write 1, 2, 3, or leave the column out")
    }
    return value
  }

  /// Reads `YYYY-MM-DD`, `YYYY/MM/DD`, `DD.MM.YYYY` and, where `order` allows, `DD/MM/YYYY` and
  /// `MM/DD/YYYY`.
  static func date(_ text: String, order: DateOrder) throws(RefusedValue) -> CalendarDate {
    let remedy = "write it as YYYY-MM-DD"
    guard !text.isEmpty else { throw RefusedValue("the date is missing", hint: remedy) }
    if text.utf8.count == 5, text.utf8.allSatisfy({ (48...57).contains($0) }) {
      throw RefusedValue(
        "the date is a spreadsheet's day number",
        hint: "format the column as a date, YYYY-MM-DD, and export again")
    }
    guard let mark = text.first(where: { "-/.".contains($0) }) else {
      throw RefusedValue("the date is of no known form", hint: remedy)
    }
    let parts = text.split(separator: mark, omittingEmptySubsequences: false)
    guard parts.count == 3, parts.allSatisfy({ (1...4).contains($0.utf8.count) }),
      parts.allSatisfy({ $0.utf8.allSatisfy { (48...57).contains($0) } })
    else { throw RefusedValue("the date is of no known form", hint: remedy) }
    let numbers = parts.map { Int($0) ?? 0 }
    if parts[0].count == 4, mark != "." {
      return try existing(numbers[0], numbers[1], numbers[2])
    }
    guard parts[2].count == 4 else {
      throw RefusedValue("the date has a year of two digits", hint: remedy)
    }
    if mark == "." { return try existing(numbers[2], numbers[1], numbers[0]) }
    return try slashed(numbers, order)
  }

  private static func slashed(
    _ numbers: [Int], _ order: DateOrder
  ) throws(RefusedValue) -> CalendarDate {
    let (first, second, year) = (numbers[0], numbers[1], numbers[2])
    switch order {
    case .dayFirst: return try existing(year, second, first)
    case .monthFirst: return try existing(year, first, second)
    case .unambiguous:
      if first <= 12, second > 12 {
        throw RefusedValue(
          "the date is written month first",
          hint: "write it as YYYY-MM-DD, or set date_order: month_first")
      }
      if first <= 12, second <= 12, first != second {
        throw RefusedValue(
          "the date could be day first or month first",
          hint: "write it as YYYY-MM-DD, or set date_order")
      }
      return try existing(year, second, first)
    }
  }

  private static func existing(
    _ year: Int, _ month: Int, _ day: Int
  ) throws(RefusedValue) -> CalendarDate {
    guard let date = CalendarDate(year: year, month: month, day: day) else {
      throw RefusedValue("there is no such day", hint: "correct the date")
    }
    return date
  }
}
