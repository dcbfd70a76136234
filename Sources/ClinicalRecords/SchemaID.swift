/// Names a record's type and the version of its encoding, as `anagen.hair-measurement/1.0`.
public struct SchemaID: Hashable, Sendable, CustomStringConvertible {
  /// The dotted name, such as `anagen.hair-measurement`.
  public let name: String
  /// Raised when old readers can no longer read.
  public let major: Int
  /// Raised when keys are added.
  public let minor: Int

  /// Makes an id of a name and a version.
  public init(_ name: String, _ major: Int, _ minor: Int) {
    self.name = name
    self.major = major
    self.minor = minor
  }

  /// Reads `name/major.minor`; `nil` when the text is not of that form.
  public init?(parsing text: String) {
    let halves = text.split(separator: "/", omittingEmptySubsequences: false)
    guard halves.count == 2, !halves[0].isEmpty else { return nil }
    let version = halves[1].split(separator: ".", omittingEmptySubsequences: false)
    guard version.count == 2, let major = Int(version[0]), let minor = Int(version[1]) else {
      return nil
    }
    self.init(String(halves[0]), major, minor)
  }

  /// Whether a stage built for this schema can take a record of `produced`: same name and major,
  /// at least this minor.
  public func accepts(_ produced: SchemaID) -> Bool {
    name == produced.name && major == produced.major && produced.minor >= minor
  }

  /// `name/major.minor`.
  public var description: String { "\(name)/\(major).\(minor)" }
}

extension SchemaID: Codable {
  /// Reads the text form.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let id = SchemaID(parsing: text) else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "not a schema id of the form name/major.minor")
    }
    self = id
  }

  /// Writes the text form.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
