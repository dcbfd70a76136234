import CImageCodecs
import Imaging

/// One PNG in memory, its chunks before the pixels read.
struct PNGReader: ~Copyable {
  private let handle: OpaquePointer
  private let raw: anagen_png_header

  /// Reads the chunks before the pixels; `bytes` outlive the reader.
  init(_ bytes: UnsafeBufferPointer<UInt8>) throws {
    var header = anagen_png_header()
    var failure = anagen_codec_failure()
    guard let opened = anagen_png_open(bytes.baseAddress, bytes.count, &header, &failure) else {
      throw ImageCodecError(failure, format: .png)
    }
    handle = opened
    raw = header
  }

  deinit { anagen_png_close(handle) }

  /// The picture as it will be decoded: palettes and small depths expanded.
  func layout() throws -> StoredLayout {
    var colour = StoredColour(profile: raw.icc, count: raw.icc_count)
    if colour.profile == nil, raw.srgb == 0, raw.gamma > 0 { colour.encodingExponent = raw.gamma }
    let warning = raw.warning.map {
      ImageNote(.libraryWarning, "libpng warns: \(String(cString: $0))")
    }
    return StoredLayout(
      format: .png, width: Int(raw.width), height: Int(raw.height),
      channels: raw.colour == 1 ? 3 : 1, bitsPerSample: raw.bits == 16 ? 16 : 8,
      orientation: raw.exif == nil
        ? .upright
        : ImageOrientation(exif: UnsafeBufferPointer(start: raw.exif, count: raw.exif_count)),
      colour: colour,
      resolution: StatedResolution(
        xPerMetre: Double(raw.x_per_metre), yPerMetre: Double(raw.y_per_metre)),
      notes: warning.map { [$0] } ?? [])
  }

  /// Whether the file has an alpha channel or a transparent colour.
  var hasAlpha: Bool { raw.alpha == 1 }

  /// Decodes all samples, alpha last when there is any.
  func read<Sample: FixedWidthInteger & BitwiseCopyable & Sendable>(
    _ layout: StoredLayout, as sample: Sample.Type
  ) throws -> Plane<Sample> {
    let samples = layout.width * (layout.channels + (hasAlpha ? 1 : 0))
    return try Plane(width: samples, height: layout.height) { target in
      var failure = anagen_codec_failure()
      let bytes = UnsafeMutableRawPointer(target.baseAddress)?.assumingMemoryBound(to: UInt8.self)
      let rowBytes = samples * MemoryLayout<Sample>.size
      guard anagen_png_read(handle, rowBytes, bytes, &failure) == 1 else {
        throw ImageCodecError(failure, format: .png)
      }
    }
  }
}
