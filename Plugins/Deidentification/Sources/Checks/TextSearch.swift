/// A text that must not be in what leaves.
public struct ExpectedText: Sendable, Hashable {
  /// What it is called where it is found; never the text itself.
  public let name: String
  /// The text.
  public let text: String
  /// Whether it must stand by itself, with no letter or digit beside it.
  let isWord: Bool

  /// The fewest letters and digits that are looked for: of two, some stand in every file.
  public static let fewestCharacters = 3
  /// Shorter texts are looked for as whole words: a name of three letters is in many words.
  private static let fewestInWords = 5

  /// Names a text.
  ///
  /// - Parameter isWord: whether it must stand by itself however long it is, as a row of digits must.
  /// - Returns: `nil` for a text of fewer than ``fewestCharacters``.
  public init?(_ text: String, named name: String, isWord: Bool = false) {
    guard text.count >= ExpectedText.fewestCharacters else { return nil }
    self.name = name
    self.text = text
    self.isWord = isWord || text.count < ExpectedText.fewestInWords
  }
}

/// Looks for texts in bytes, in each of the forms in which programs write text.
///
/// Upper and lower case are one. The forms are UTF-8, Latin-1 and UTF-16 of both orders; what is packed or
/// coded is unpacked by ``FileLayers`` first. One pass, about 1 ns a byte, whatever the number of texts.
public struct TextSearch: Sendable {
  /// A way of writing text as bytes.
  public enum Form: String, Sendable, CaseIterable {
    /// UTF-8, and ASCII.
    case utf8 = "UTF-8"
    /// ISO 8859-1.
    case latin1 = "Latin-1"
    /// UTF-16, low byte first.
    case utf16Little = "UTF-16"
    /// UTF-16, high byte first.
    case utf16Big = "UTF-16, high byte first"
  }

  /// A text that is there.
  public struct Hit: Sendable, Hashable {
    /// Which.
    public let text: ExpectedText
    /// In which form.
    public let form: Form
    /// Where it begins.
    public let offset: Int
  }

  private struct Needle: Sendable {
    let bytes: [UInt8]
    let text: Int
    let form: Form
    let isWord: Bool
  }

  /// The texts.
  public let texts: [ExpectedText]
  /// What begins with three folded bytes.
  private let needles: [Int: [Needle]]
  /// A bit for each three bytes that something begins with.
  private let beginnings: [UInt64]

  /// Prepares a search.
  public init(for texts: [ExpectedText]) {
    self.texts = texts
    var needles: [Int: [Needle]] = [:]
    for (index, text) in texts.enumerated() {
      var known: Set<[UInt8]> = []
      for (bytes, form) in TextSearch.forms(of: text.text) {
        let folded = bytes.map(TextSearch.fold)
        guard known.insert(folded).inserted else { continue }
        needles[TextSearch.beginning(folded[0], folded[1], folded[2]), default: []].append(
          Needle(bytes: folded, text: index, form: form, isWord: text.isWord))
      }
    }
    var beginnings = [UInt64](repeating: 0, count: texts.isEmpty ? 0 : 1 << 18)
    for start in needles.keys { beginnings[start >> 6] |= 1 << UInt64(start & 63) }
    (self.needles, self.beginnings) = (needles, beginnings)
  }

  /// The first place of each text in each form; empty when none is there.
  ///
  /// - Parameter words: whether texts that must stand by themselves are looked for. Among pixels, chance
  ///   writes short words.
  public func hits(in bytes: [UInt8], words: Bool = true) -> [Hit] {
    guard !needles.isEmpty, bytes.count >= 3 else { return [] }
    var hits: [Hit] = []
    var found: Set<Int> = []
    bytes.withUnsafeBufferPointer { bytes in
      var (first, second) = (Int(TextSearch.fold(bytes[0])), Int(TextSearch.fold(bytes[1])))
      for index in 2..<bytes.count {
        let third = Int(TextSearch.fold(bytes[index]))
        let start = first << 16 | second << 8 | third
        (first, second) = (second, third)
        guard beginnings[start >> 6] >> UInt64(start & 63) & 1 == 1 else { continue }
        for needle in needles[start] ?? [] where words || !needle.isWord {
          guard TextSearch.isThere(needle, in: bytes, at: index - 2),
            found.insert(needle.text << 2 | needle.form.number).inserted
          else { continue }
          hits.append(Hit(text: texts[needle.text], form: needle.form, offset: index - 2))
        }
      }
    }
    return hits
  }

  private static func isThere(
    _ needle: Needle, in bytes: UnsafeBufferPointer<UInt8>, at start: Int
  ) -> Bool {
    let end = start + needle.bytes.count
    guard end <= bytes.count else { return false }
    for index in 3..<max(3, needle.bytes.count)
    where fold(bytes[start + index]) != needle.bytes[index] { return false }
    guard needle.isWord else { return true }
    switch needle.form {
    case .utf8, .latin1:
      return !(start > 0 && isWordByte(bytes[start - 1]))
        && !(end < bytes.count && isWordByte(bytes[end]))
    case .utf16Little, .utf16Big:
      let (low, high) = needle.form == .utf16Little ? (0, 1) : (1, 0)
      func isWord(_ at: Int) -> Bool {
        at >= 0 && at + 1 < bytes.count && bytes[at + high] == 0 && isWordByte(bytes[at + low])
      }
      return !isWord(start - 2) && !isWord(end)
    }
  }

  private static func forms(of text: String) -> [(bytes: [UInt8], form: Form)] {
    // Of letters beyond ASCII, case is not folded by byte.
    Set([text, text.lowercased(), text.uppercased()]).sorted().flatMap { text in
      let units = Array(text.utf16)
      let latin = text.unicodeScalars.allSatisfy { $0.value < 256 }
      return [
        (Array(text.utf8), Form.utf8),
        (latin ? text.unicodeScalars.map { UInt8($0.value) } : [], .latin1),
        (units.flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] }, .utf16Little),
        (units.flatMap { [UInt8($0 >> 8), UInt8($0 & 255)] }, .utf16Big),
      ].filter { !$0.0.isEmpty }
    }
  }

  private static func beginning(_ first: UInt8, _ second: UInt8, _ third: UInt8) -> Int {
    Int(first) << 16 | Int(second) << 8 | Int(third)
  }

  @inline(__always)
  private static func fold(_ byte: UInt8) -> UInt8 {
    byte &- 65 < 26 ? byte | 32 : byte
  }

  private static func isWordByte(_ byte: UInt8) -> Bool {
    byte &- 48 < 10 || fold(byte) &- 97 < 26
  }
}

extension TextSearch.Form {
  fileprivate var number: Int {
    switch self {
    case .utf8: 0
    case .latin1: 1
    case .utf16Little: 2
    case .utf16Big: 3
    }
  }
}
