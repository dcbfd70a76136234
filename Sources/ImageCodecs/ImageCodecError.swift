/// A picture that cannot be read or written.
public struct ImageCodecError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What kind of failure; open, so that new kinds break nobody.
  public struct Code: Hashable, Sendable {
    /// The stable name, such as `truncated`.
    public let name: String
    /// Makes a code.
    public init(_ name: String) { self.name = name }
    /// No bytes at all.
    public static let empty = Code("empty")
    /// The content is no picture format that is known here.
    public static let unknownFormat = Code("unknown_format")
    /// A known format that is not read, such as HEIC.
    public static let unsupportedFormat = Code("unsupported_format")
    /// A readable format with a content that is not read, such as CMYK.
    public static let unsupportedContent = Code("unsupported_content")
    /// The data ends before the picture does.
    public static let truncated = Code("truncated")
    /// The data contradicts its format.
    public static let corrupt = Code("corrupt")
    /// More pixels than ``DecodingLimits`` allows.
    public static let tooLarge = Code("too_large")
    /// More progressive scans than ``DecodingLimits`` allows.
    public static let tooManyScans = Code("too_many_scans")
    /// Pixels that are not opaque.
    public static let transparent = Code("transparent")
    /// A colour profile that cannot be applied.
    public static let colourProfile = Code("colour_profile")
    /// The system gave no memory.
    public static let outOfMemory = Code("out_of_memory")
    /// An encoder setting out of range.
    public static let invalidSetting = Code("invalid_setting")
  }

  /// What kind of failure.
  public let code: Code
  /// What failed, such as `JPEG data`; never a file name, which only the caller knows.
  public let subject: String
  /// What to do.
  public let hint: String

  /// Makes an error.
  public init(_ code: Code, subject: String, hint: String) {
    self.code = code
    self.subject = subject
    self.hint = hint
  }

  /// Subject and hint on one line.
  public var description: String { "\(subject); \(hint)" }
}
