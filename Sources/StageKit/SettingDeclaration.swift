public import ClinicalRecords

/// One setting of a stage, declared once.
///
/// Validation, JSON Schema, help and `plugin list` text all come from it. The default is what the
/// settings' `init()` sets.
public struct SettingDeclaration: Sendable {
  /// What values a setting takes.
  public indirect enum Kind: Sendable {
    /// `true` or `false`.
    case boolean
    /// A whole number within a range.
    case integer(ClosedRange<Int>)
    /// A number within a range, in the unit given, if any.
    case number(ClosedRange<Double>, unit: String?)
    /// Any text.
    case text
    /// One of some words.
    case choice([String])
    /// A file to read; its SHA-256 is part of the reuse key.
    case inputFile
    /// A folder to read.
    case inputFolder
    /// A file or folder to write, below the data folder.
    case outputPath
    /// A `${secret:NAME}`.
    case secret
    /// Several values of one kind.
    case list(Kind)
  }

  /// The key in the pipeline file, in `snake_case`: the Swift property `umPerPx` is `um_per_px`.
  public let key: String
  /// What values it takes.
  public let kind: Kind
  /// What it does, one sentence.
  public let help: String
  /// Whether the pipeline file must give it.
  public let required: Bool

  /// Declares a setting.
  public init(_ key: String, _ kind: Kind, _ help: String, required: Bool = false) {
    self.key = key
    self.kind = kind
    self.help = help
    self.required = required
  }

  /// The JSON Schema (2020-12) of the setting's values.
  ///
  /// - Parameter standard: the default, if there is one.
  public func jsonSchema(standard: JSONValue?) -> JSONValue {
    var members = kind.schemaMembers
    members.append(JSONValue.Member("description", .string(help)))
    if let standard, standard != .null { members.append(JSONValue.Member("default", standard)) }
    return .object(members)
  }
}

extension SettingDeclaration.Kind {
  /// In words, such as `number 0.5 to 50 um`.
  public var words: String {
    switch self {
    case .boolean: "true or false"
    case .integer(let range): "whole number \(range.lowerBound) to \(range.upperBound)"
    case .number(let range, let unit):
      "number \(JSONValue.number(range.lowerBound).text) to "
        + "\(JSONValue.number(range.upperBound).text)" + (unit.map { " \($0)" } ?? "")
    case .text: "text"
    case .choice(let words): words.joined(separator: " | ")
    case .inputFile: "file"
    case .inputFolder: "folder"
    case .outputPath: "path below the data folder"
    case .secret: "${secret:NAME}"
    case .list(let kind): "list of \(kind.words)"
    }
  }

  fileprivate var schemaMembers: [JSONValue.Member] {
    func type(_ name: String) -> JSONValue.Member { JSONValue.Member("type", .string(name)) }
    switch self {
    case .boolean: return [type("boolean")]
    case .integer(let range):
      return [
        type("integer"), JSONValue.Member("minimum", .integer(Int64(range.lowerBound))),
        JSONValue.Member("maximum", .integer(Int64(range.upperBound))),
      ]
    case .number(let range, let unit):
      return [
        type("number"), JSONValue.Member("minimum", .number(range.lowerBound)),
        JSONValue.Member("maximum", .number(range.upperBound)),
      ] + (unit.map { [JSONValue.Member("unit", .string($0))] } ?? [])
    case .text, .inputFile, .inputFolder, .outputPath: return [type("string")]
    case .secret:
      return [
        type("string"), JSONValue.Member("pattern", .string("^\\$\\{secret:[A-Za-z0-9_.-]+\\}$")),
      ]
    case .choice(let words):
      return [JSONValue.Member("enum", .array(words.map { .string($0) }))]
    case .list(let kind):
      return [type("array"), JSONValue.Member("items", .object(kind.schemaMembers))]
    }
  }
}
