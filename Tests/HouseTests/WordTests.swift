import Testing

/// Words that do not stand in names, in code or in the tree.
///
/// The words are put together from parts here, so that this file may be searched as well.
@Suite("words")
struct WordTests {
  /// A line that a rule forbids and that stays, with the reason.
  struct Allowance: Sendable {
    let path: String
    let contains: String
    let reason: String
  }

  static let allowances = [
    Allowance(
      path: "Sources/PipelineFiles/StudyReader.swift", contains: "try? Regex(pattern)",
      reason: "no I/O: a pattern that cannot be read was reported where it stands")
  ]

  /// Jobs that have no name are two jobs.
  static let namelessNames: Set<String> = [
    "Manager", "Helper", "Helpers", "Util", "Utils", "Utility", "Utilities", "Common", "Base",
    "Impl", "Misc", "Info",
  ]

  struct Rule: Sendable, CustomTestStringConvertible {
    let testDescription: String
    /// Words without which the pattern cannot match: most files are then not searched by it.
    let hints: [String]
    let pattern: String
    let remedy: String
    var skips: @Sendable (String) -> Bool = { _ in false }
  }

  /// Searched in code without comments and strings, of what is shipped.
  static let codeRules = [
    Rule(
      testDescription: "no swallowed errors", hints: ["try?"], pattern: #"\btry\?"#,
      remedy: "handle the error, or turn it into a diagnostic"),
    Rule(
      testDescription: "libraries do not print", hints: ["rint(", "dump("],
      pattern: #"(^|[^\w.])(print|debugPrint|dump)\("#,
      remedy: "return it, or log it through the context",
      skips: { $0.hasPrefix("Sources/anagen/") }),
    Rule(
      testDescription: "every task has a parent", hints: ["detached"],
      pattern: #"\bTask\.detached\b"#, remedy: "use a task group"),
  ]

  private static let notes = ["TO" + "DO", "FIX" + "ME"]
  private static let praise = [
    "compre" + "hensive", "seam" + "less", "blaz" + "ing", "world-" + "class",
    "production-" + "ready", "state-of-the-" + "art", "cutting-" + "edge",
  ]

  /// Searched in every text file, comments and strings included.
  static let textRules = [
    Rule(
      testDescription: "no notes to self", hints: notes,
      pattern: "\\b(" + notes.joined(separator: "|") + ")\\b", remedy: "do it, or open an issue"),
    Rule(
      testDescription: "nothing is left unwritten", hints: ["fatalError"],
      pattern: "fatalError\\(\"" + "not", remedy: "write it, or leave it out"),
    Rule(
      testDescription: "no path of somebody's machine",
      hints: ["work", "home", "Users", "root"].map { "/\($0)/" },
      pattern: #"(^|[\s"'(=:])/(work|home|Users|root)/\w"#,
      remedy: "use a path relative to the package"),
    Rule(
      testDescription: "no secret", hints: ["PRIVATE"], pattern: "BEGIN [A-Z ]*PRIVATE " + "KEY",
      remedy: "make keys in the test that needs them"),
    Rule(
      testDescription: "no merge left half done", hints: ["<<<<<<<", ">>>>>>>", "======="],
      pattern: "^(<{7} |>{7} |={7}$)", remedy: "finish the merge"),
    Rule(
      testDescription: "no banner comments",
      hints: ["------", "======", "******", "######", "//////"],
      pattern: #"^\s*(//|#)\s*[-=*#/]{6,}"#, remedy: "use `// MARK:`"),
    Rule(
      testDescription: "no praise of our own work", hints: praise,
      pattern: "(?i)\\b(" + praise.joined(separator: "|") + ")", remedy: "say what it does"),
  ]

  @Test(arguments: codeRules)
  func `shipped code keeps`(_ rule: Rule) throws {
    let pattern = try Regex(rule.pattern)
    for path in PackageTree.shared.productFiles where !rule.skips(path) {
      let text = try PackageTree.shared.text(path)
      guard rule.hints.contains(where: text.contains) else { continue }
      let source = SwiftSource(text)
      for (index, line) in source.codeLines.enumerated() where line.contains(pattern) {
        report(path, line: index + 1, source.lines[index], rule.remedy)
      }
    }
  }

  @Test(arguments: textRules)
  func `every text file keeps`(_ rule: Rule) throws {
    let pattern = try Regex(rule.pattern)
    for path in PackageTree.shared.textFiles {
      let text = try PackageTree.shared.text(path)
      guard rule.hints.contains(where: text.contains) else { continue }
      let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
      for (index, line) in lines.enumerated() where line.contains(pattern) {
        report(path, line: index + 1, String(line), rule.remedy)
      }
    }
  }

  @Test func `no emoji`() throws {
    for path in PackageTree.shared.textFiles {
      let text = try PackageTree.shared.text(path)
      if let scalar = text.unicodeScalars.first(where: \.properties.isEmojiPresentation) {
        Issue.record("\(path): U+\(String(scalar.value, radix: 16)); say it in words")
      }
    }
  }

  @Test func `files and types are named after what they are`() throws {
    for path in PackageTree.shared.swiftFiles {
      let file = path.split(separator: "/").last?.split(separator: ".").first ?? ""
      for word in words(in: file) where Self.namelessNames.contains(word) {
        Issue.record("\(path): '\(word)' names no job")
      }
      let source = SwiftSource(try PackageTree.shared.text(path))
      for (index, line) in source.codeLines.enumerated() {
        for match in line.matches(of: /\b(?:struct|class|enum|actor|protocol|typealias)\s+(\w+)/) {
          for word in words(in: match.1) where Self.namelessNames.contains(word) {
            Issue.record("\(path):\(index + 1): '\(word)' in \(match.1) names no job")
          }
        }
      }
    }
  }

  @Test func `a type that is sendable by promise says why`() throws {
    for path in PackageTree.shared.swiftFiles {
      let text = try PackageTree.shared.text(path)
      guard text.contains("@unchecked Sendable") else { continue }
      let source = SwiftSource(text)
      for (index, line) in source.codeLines.enumerated() where line.contains("@unchecked Sendable")
      {
        let above = source.lines[..<index].reversed().prefix { !$0.allSatisfy(\.isWhitespace) }
        if !above.prefix(12).contains(where: { $0.contains("// Sendable: ") }) {
          report(path, line: index + 1, source.lines[index], "prove it in `// Sendable: …` above")
        }
      }
    }
  }

  @Test func `every allowance is still needed`() throws {
    for allowance in Self.allowances {
      let text = try PackageTree.shared.text(allowance.path)
      #expect(text.contains(allowance.contains), "remove the allowance for \(allowance.path)")
    }
  }

  private func words(in name: Substring) -> [String] {
    name.matches(of: /[A-Z][a-z0-9]+|[A-Z]+(?![a-z])|[a-z0-9]+/).map { String($0.0) }
  }

  private func report(_ path: String, line: Int, _ text: String, _ remedy: String) {
    let isAllowed = Self.allowances.contains { $0.path == path && text.contains($0.contains) }
    guard !isAllowed else { return }
    Issue.record("\(path):\(line): \(text.prefix(80)); \(remedy)")
  }
}
