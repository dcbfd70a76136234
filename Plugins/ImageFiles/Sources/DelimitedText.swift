/// A table of text as spreadsheets write it: RFC 4180, with `,`, `;` or tab between fields.
///
/// Understood besides the RFC: a UTF-8 byte-order mark, Excel's `sep=;` line, line ends of CRLF, LF
/// or CR, rows of nothing but separators (skipped, as spreadsheets leave them behind). Refused by name: UTF-16, other encodings, quotes out of place.
struct DelimitedText {
  /// One cell, with where it begins; line and column count from 1, the column in characters.
  struct Field {
    let text: String
    let line: Int
    let column: Int
  }

  /// The rows that hold anything, each with at least one field.
  let rows: [[Field]]
  /// What stands between fields: a comma, semicolon or tab.
  let separator: UInt8

  /// Reads a whole file.
  ///
  /// - Throws: ``ManifestProblems`` with the first thing that makes the rest unreadable.
  init(_ bytes: [UInt8], file: String) throws {
    if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
      throw ManifestProblems(
        file, 1, 1, "the file is UTF-16", hint: "save it as 'CSV UTF-8' in the spreadsheet")
    }
    var body = bytes[...]
    if body.starts(with: [0xEF, 0xBB, 0xBF]) { body = body.dropFirst(3) }
    if let line = DelimitedText.lineOfInvalidText(body) {
      throw ManifestProblems(
        file, line, 1, "the file is not UTF-8", hint: "save it as 'CSV UTF-8' in the spreadsheet")
    }
    var scanner = RowScanner(body, file: file)
    separator = scanner.separator
    var rows: [[Field]] = []
    while let row = try scanner.next() {
      if !row.allSatisfy(\.text.isEmpty) { rows.append(row) }
    }
    self.rows = rows
  }

  private static func lineOfInvalidText(_ body: ArraySlice<UInt8>) -> Int? {
    guard String(validating: body, as: UTF8.self) == nil else { return nil }
    var line = 1
    for text in body.split(separator: 10, omittingEmptySubsequences: false) {
      if String(validating: text, as: UTF8.self) == nil { return line }
      line += 1
    }
    return line
  }
}

/// Walks over the bytes and cuts them into rows.
private struct RowScanner {
  let separator: UInt8
  private let bytes: ArraySlice<UInt8>
  private let file: String
  private var index: Int
  private var line = 1
  private var column = 1

  private static let quote = UInt8(ascii: "\"")
  private static let lineFeed: UInt8 = 10
  private static let carriageReturn: UInt8 = 13

  init(_ bytes: ArraySlice<UInt8>, file: String) {
    self.bytes = bytes
    self.file = file
    index = bytes.startIndex
    let firstLine = bytes.prefix { $0 != RowScanner.lineFeed && $0 != RowScanner.carriageReturn }
    let stated = firstLine.count == 5 && firstLine.starts(with: Array("sep=".utf8))
    if stated, let last = firstLine.last {
      separator = last
      index = firstLine.endIndex
      skipLineEnd()
    } else {
      separator = RowScanner.mostFrequentSeparator(in: firstLine)
    }
  }

  private static func mostFrequentSeparator(in line: ArraySlice<UInt8>) -> UInt8 {
    var counts: [UInt8: Int] = [:]
    var quoted = false
    for byte in line {
      if byte == quote { quoted.toggle() }
      if !quoted { counts[byte, default: 0] += 1 }
    }
    let candidates = [UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "\t")]
    return candidates.reduce(candidates[0]) {
      counts[$1, default: 0] > counts[$0, default: 0] ? $1 : $0
    }
  }

  /// The next row, blank lines included as one empty field; `nil` at the end.
  mutating func next() throws -> [DelimitedText.Field]? {
    guard index < bytes.endIndex else { return nil }
    var fields: [DelimitedText.Field] = []
    while true {
      let (startLine, startColumn) = (line, column)
      let text =
        index < bytes.endIndex && bytes[index] == RowScanner.quote
        ? try quotedText() : try plainText()
      fields.append(DelimitedText.Field(text: text, line: startLine, column: startColumn))
      guard index < bytes.endIndex, bytes[index] == separator else { break }
      step()
    }
    skipLineEnd()
    return fields
  }

  private func endsField(_ byte: UInt8) -> Bool {
    byte == separator || byte == RowScanner.lineFeed || byte == RowScanner.carriageReturn
  }

  private mutating func plainText() throws -> String {
    let start = index
    while index < bytes.endIndex, !endsField(bytes[index]) {
      if bytes[index] == RowScanner.quote {
        throw problem("a quote stands inside a field without quotes", "quote the whole field")
      }
      step()
    }
    return RowScanner.trimmed(bytes[start..<index])
  }

  private mutating func quotedText() throws -> String {
    let (startLine, startColumn) = (line, column)
    var text: [UInt8] = []
    step()
    while index < bytes.endIndex {
      if bytes[index] == RowScanner.quote {
        step()
        guard index < bytes.endIndex, bytes[index] == RowScanner.quote else {
          if index < bytes.endIndex, !endsField(bytes[index]) {
            throw problem("text follows a closing quote", "double the quotes inside the field")
          }
          return RowScanner.trimmed(text[...])
        }
      }
      text.append(bytes[index])
      step()
    }
    throw ManifestProblems(
      file, startLine, startColumn, "a quote is opened and never closed", hint: "close the quote")
  }

  private func problem(_ what: String, _ hint: String) -> ManifestProblems {
    ManifestProblems(file, line, column, what, hint: hint)
  }

  private static func trimmed(_ text: ArraySlice<UInt8>) -> String {
    // A no-break space is what pasting from documents leaves behind.
    let blank: Set<Unicode.Scalar> = [" ", "\t", "\u{A0}"]
    let scalars = String(decoding: text, as: UTF8.self).unicodeScalars
    let front = scalars.drop { blank.contains($0) }
    let kept = front.reversed().drop { blank.contains($0) }.reversed()
    return String(String.UnicodeScalarView(kept))
  }

  /// Moves over one byte, keeping line and column; a line break inside quotes counts.
  private mutating func step() {
    let byte = bytes[index]
    index += 1
    if byte == RowScanner.lineFeed {
      line += 1
      column = 1
    } else if byte & 0xC0 != 0x80 {
      column += 1
    }
  }

  private mutating func skipLineEnd() {
    guard index < bytes.endIndex else { return }
    if bytes[index] == RowScanner.carriageReturn { index += 1 }
    if index < bytes.endIndex, bytes[index] == RowScanner.lineFeed { index += 1 }
    line += 1
    column = 1
  }
}
