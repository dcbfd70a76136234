import CImageCodecs
import Imaging

/// One JPEG in memory, its header read.
struct JPEGReader: ~Copyable {
  private let handle: OpaquePointer
  private let raw: anagen_jpeg_header

  /// Reads the header; `bytes` outlive the reader.
  init(_ bytes: UnsafeBufferPointer<UInt8>) throws {
    var header = anagen_jpeg_header()
    var failure = anagen_codec_failure()
    guard let opened = anagen_jpeg_open(bytes.baseAddress, bytes.count, &header, &failure) else {
      throw ImageCodecError(failure, format: .jpeg)
    }
    handle = opened
    raw = header
  }

  deinit { anagen_jpeg_close(handle) }

  /// The picture as stored; refuses what is not 8-bit grey or colour.
  func layout() throws -> StoredLayout {
    guard raw.bits == 8 else { throw ImageCodecError.depth(Int(raw.bits), of: .jpeg) }
    guard raw.components != 4 else { throw ImageCodecError.cmyk(.jpeg) }
    guard raw.components == 1 || raw.components == 3 else {
      throw ImageCodecError(
        .unsupportedContent, subject: "a JPEG of \(raw.components) channels is not read",
        hint: "export it as sRGB or grey")
    }
    let perMetre = raw.density_unit == 1 ? 1 / 0.0254 : raw.density_unit == 2 ? 100 : 0
    return StoredLayout(
      format: .jpeg, width: Int(raw.width), height: Int(raw.height), channels: Int(raw.components),
      bitsPerSample: 8,
      orientation: raw.exif == nil
        ? .upright
        : ImageOrientation(exif: UnsafeBufferPointer(start: raw.exif, count: raw.exif_count)),
      colour: StoredColour(profile: raw.icc, count: raw.icc_count),
      resolution: StatedResolution(
        xPerMetre: Double(raw.x_density) * perMetre, yPerMetre: Double(raw.y_density) * perMetre))
  }

  /// Decodes all pixels.
  func read(_ layout: StoredLayout, limits: DecodingLimits) throws -> InterleavedImage<UInt8> {
    let scans = limits.scanLimit(width: layout.width, height: layout.height)
    return try InterleavedImage(
      width: layout.width, height: layout.height, channels: layout.channels
    ) { target in
      var failure = anagen_codec_failure()
      guard anagen_jpeg_read(handle, Int32(scans), target.baseAddress, &failure) == 1 else {
        throw ImageCodecError(failure, format: .jpeg)
      }
    }
  }

  /// Decodes luma alone at 1/`denominator` of each side.
  func readLuma(denominator: Int, limits: DecodingLimits) throws -> Plane<UInt8> {
    let scans = limits.scanLimit(width: Int(raw.width), height: Int(raw.height))
    var width: UInt32 = 0
    var height: UInt32 = 0
    anagen_jpeg_scale(handle, Int32(denominator), &width, &height)
    return try Plane(width: Int(width), height: Int(height)) { target in
      var failure = anagen_codec_failure()
      guard anagen_jpeg_read_luma(handle, Int32(scans), target.baseAddress, &failure) == 1 else {
        throw ImageCodecError(failure, format: .jpeg)
      }
    }
  }
}
