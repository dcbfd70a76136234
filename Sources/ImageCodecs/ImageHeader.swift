/// What a picture says of itself, read without decoding its pixels.
public struct ImageHeader: Sendable, Equatable {
  /// The format of the content.
  public let format: ImageFormat
  /// Pixels a row as displayed, after the orientation.
  public let width: Int
  /// Rows as displayed, after the orientation.
  public let height: Int
  /// 1 (grey) or 3 (red, green, blue) once decoded; a palette is expanded, alpha not counted.
  public let channels: Int
  /// 8 or 16 once decoded; smaller depths are expanded to 8.
  public let bitsPerSample: Int
  /// How the stored rows lie; decoding applies it.
  public let orientation: ImageOrientation
  /// Whether the picture carries a colour profile.
  public let hasColourProfile: Bool
  /// The resolution that the file states, if any.
  public let statedResolution: StatedResolution?
  /// What is worth telling though the picture is readable.
  public let notes: [ImageNote]
}

/// A resolution written in a file: for a photograph usually a default of its program (72, 96 or
/// 300 dpi), so it becomes a measuring scale only when someone says that it is one.
public struct StatedResolution: Sendable, Equatable {
  /// Micrometres a pixel along x as displayed.
  public let micrometresPerPixelX: Double
  /// Micrometres a pixel along y as displayed.
  public let micrometresPerPixelY: Double

  /// Makes a resolution from pixels a metre; `nil` unless both are positive and finite.
  init?(xPerMetre: Double, yPerMetre: Double) {
    guard xPerMetre > 0, yPerMetre > 0, xPerMetre.isFinite, yPerMetre.isFinite else { return nil }
    micrometresPerPixelX = 1e6 / xPerMetre
    micrometresPerPixelY = 1e6 / yPerMetre
  }

  /// The same resolution with x and y exchanged.
  var transposed: StatedResolution? {
    StatedResolution(xPerMetre: 1e6 / micrometresPerPixelY, yPerMetre: 1e6 / micrometresPerPixelX)
  }
}

/// Something about a readable picture that its owner should know.
public struct ImageNote: Sendable, Hashable, CustomStringConvertible {
  /// What kind of note; open, so that new kinds break nobody.
  public struct Code: Hashable, Sendable {
    /// The stable name.
    public let name: String
    /// Makes a code.
    public init(_ name: String) { self.name = name }
    /// The file's name says another format than its content.
    public static let nameDisagrees = Code("name_disagrees")
    /// The file has more pages; the first is read.
    public static let morePages = Code("more_pages")
    /// A fully opaque alpha channel was left out.
    public static let opaqueAlpha = Code("opaque_alpha")
    /// Colours were converted from the picture's profile to sRGB.
    public static let colourConverted = Code("colour_converted")
    /// The library warned about something that does not touch the pixels.
    public static let libraryWarning = Code("library_warning")
  }

  /// What kind of note.
  public let code: Code
  /// The note in words, lower case.
  public let text: String

  /// Makes a note.
  public init(_ code: Code, _ text: String) {
    self.code = code
    self.text = text
  }

  /// The note in words.
  public var description: String { text }
}
