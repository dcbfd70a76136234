/// What a list of pictures says otherwise than what was filed by it when a run last came to its end.
///
/// It names subjects: it is shown below `private/` alone, and elsewhere by its file.
public struct ListChange: Sendable, Hashable {
  /// What changed.
  public enum Kind: String, Sendable, CaseIterable {
    /// The same bytes are listed under another subject, visit or place.
    case refiled = "another subject, visit or place"
    /// Other bytes lie under the name.
    case replaced = "other bytes"
    /// The date or the scale is another.
    case revalued = "another date or scale"
    /// It is listed no more, and another picture has its subject, visit and place.
    case displaced = "another picture has its place"
    /// It is listed no more, and its bytes stand where another file was listed with them before.
    case dropped = "listed no more, a copy stands"
    /// It is listed no more, and stands.
    case unlisted = "listed no more, stands"
  }

  /// What changed.
  public let kind: Kind
  /// The picture's file, by its name without folders.
  public let file: String
  /// What was filed: an acquisition, or a date and a scale.
  public let before: String
  /// What the list says now; empty where it says nothing.
  public let now: String

  /// Makes a change.
  public init(_ kind: Kind, file: String, before: String, now: String) {
    self.kind = kind
    self.file = file
    self.before = before
    self.now = now
  }
}
