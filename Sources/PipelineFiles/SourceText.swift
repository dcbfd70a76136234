/// The text of one file, checked byte by byte before a parser sees it, and its lines.
///
/// The checks bound what the YAML parser can be made to do. It recurses once for each nested
/// collection (libyaml stops at 1,000), looks over all open ones at each token, and for keys walks
/// what an alias stands for; all are bounded here by counting characters, which no quoting or
/// comment can hide.
struct SourceText {
  /// The most bytes of a file: a pipeline of 1,000 stages takes about 200 KiB.
  static let maximumBytes = 1 << 20
  /// The most `[` and `{` of a file: eight flow collections for each of 1,000 stages.
  static let maximumFlowCollections = 8000
  /// The most block indicators (`- `, `? `, `: `) at the start of a line.
  static let maximumLeadingIndicators = 32
  /// The most columns of indentation: 32 levels of 8 columns.
  static let maximumIndentation = 256
  /// The most that may look like an alias.
  ///
  /// The largest product of summands of 24 is 3 to the 8th, so that aliases of aliases stand for at
  /// most 6,561 nodes.
  static let maximumAliases = 24

  let file: String
  let text: String
  private let lineStarts: [Int]

  /// Checks bytes; reports the first fault and returns `nil` when they are not fit to be parsed.
  init?(_ bytes: [UInt8], file: String, findings: Findings) {
    findings.open(file)
    let body = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : bytes
    self.file = file
    lineStarts = bytes.count <= SourceText.maximumBytes ? SourceText.lineStarts(of: body) : [0]
    guard bytes.count <= SourceText.maximumBytes else {
      text = String(decoding: body.prefix(80), as: UTF8.self)
      findings.report(
        .fileTooLarge, at: Place(line: 1, column: 1), in: self,
        "the file has \(bytes.count) bytes, more than 1 MiB",
        hint: "a pipeline or study is written by hand: is this the right file?")
      return nil
    }
    guard let text = String(validating: body, as: UTF8.self) else {
      self.text = String(decoding: body, as: UTF8.self)
      let place = place(ofByte: SourceText.firstInvalidByte(of: body))
      findings.report(
        .notUTF8, at: place, in: self, "the text is not UTF-8", hint: "save the file as UTF-8")
      return nil
    }
    self.text = text
    guard !SourceText.hasForbiddenCharacter(self, body, findings),
      !SourceText.isTooDeep(self, body, findings)
    else { return nil }
  }

  /// The first `limit` characters of the line of this number, from 1, without its end.
  func line(_ number: Int, limit: Int = .max) -> String {
    guard number >= 1, number <= lineStarts.count else { return "" }
    let utf8 = text.utf8
    let start = utf8.index(
      utf8.startIndex, offsetBy: lineStarts[number - 1], limitedBy: utf8.endIndex)
    guard let start else { return "" }
    var line = String.UnicodeScalarView()
    var count = 0
    for character in text[start...].unicodeScalars {
      guard count < limit, character != "\n", character != "\r" else { break }
      line.append(character)
      count += 1
    }
    return String(line)
  }

  /// The place itself, or the end of the file for one that lies behind it: where a parser says that
  /// something is missing.
  func clamped(_ place: Place) -> Place {
    guard place.line > lineStarts.count else { return place }
    let column = line(lineStarts.count).unicodeScalars.count + 1
    return Place(line: lineStarts.count, column: column)
  }

  /// The index of a place in ``text``, when it lies in the file.
  func index(of place: Place) -> String.Index? {
    guard place.line >= 1, place.line <= lineStarts.count else { return nil }
    let utf8 = text.utf8
    guard
      let start = utf8.index(
        utf8.startIndex, offsetBy: lineStarts[place.line - 1], limitedBy: utf8.endIndex)
    else { return nil }
    return text.unicodeScalars.index(
      start, offsetBy: place.column - 1, limitedBy: text.unicodeScalars.endIndex)
  }

  /// The place of the byte at an offset; columns count Unicode scalars.
  private func place(ofByte offset: Int) -> Place {
    let line = max(1, lineStarts.partitioningIndex { $0 > offset })
    let utf8 = text.utf8
    let from =
      utf8.index(utf8.startIndex, offsetBy: lineStarts[line - 1], limitedBy: utf8.endIndex)
      ?? utf8.endIndex
    let to =
      utf8.index(utf8.startIndex, offsetBy: offset, limitedBy: utf8.endIndex) ?? utf8.endIndex
    let column = text.unicodeScalars[from..<max(from, to)].count + 1
    return Place(line: line, column: column)
  }
}

// MARK: - The checks

extension SourceText {
  private static func lineStarts(of bytes: [UInt8]) -> [Int] {
    var starts = [0]
    for (offset, byte) in bytes.enumerated() {
      let isReturn = byte == 13 && !(offset + 1 < bytes.count && bytes[offset + 1] == 10)
      if byte == 10 || isReturn { starts.append(offset + 1) }
    }
    return starts
  }

  private static func firstInvalidByte(of bytes: [UInt8]) -> Int {
    var iterator = bytes.makeIterator()
    var parser = Unicode.UTF8.ForwardParser()
    var offset = 0
    while case .valid(let character) = parser.parseScalar(from: &iterator) {
      offset += character.count
    }
    return offset
  }

  /// NUL and other control characters, and the line ends that only YAML knows, which would make
  /// line numbers differ from those of an editor.
  private static func hasForbiddenCharacter(
    _ source: SourceText, _ bytes: [UInt8], _ findings: Findings
  ) -> Bool {
    for (offset, byte) in bytes.enumerated() {
      let isControl = byte < 32 && byte != 9 && byte != 10 && byte != 13 || byte == 127
      let isForeignEnd =
        byte == 0xC2 && bytes[offset + 1] == 0x85
        || byte == 0xE2 && bytes[offset + 1] == 0x80 && bytes[offset + 2] & 0xFE == 0xA8
      guard isControl || isForeignEnd else { continue }
      let code = String(isControl ? Int(byte) : 0, radix: 16, uppercase: true)
      findings.report(
        .forbiddenCharacter, at: source.place(ofByte: offset), in: source,
        isControl
          ? "the control character U+\(String(repeating: "0", count: 4 - code.count))\(code)"
          : "a line end that only some programs know (U+0085, U+2028 or U+2029)",
        hint: "remove it")
      return true
    }
    return false
  }

  private static func isTooDeep(
    _ source: SourceText, _ bytes: [UInt8], _ findings: Findings
  ) -> Bool {
    var collections = 0
    var aliases = 0
    var leading = 0
    var indentation = 0
    var isLeading = true
    for (offset, byte) in bytes.enumerated() {
      let next = offset + 1 < bytes.count ? bytes[offset + 1] : 10
      switch byte {
      case 10, 13:
        (leading, indentation, isLeading) = (0, 0, true)
        continue
      case UInt8(ascii: "["), UInt8(ascii: "{"): collections += 1
      case UInt8(ascii: "*") where next > 32 && next != UInt8(ascii: "*"): aliases += 1
      default: break
      }
      if isLeading {
        let isIndicator = (byte == 45 || byte == 63 || byte == 58) && next <= 32
        indentation += 1
        leading += isIndicator ? 1 : 0
        isLeading = byte == 32 || byte == 9 || isIndicator
      }
      let tooMany: String
      if collections > maximumFlowCollections {
        tooMany = "more than \(maximumFlowCollections) '[' and '{' in one file"
      } else if leading > maximumLeadingIndicators {
        tooMany = "more than \(maximumLeadingIndicators) lists within lists on one line"
      } else if indentation > maximumIndentation {
        tooMany = "more than \(maximumIndentation) columns of indentation"
      } else if aliases > maximumAliases {
        tooMany = "more than \(maximumAliases) '*' that read as aliases"
      } else {
        continue
      }
      findings.report(
        .tooComplex, at: source.place(ofByte: offset), in: source, tooMany,
        hint: "write it flatter; aliases are not offered")
      return true
    }
    return false
  }
}

extension Array {
  /// The first index whose element satisfies a predicate that holds from some element on.
  fileprivate func partitioningIndex(where predicate: (Element) -> Bool) -> Int {
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if predicate(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
