/// What was found in one file besides its pixels, and what was done with it.
///
/// Names come from the format, never from the file: a private chunk's name or a comment's text
/// could itself identify.
public struct RemovalReport: Sendable, Codable, Equatable {
  /// What was done with a carrier.
  public enum Action: String, Sendable, Codable, CaseIterable {
    /// It is not in the released file.
    case removed
    /// It is there in one canonical form that carries only what the picture needs.
    case normalised
    /// It stays as it is, for the picture would show otherwise without it.
    case kept
  }

  /// One kind of carrier in the file.
  public struct Entry: Sendable, Codable, Equatable {
    /// What carried it, such as `jpeg.app1.exif`, `exif.gps` or `png.text`.
    public let carrier: String
    /// What was done.
    public let action: Action
    /// The rule that says so; each is listed in the plugin's README.
    public let rule: String
    /// How many of the kind.
    public var count: Int
    /// How many bytes of the original they took, their framing included.
    public var byteCount: Int
  }

  /// The carriers in the order in which they were first met.
  public private(set) var entries: [Entry] = []

  /// Makes an empty report.
  public init() {}

  /// Whether nothing was removed and nothing changed its form.
  public var changedNothing: Bool { entries.allSatisfy { $0.action == .kept } }

  /// Notes one carrier; the same kind met again is counted, not repeated.
  public mutating func note(
    _ carrier: String, _ action: Action, rule: RemovalRule, byteCount: Int
  ) {
    let known = entries.firstIndex {
      $0.carrier == carrier && $0.action == action && $0.rule == rule.rawValue
    }
    if let known {
      entries[known].count += 1
      entries[known].byteCount += byteCount
    } else {
      entries.append(
        Entry(
          carrier: carrier, action: action, rule: rule.rawValue, count: 1, byteCount: byteCount))
    }
  }
}

/// The rules by which something in a photograph stays, changes or goes.
///
/// An allow-list: what no rule lets stay goes by ``notListed``, and what cannot be understood
/// stops the file.
public enum RemovalRule: String, Sendable, Codable, CaseIterable {
  /// Metadata that is not on the allow-list goes, whatever it says.
  case notListed = "not-listed"
  /// Tables that no part of the picture uses go.
  case unusedTable = "unused-table"
  /// Bytes that no reader decodes go: after the end, between parts, in padding.
  case outsidePicture = "outside-picture"
  /// The display orientation stays, alone, since the measured coordinates stand on it.
  case orientationOnly = "orientation-only"
  /// A header is rewritten with fixed values in every field that does not shape the picture.
  case canonicalHeader = "canonical-header"
  /// A known colour space is named by a profile made here; the file's own profile goes.
  case canonicalColour = "canonical-colour"
}

/// A photograph that carries pixels and, besides one constant mark, nothing else.
public struct ScrubbedPhotograph: Sendable, Equatable {
  /// The file: decoded, it gives the same samples as the original, bit by bit.
  public let bytes: [UInt8]
  /// The file's format.
  public let format: PhotographFormat
  /// What was found, and what was done with it.
  public let report: RemovalReport
}
