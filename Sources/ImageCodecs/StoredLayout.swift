import CImageCodecs

/// A picture as its file stores it, before orientation and colour are applied.
struct StoredLayout {
  let format: ImageFormat
  let width: Int
  let height: Int
  let channels: Int
  let bitsPerSample: Int
  var orientation = ImageOrientation.upright
  var colour = StoredColour()
  var resolution: StatedResolution?
  var notes: [ImageNote] = []

  /// The header as displayed.
  func header(adding more: [ImageNote] = []) -> ImageHeader {
    let turned = orientation.exchangesAxes
    return ImageHeader(
      format: format, width: turned ? height : width, height: turned ? width : height,
      channels: channels, bitsPerSample: bitsPerSample, orientation: orientation,
      hasColourProfile: colour.profile != nil,
      statedResolution: turned ? resolution?.transposed : resolution, notes: notes + more)
  }
}

/// What a file says of the colours of its samples.
struct StoredColour {
  /// The ICC profile.
  var profile: [UInt8]?
  /// The exponent of PNG's `gAMA` where nothing better is said: sample = light ^ exponent.
  var encodingExponent: Double?

  init() {}

  /// Copies a profile out of a library's memory.
  init(profile: UnsafePointer<UInt8>?, count: Int) {
    guard let profile, count > 0 else { return }
    self.profile = [UInt8](UnsafeBufferPointer(start: profile, count: count))
  }
}

extension ImageCodecError {
  /// Puts a library's failure into words.
  init(_ failure: anagen_codec_failure, format: ImageFormat) {
    let message = withUnsafeBytes(of: failure.message) { text in
      String(decoding: text.prefix { $0 != 0 }, as: UTF8.self)
    }
    let again = "copy or export the picture again"
    switch failure.status {
    case ANAGEN_CODEC_TRUNCATED:
      self.init(
        .truncated, subject: "the \(format.name) data ends before the picture does (\(message))",
        hint: "copy the file again; half a picture is never measured")
    case ANAGEN_CODEC_UNSUPPORTED:
      self.init(
        .unsupportedContent, subject: "this kind of \(format.name) is not read (\(message))",
        hint: "export it as 8-bit baseline JPEG, PNG or TIFF")
    case ANAGEN_CODEC_TOO_MANY_SCANS:
      self.init(
        .tooManyScans, subject: "the progressive JPEG has too many scans", hint: again)
    case ANAGEN_CODEC_OUT_OF_MEMORY:
      self.init(
        .outOfMemory, subject: "no memory to decode the \(format.name)",
        hint: "close other programs or lower the concurrency")
    default:
      self.init(.corrupt, subject: "the \(format.name) data is damaged (\(message))", hint: again)
    }
  }

  static func depth(_ bits: Int, of format: ImageFormat) -> ImageCodecError {
    ImageCodecError(
      .unsupportedContent, subject: "\(format.name) of \(bits) bits a sample is not read",
      hint: "export it with 8 or 16 bits")
  }

  static func cmyk(_ format: ImageFormat) -> ImageCodecError {
    ImageCodecError(
      .unsupportedContent, subject: "a CMYK \(format.name) is made for printing and is not read",
      hint: "export the photograph as sRGB")
  }
}
