import PipelineFiles
import Testing

/// Texts that are made to exhaust or mislead the reader are refused at once, at a place.
struct HostileTextTests {
  /// The codes that the cases here show.
  static let codesShown = ["file_too_large", "not_utf8", "forbidden_character", "too_complex"]

  struct Case: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let code: String
    let line: Int
    let column: Int
    let bytes: [UInt8]

    init(
      _ name: String, _ code: String, _ line: Int, _ column: Int, _ text: String,
      then rest: [UInt8] = []
    ) {
      testDescription = name
      self.code = code
      self.line = line
      self.column = column
      bytes = Array(text.utf8) + rest
    }
  }

  static let cases: [Case] = [
    Case(
      "100 MB scalar", "file_too_large", 1, 1, "name: ",
      then: Array(repeating: 97, count: 100_000_000)),
    Case(
      "one byte too many", "file_too_large", 1, 1, "#", then: Array(repeating: 97, count: 1 << 20)),
    Case(
      "NUL", "forbidden_character", 2, 7, "anagen: 1\nname: a\0b\n".replacing("a\0", with: "\0")),
    Case("escape character", "forbidden_character", 1, 7, "name: \u{1B}[2J"),
    Case("line separator", "forbidden_character", 1, 8, "name: a\u{2028}b"),
    Case("next line", "forbidden_character", 1, 8, "name: é\u{85}b"),
    Case("invalid UTF-8", "not_utf8", 2, 7, "anagen: 1\nname: ", then: [0xFF, 0x61]),
    Case("overlong UTF-8", "not_utf8", 1, 4, "a: ", then: [0xC0, 0x80]),
    Case("surrogate in UTF-8", "not_utf8", 1, 2, "é", then: [0xED, 0xA0, 0x80]),
    Case("UTF-8 cut short", "not_utf8", 1, 4, "a: ", then: [0xE2, 0x82]),
    Case(
      "flow lists, 1 MB deep", "too_complex", 1, 8001, "",
      then: Array(repeating: 91, count: 1_000_000)),
    Case(
      "flow lists, 2,000 deep", "too_complex", 1, 1, "",
      then: Array(repeating: 91, count: 2000) + Array(repeating: 93, count: 2000)),
    Case(
      "flow mappings, 1,000 deep", "too_complex", 1, 3997,
      String(repeating: "{a: ", count: 1000) + String(repeating: "}", count: 1000)),
    Case("block lists on one line", "too_complex", 1, 65, String(repeating: "- ", count: 500_000)),
    Case(
      "block mappings, a column each", "too_complex", 257, 257,
      (0..<1000).map { String(repeating: " ", count: $0) + "a:\n" }.joined()),
    Case(
      "block mappings, 200 deep", "too_complex", 32, 32,
      (0..<200).map { String(repeating: " ", count: $0) + "a:\n" }.joined()),
    Case("alias bomb", "too_complex", 4, 40, bomb(9)),
    Case(
      "small alias bomb in keys", "alias_refused", 1, 4, "a: &a [x]\nb: &b [*a, *a]\n? *b\n: x\n"),
    Case(
      "alias bomb in keys", "too_complex", 14, 3,
      "a: &a [x,x,x]\n"
        + (0..<12).map {
          "\(UnicodeScalar(UInt8(98 + $0))): &\(UnicodeScalar(UInt8(98 + $0))) [*\(UnicodeScalar(UInt8(97 + $0))), *\(UnicodeScalar(UInt8(97 + $0)))]\n"
        }.joined() + "? *m\n: x\n? *m\n: y\n"),
    Case("merge key", "alias_refused", 1, 7, "base: &b {use: x}\nother: {<<: *b}\n"),
  ]

  /// Lists that each hold the list before nine times.
  private static func bomb(_ levels: Int) -> String {
    var text = "a0: &a0 [x]\n"
    for level in 1...levels {
      let alias = Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ", ")
      text += "a\(level): &a\(level) [\(alias)]\n"
    }
    return text
  }

  @Test(.timeLimit(.minutes(10)), arguments: cases)
  func hostileTextIsRefusedAtItsPlace(_ item: Case) {
    let reading = TestClinic.reader.read(text: item.bytes, fileName: "hostile.yaml")
    #expect(reading.plan == nil)
    let first = reading.diagnostics.first
    #expect(first?.code.name == item.code)
    #expect(first.map { [$0.line, $0.column] } == [item.line, item.column])
    #expect(first.map { $0.text.utf8.count < 1000 } ?? false)
  }

  /// Files just below the limits, each made to be slow in its own way.
  static let heavy: [(String, String)] = [
    ("unknown keys", (0..<90_000).map { "k\($0): 1\n" }.joined()),
    ("one key, many times", String(repeating: "key: 1\n", count: 140_000)),
    ("many stages", "stages:\n" + (0..<60_000).map { "  s\($0): {}\n" }.joined()),
    (
      "stages that take from everywhere",
      "stages:\n"
        + (0..<900).map { stage in
          "  s\(stage): {use: test.recode, from: ["
            + (0..<150).map { "s\((stage + $0 + 1) % 900)" }.joined(separator: ", ") + "]}\n"
        }.joined()
    ),
    (
      "inputs that are none",
      "stages:\n"
        + (0..<900).map {
          "  s\($0): {use: test.recode, from: \(String(repeating: "x", count: 60))\($0)}\n"
        }
        .joined()
    ),
    ("one long list", "tests: [" + String(repeating: "a,", count: 500_000) + "]\n"),
    ("one long text", "name: " + String(repeating: "a ", count: 500_000)),
    ("one long line of references", "memory: " + String(repeating: "${var:x}", count: 7_900)),
    (
      "open lists and many elements",
      "tests: " + String(repeating: "[", count: 900) + String(repeating: "a,", count: 400_000)
    ),
  ]

  @Test(.timeLimit(.minutes(10)), arguments: heavy.indices)
  func heavyTextIsRefusedSoon(_ index: Int) {
    let (name, text) = HostileTextTests.heavy[index]
    let clock = ContinuousClock()
    var reading: PipelineReader.Reading?
    let time = clock.measure {
      reading = TestClinic.reader.read(text: Array(text.utf8), fileName: "heavy.yaml")
    }
    print("\(name), \(text.utf8.count) bytes: refused in \(time)")
    #expect(reading?.plan == nil)
    #expect((1...200).contains(reading?.diagnostics.count ?? 0))
  }
}
