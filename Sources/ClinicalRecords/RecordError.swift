/// A record that cannot be made, read or opened.
public struct RecordError: Error, Sendable, CustomStringConvertible {
  /// What kind of failure; open, so that new kinds break nobody.
  public struct Code: Hashable, Sendable {
    /// The stable name.
    public let name: String
    /// Makes a code.
    public init(_ name: String) { self.name = name }
    /// The bytes of a content are not where they should be.
    public static let contentMissing = Code("content_missing")
    /// The bytes of a content cannot be read now: no fault of the record's, but the machine's.
    public static let contentUnreadable = Code("content_unreadable")
    /// The bytes of a content are not those that were stored.
    public static let contentChanged = Code("content_changed")
    /// A value breaks the type's rules.
    public static let invalidValue = Code("invalid_value")
    /// A number that JSON cannot carry (infinite or not a number).
    public static let notFinite = Code("not_finite")
  }

  /// What kind of failure.
  public let code: Code
  /// Which field or content; never a patient's value.
  public let subject: String
  /// What to do.
  public let hint: String

  /// Makes an error.
  public init(_ code: Code, subject: String, hint: String) {
    self.code = code
    self.subject = subject
    self.hint = hint
  }

  /// Kind, subject and hint on one line.
  public var description: String { "\(code.name): \(subject); \(hint)" }
}
