public import ClinicalRecords

/// Something wrong with a pipeline or study file, at its place.
///
/// The message says what is wrong and what to do, never the value of a secret or of a patient.
public struct Diagnostic: Error, Sendable, Hashable {
  /// Whether the file can be used all the same.
  public enum Severity: String, Sendable, Codable, CaseIterable {
    /// The file cannot be used.
    case error
    /// The file can be used; somebody should look.
    case warning
  }

  /// Whether the file can be used all the same.
  public let severity: Severity
  /// What kind of fault, by a stable name that `explain` knows.
  public let code: Code
  /// The file, as the command was given it.
  public let file: String
  /// The line, from 1.
  public let line: Int
  /// The column in Unicode scalars, from 1.
  public let column: Int
  /// How many columns the caret underlines, from 1.
  public let width: Int
  /// What is wrong.
  public let what: String
  /// What to do.
  public let hint: String
  /// The known name that is nearest to a misspelt one.
  public let nearest: String?
  /// The source line; empty past the end of the file.
  public let sourceLine: String

  /// What is wrong; what to do.
  public var message: String { "\(what); \(hint)" }

  /// `file:line:column: error: what; what to do [code]`, the source line and a caret, on three
  /// lines without a final line feed.
  public var text: String {
    let head = "\(file):\(line):\(column): \(severity.rawValue): \(message) [\(code.name)]"
    let number = String(line)
    let margin = String(repeating: " ", count: number.count)
    let (shown, indent) = window()
    let carets = "^" + String(repeating: "~", count: max(0, min(width, shown.count - indent) - 1))
    return """
      \(head)
        \(number) | \(shown)
        \(margin) | \(String(repeating: " ", count: indent))\(carets)
      """
  }

  /// The diagnostic as `validate --format json` prints it.
  public var json: JSONValue {
    var members = [
      JSONValue.Member("severity", .string(severity.rawValue)),
      JSONValue.Member("code", .string(code.name)), JSONValue.Member("file", .string(file)),
      JSONValue.Member("line", .integer(Int64(line))),
      JSONValue.Member("column", .integer(Int64(column))), JSONValue.Member("what", .string(what)),
      JSONValue.Member("hint", .string(hint)),
    ]
    if let nearest { members.append(JSONValue.Member("nearest", .string(nearest))) }
    return .object(members)
  }

  /// Renders diagnostics one after another, as they stand.
  public static func text(_ diagnostics: [Diagnostic]) -> String {
    diagnostics.map { $0.text + "\n" }.joined()
  }

  /// The part of the source line that is shown, and how far into it the caret stands.
  ///
  /// A line of a hostile file may be as long as the file, so at most 120 columns are shown.
  private func window() -> (text: String, indent: Int) {
    let scalars = Array(sourceLine.unicodeScalars)
    let position = min(max(0, column - 1), scalars.count)
    let start = scalars.count <= 120 ? 0 : max(0, min(position - 60, scalars.count - 120))
    let shown = scalars[start..<min(scalars.count, start + 120)]
    var text = String.UnicodeScalarView()
    text.append(
      contentsOf: shown.map { $0.value < 32 || $0.value == 127 ? Unicode.Scalar(32) : $0 })
    return (String(text), position - start)
  }
}

extension Diagnostic {
  /// What kind of fault; open, so that new kinds break nobody.
  public struct Code: Sendable {
    /// The stable name.
    public let name: String
    /// What `explain` says of it.
    public let explanation: String
    /// Makes a code.
    public init(_ name: String, _ explanation: String) {
      self.name = name
      self.explanation = explanation
    }
  }
}

extension Diagnostic.Code: Hashable {
  /// Codes of one name are equal.
  public static func == (left: Diagnostic.Code, right: Diagnostic.Code) -> Bool {
    left.name == right.name
  }

  /// Hashes the name.
  public func hash(into hasher: inout Hasher) { hasher.combine(name) }
}
