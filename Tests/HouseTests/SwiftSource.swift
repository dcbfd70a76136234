/// A Swift file with its comments, strings and regular expressions blanked out, line for line.
///
/// Enough of Swift's grammar to find words and braces that are code. `code` has exactly the lines of
/// `text`; quotes stay, what stands between them does not.
struct SwiftSource {
  let lines: [String]
  let code: [UInt8]

  init(_ text: String) {
    lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    var scanner = Scanner(Array(text.utf8))
    scanner.scan()
    code = scanner.output
  }

  var codeLines: [Substring] {
    String(decoding: code, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
  }
}

private let quote = UInt8(ascii: "\"")
private let hash = UInt8(ascii: "#")
private let slash = UInt8(ascii: "/")
private let star = UInt8(ascii: "*")
private let backslash = UInt8(ascii: "\\")
private let newline = UInt8(ascii: "\n")
private let backtick = UInt8(ascii: "`")
private let open = UInt8(ascii: "(")
private let close = UInt8(ascii: ")")
private let blank = UInt8(ascii: " ")

private struct Scanner {
  let input: [UInt8]
  var output: [UInt8]
  var position = 0
  /// The last byte of code that is no blank: tells a division from a regular expression.
  var previous = newline

  init(_ input: [UInt8]) {
    self.input = input
    output = input.map { $0 == newline ? newline : blank }
  }

  func peek(_ offset: Int = 0) -> UInt8? {
    input.indices.contains(position + offset) ? input[position + offset] : nil
  }

  func hasPrefix(_ bytes: [UInt8]) -> Bool { input[position...].starts(with: bytes) }

  mutating func scan() {
    while position < input.count { step(isKept: true) }
  }

  /// Reads one token of code; keeps it unless it lies in a string's interpolation.
  mutating func step(isKept: Bool) {
    let byte = input[position]
    if hasPrefix([slash, slash]) {
      while let next = peek(), next != newline { _ = next; position += 1 }
    } else if hasPrefix([slash, star]) {
      skipBlockComment()
    } else if byte == quote || byte == hash, let hashes = stringStart() {
      skipString(hashes: hashes, isKept: isKept)
    } else if byte == hash, peek(1) == slash {
      skip(to: [slash, hash])
    } else if byte == slash, let length = expressionLength() {
      position += length
      previous = slash
    } else if byte == backtick {
      position += 1
      while let next = peek(), next != backtick, next != newline { keep(UInt8(ascii: "_"), isKept) }
      position += 1
    } else {
      keep(byte, isKept)
      if byte != blank { previous = byte }
    }
  }

  private mutating func keep(_ byte: UInt8, _ isKept: Bool) {
    if isKept { output[position] = byte }
    position += 1
  }

  private mutating func skip(to end: [UInt8]) {
    position += 1
    while position < input.count, !hasPrefix(end) { position += 1 }
    position += end.count
  }

  private mutating func skipBlockComment() {
    var depth = 0
    repeat {
      if hasPrefix([slash, star]) {
        depth += 1
        position += 2
      } else if hasPrefix([star, slash]) {
        depth -= 1
        position += 2
      } else {
        position += 1
      }
    } while depth > 0 && position < input.count
  }

  /// How many `#` open the string that starts here; nil if none does.
  private func stringStart() -> Int? {
    var hashes = 0
    while peek(hashes) == hash { hashes += 1 }
    return peek(hashes) == quote ? hashes : nil
  }

  private mutating func skipString(hashes: Int, isKept: Bool) {
    position += hashes
    let quotes = hasPrefix([quote, quote, quote]) ? 3 : 1
    if isKept { output[position] = quote }
    position += quotes
    let end = Array(repeating: quote, count: quotes) + Array(repeating: hash, count: hashes)
    let escape = [backslash] + Array(repeating: hash, count: hashes)
    while position < input.count, !hasPrefix(end), quotes == 3 || input[position] != newline {
      if hasPrefix(escape) {
        position += escape.count
        if peek() == open { skipInterpolation() } else { position += 1 }
      } else {
        position += 1
      }
    }
    if isKept, position < input.count { output[position] = quote }
    position += end.count
    previous = quote
  }

  private mutating func skipInterpolation() {
    var depth = 0
    repeat {
      if input[position] == open { depth += 1 }
      if input[position] == close { depth -= 1 }
      step(isKept: false)
    } while depth > 0 && position < input.count
  }

  /// How long the regular expression that starts here is; nil where a slash divides.
  private func expressionLength() -> Int? {
    guard Array("\n(,=:[{!&|?".utf8).contains(previous), peek(1) != blank else { return nil }
    var length = 1
    while let byte = peek(length), byte != newline {
      if byte == slash { return length + 1 }
      length += byte == backslash ? 2 : 1
    }
    return nil
  }
}
