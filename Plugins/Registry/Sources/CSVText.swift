import ClinicalRecords

/// Lines of comma-separated values as RFC 4180 asks, in UTF-8 without a byte order mark.
enum CSVText {
  /// One line with its CR LF.
  static func line(_ cells: [TableCell]) -> [UInt8] {
    var bytes: [UInt8] = []
    for (index, cell) in cells.enumerated() {
      if index > 0 { bytes.append(UInt8(ascii: ",")) }
      bytes += encode(cell).utf8
    }
    bytes += "\r\n".utf8
    return bytes
  }

  /// A number is written in the shortest form that reads back the same.
  private static func encode(_ cell: TableCell) -> String {
    switch cell {
    case .empty: ""
    case .boolean(let value): value ? "true" : "false"
    case .integer(let value): String(value)
    case .number(let value): JSONValue.number(value).text
    case .text(let text): quoted(harmless(text))
    }
  }

  /// Puts an apostrophe before a text that a spreadsheet would run as a formula (OWASP, CSV
  /// injection: `=`, `+`, `-`, `@`, tab, carriage return).
  private static func harmless(_ text: String) -> String {
    guard let first = text.utf8.first, "=+-@\t\r\n".utf8.contains(first) else { return text }
    return "'" + text
  }

  private static func quoted(_ text: String) -> String {
    guard text.utf8.contains(where: { ",\"\r\n".utf8.contains($0) }) else { return text }
    return "\""
      + text.split(separator: "\"", omittingEmptySubsequences: false)
      .joined(separator: "\"\"") + "\""
  }
}
