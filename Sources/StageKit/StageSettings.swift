public import ClinicalRecords
import FoundationEssentials

/// A stage's settings: a Codable struct whose `init()` holds the defaults.
public protocol StageSettings: Codable, Sendable {
  /// Makes the defaults.
  init()
  /// Every setting, one declaration a stored property, in the order in which help shows them.
  static var declarations: [SettingDeclaration] { get }
  /// What is wrong with values that are each in range but do not go together.
  func problems() -> [SettingProblem]
  /// What the study asks for and these settings do not give.
  func problems(in study: Study) -> [SettingProblem]
  /// The label that a de-identifying stage gives its output with these settings, and the setting
  /// that decides it; `nil` where the manifest's label holds whatever the settings are.
  var givenLabel: GivenLabel? { get }
}

extension StageSettings {
  /// Nothing to object to.
  public func problems() -> [SettingProblem] { [] }
  /// Nothing.
  public func problems(in study: Study) -> [SettingProblem] { [] }
  /// The manifest's.
  public var givenLabel: GivenLabel? { nil }
}

/// The label of a stage's output as its settings decide it.
public struct GivenLabel: Sendable, Equatable {
  /// The label.
  public let label: PrivacyLabel
  /// The setting that decides it.
  public let setting: String
  /// The values of that setting by the label that each gives.
  public let values: [PrivacyLabel: String]

  /// Makes a label with its reason.
  public init(_ label: PrivacyLabel, by setting: String, values: [PrivacyLabel: String]) {
    self.label = label
    self.setting = setting
    self.values = values
  }
}

/// Something wrong with a setting.
public struct SettingProblem: Error, Sendable, Equatable, CustomStringConvertible {
  /// The setting's key; empty when it is about all of them.
  public let key: String
  /// What is wrong.
  public let what: String
  /// What to do.
  public let hint: String
  /// Makes a problem.
  public init(_ key: String, _ what: String, hint: String) {
    self.key = key
    self.what = what
    self.hint = hint
  }

  /// What is wrong and what to do.
  public var description: String { "'\(key)': \(what); \(hint)" }
}

/// The settings of a stage that has none.
public struct NoSettings: StageSettings {
  /// Makes them.
  public init() {}
  /// None.
  public static var declarations: [SettingDeclaration] { [] }
}

/// A secret that a setting names: the name stands in plans and digests, never the bytes.
public struct SecretReference: Codable, Sendable, Equatable {
  /// The secret's name.
  public let name: String
  /// Wraps a name.
  public init(name: String) { self.name = name }

  /// Reads the text `secret:NAME`.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard text.hasPrefix("secret:"), text.count > 7 else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "a secret is given as ${secret:NAME}")
    }
    name = String(text.dropFirst(7))
  }

  /// Writes `secret:NAME`.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode("secret:\(name)")
  }
}

/// Reads settings from a JSON document laid over their defaults.
public enum SettingsReader {
  /// The defaults of a settings type, under the keys of the pipeline file.
  public static func defaults<Settings: StageSettings>(of type: Settings.Type) throws -> JSONValue {
    guard case .object(let members) = try CanonicalJSONEncoder().document(Settings()) else {
      return .object([])
    }
    return .object(members.map { JSONValue.Member(snakeCase($0.key), $0.value) })
  }

  /// Lays `given` over the defaults and reads the result.
  ///
  /// - Parameter given: an object under the keys of the pipeline file, checked by kind before.
  /// - Throws: ``SettingProblem`` for a value of the wrong type and for what ``StageSettings``'s
  ///   `problems()` finds first.
  public static func read<Settings: StageSettings>(
    _ type: Settings.Type, from given: JSONValue
  ) throws -> Settings {
    guard case .object(let over) = given, case .object(let under) = try defaults(of: type) else {
      throw SettingProblem("", "settings are a mapping", hint: "write 'with: {KEY: VALUE}'")
    }
    var members = under.filter { member in !over.contains { $0.key == member.key } }
    members += over
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    let settings: Settings
    do {
      settings = try decoder.decode(type, from: Data(JSONValue.object(members).serialised()))
    } catch let error as DecodingError {
      throw problem(of: error)
    }
    if let first = settings.problems().first { throw first }
    return settings
  }

  /// `umPerPx` as `um_per_px`.
  public static func snakeCase(_ name: String) -> String {
    var result = ""
    for character in name {
      if character.isUppercase {
        result += "_" + character.lowercased()
      } else {
        result.append(character)
      }
    }
    return result
  }

  private static func problem(of error: DecodingError) -> SettingProblem {
    let path: [any CodingKey]
    let what: String
    switch error {
    case .typeMismatch(_, let context), .valueNotFound(_, let context):
      path = context.codingPath
      what = "the value is of the wrong type"
    case .keyNotFound(let key, let context):
      path = context.codingPath + [key]
      what = "the value is missing"
    case .dataCorrupted(let context):
      path = context.codingPath
      what = context.debugDescription
    @unknown default:
      path = []
      what = "the value cannot be read"
    }
    return SettingProblem(
      path.first.map { snakeCase($0.stringValue) } ?? "", what,
      hint: "'anagen plugin list' shows what it takes")
  }
}
