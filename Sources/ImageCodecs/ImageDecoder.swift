public import Imaging

/// Decodes JPEG, PNG and TIFF, told by content.
///
/// What is given back is always the whole picture, upright, opaque and in sRGB, or an error: a
/// truncated file never gives half a picture, transparency is refused unless every pixel is
/// opaque, CMYK, RAW, HEIC and other formats are refused by name. A value without state: any
/// number of threads may decode at once.
public struct ImageDecoder: Sendable {
  /// What is refused before memory or time is taken.
  public let limits: DecodingLimits

  /// Makes a decoder.
  public init(limits: DecodingLimits = DecodingLimits()) { self.limits = limits }

  /// Reads what the picture says of itself, without its pixels.
  ///
  /// - Parameters:
  ///   - bytes: the whole file.
  ///   - fileName: the file's name, only to note when its ending tells another format.
  /// - Throws: ``ImageCodecError`` for everything that decoding would refuse from the header alone.
  public func inspect(_ bytes: [UInt8], fileName: String? = nil) throws -> ImageHeader {
    let format = try ImageFormat.sniff(bytes)
    let layout = try bytes.withUnsafeBufferPointer { bytes in
      switch format {
      case .jpeg: try JPEGReader(bytes).layout()
      case .png: try PNGReader(bytes).layout()
      case .tiff: try TIFFReader(bytes, limits: limits).layout()
      }
    }
    try check(layout)
    return layout.header(adding: nameNotes(format, fileName))
  }

  /// Decodes the picture.
  ///
  /// - Parameters:
  ///   - bytes: the whole file.
  ///   - fileName: the file's name, only to note when its ending tells another format.
  /// - Throws: ``ImageCodecError``.
  /// - Complexity: memory for the samples once, and once more while alpha, colours or orientation
  ///   are resolved.
  public func decode(_ bytes: [UInt8], fileName: String? = nil) throws -> DecodedImage {
    let format = try ImageFormat.sniff(bytes)
    let notes = nameNotes(format, fileName)
    return try bytes.withUnsafeBufferPointer { bytes in
      switch format {
      case .jpeg:
        let reader = try JPEGReader(bytes)
        let layout = try reader.layout()
        try check(layout)
        return try finish(
          reader.read(layout, limits: limits), layout, notes, DecodedImage.Pixels.eight)
      case .png: return try decodePNG(bytes, notes)
      case .tiff: return try decodeTIFF(bytes, notes)
      }
    }
  }

  /// Decodes the luma of a JPEG at a fraction of its size, for scores: as stored, neither turned nor
  /// converted.
  ///
  /// The whole file is read, so that one that is cut or damaged is an error here as well; it takes
  /// about half the time of ``decode(_:fileName:)``.
  ///
  /// - Parameters:
  ///   - jpeg: the whole file.
  ///   - denominator: 1, 2, 4 or 8.
  /// - Throws: ``ImageCodecError``.
  public func decodeLuma(
    ofJPEG jpeg: UnsafeRawBufferPointer, denominator: Int
  ) throws -> Plane<UInt8> {
    precondition([1, 2, 4, 8].contains(denominator), "libjpeg scales by powers of two up to 8")
    return try jpeg.withMemoryRebound(to: UInt8.self) { bytes in
      let reader = try JPEGReader(bytes)
      try check(try reader.layout())
      return try reader.readLuma(denominator: denominator, limits: limits)
    }
  }

  private func decodePNG(
    _ bytes: UnsafeBufferPointer<UInt8>, _ notes: [ImageNote]
  ) throws -> DecodedImage {
    let reader = try PNGReader(bytes)
    let layout = try reader.layout()
    try check(layout)
    let alpha = reader.hasAlpha
    return layout.bitsPerSample == 16
      ? try finish(
        reader.read(layout, as: UInt16.self), alpha, layout, notes, DecodedImage.Pixels.sixteen)
      : try finish(
        reader.read(layout, as: UInt8.self), alpha, layout, notes, DecodedImage.Pixels.eight)
  }

  private func decodeTIFF(
    _ bytes: UnsafeBufferPointer<UInt8>, _ notes: [ImageNote]
  ) throws -> DecodedImage {
    let reader = try TIFFReader(bytes, limits: limits)
    let layout = try reader.layout()
    try check(layout)
    let alpha = reader.hasAlpha
    return layout.bitsPerSample == 16
      ? try finish(reader.read(as: UInt16.self), alpha, layout, notes, DecodedImage.Pixels.sixteen)
      : try finish(reader.read(as: UInt8.self), alpha, layout, notes, DecodedImage.Pixels.eight)
  }

  private func finish<Sample>(
    _ samples: Plane<Sample>, _ hasAlpha: Bool, _ layout: StoredLayout, _ notes: [ImageNote],
    _ wrap: (InterleavedImage<Sample>) -> DecodedImage.Pixels
  ) throws -> DecodedImage {
    guard hasAlpha else {
      let image = InterleavedImage(channels: layout.channels, samples: samples)
      return try finish(image, layout, notes, wrap)
    }
    let image = try droppingOpaqueAlpha(samples, channels: layout.channels)
    return try finish(image, layout, notes + [opaqueAlphaNote], wrap)
  }

  private func finish<Sample>(
    _ image: InterleavedImage<Sample>, _ layout: StoredLayout, _ notes: [ImageNote],
    _ wrap: (InterleavedImage<Sample>) -> DecodedImage.Pixels
  ) throws -> DecodedImage {
    let (standard, note) = try layout.colour.standardised(image)
    return DecodedImage(
      pixels: wrap(layout.orientation.applied(to: standard)),
      header: layout.header(adding: notes + (note.map { [$0] } ?? [])),
      colourProfile: layout.colour.profile)
  }

  private func check(_ layout: StoredLayout) throws {
    try limits.check(width: layout.width, height: layout.height)
    guard (layout.colour.profile?.count ?? 0) <= limits.profileBytes else {
      throw ImageCodecError(
        .colourProfile, subject: "the colour profile is above \(limits.profileBytes) bytes",
        hint: "export the picture as sRGB")
    }
  }

  private func nameNotes(_ format: ImageFormat, _ fileName: String?) -> [ImageNote] {
    guard let fileName, let dot = fileName.lastIndex(of: ".") else { return [] }
    let ending = fileName[fileName.index(after: dot)...].lowercased()
    guard !format.fileExtensions.contains(ending) else { return [] }
    return [ImageNote(.nameDisagrees, "the content is \(format.name), the name ends in .\(ending)")]
  }
}
