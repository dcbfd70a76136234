/// A photograph that is not let out, because something in it is not understood or cannot be removed.
///
/// The picture is held with this as the reason; its measurement is released by itself. Neither
/// `subject` nor `hint` ever holds a byte of the file.
public struct PhotographRefusal: Error, Sendable, Equatable, CustomStringConvertible {
  /// Why; open, so that new reasons break nobody.
  public struct Code: Hashable, Sendable {
    /// The stable name, as it stands in the quarantine.
    public let name: String
    /// Makes a code.
    public init(_ name: String) { self.name = name }

    /// Not JPEG, PNG or TIFF, or a kind of these that is not read.
    public static let unsupportedFormat = Code("unsupported_format")
    /// The file breaks its format's rules, so that readers may disagree on what it shows.
    public static let malformed = Code("malformed")
    /// The file ends before its picture does.
    public static let truncated = Code("truncated")
    /// The file declares more pixels than are read.
    public static let tooLarge = Code("too_large")
    /// The file holds more than one picture, and which one was measured is not known.
    public static let severalPictures = Code("several_pictures")
    /// The picture has see-through pixels, under which content can hide.
    public static let transparency = Code("transparency")
    /// The colour profile is not one that can be replaced by a canonical one.
    public static let unknownColourProfile = Code("unknown_colour_profile")
    /// Text or a mark that looks like text is part of the pixels.
    public static let burnedInText = Code("burned_in_text")
  }

  /// Why.
  public let code: Code
  /// Where in the file: the part's name in its format.
  public let subject: String
  /// What to do.
  public let hint: String

  /// Makes a refusal.
  public init(_ code: Code, subject: String, hint: String) {
    self.code = code
    self.subject = subject
    self.hint = hint
  }

  /// Kind, place and remedy on one line.
  public var description: String { "\(code.name): \(subject); \(hint)" }

  static func malformed(_ subject: String) -> PhotographRefusal {
    PhotographRefusal(
      .malformed, subject: subject, hint: "open the original and save it again as a plain file")
  }

  static func truncated(_ subject: String) -> PhotographRefusal {
    PhotographRefusal(
      .truncated, subject: subject, hint: "copy the original again, it is not complete")
  }

  static func unsupported(_ subject: String) -> PhotographRefusal {
    PhotographRefusal(
      .unsupportedFormat, subject: subject,
      hint: "convert the original to a grey or RGB picture, JPEG, PNG or TIFF, 8 or 16 bits")
  }
}
