import CImageCodecs
import Imaging

/// The first page of one TIFF in memory.
struct TIFFReader: ~Copyable {
  private let handle: OpaquePointer
  private let raw: anagen_tiff_header

  /// Reads the first directory; `bytes` outlive the reader.
  init(_ bytes: UnsafeBufferPointer<UInt8>, limits: DecodingLimits) throws {
    var header = anagen_tiff_header()
    var failure = anagen_codec_failure()
    // The largest sample set a page within the limit can have: four channels of 16 bit.
    let allocation = limits.pixels.multipliedReportingOverflow(by: 8)
    guard
      let opened = anagen_tiff_open(
        bytes.baseAddress, bytes.count, allocation.overflow ? Int.max : allocation.partialValue,
        &header, &failure)
    else { throw ImageCodecError(failure, format: .tiff) }
    handle = opened
    raw = header
  }

  deinit { anagen_tiff_close(handle) }

  /// The page as it will be decoded: palettes expanded.
  func layout() throws -> StoredLayout {
    try refuseWhatIsNotRead()
    let perMetre = raw.resolution_unit == 2 ? 1 / 0.0254 : raw.resolution_unit == 3 ? 100 : 0
    var layout = StoredLayout(
      format: .tiff, width: Int(raw.width), height: Int(raw.height),
      channels: kind == .grey || kind == .greyInverted ? 1 : 3, bitsPerSample: Int(raw.bits))
    layout.orientation = ImageOrientation(rawValue: Int(raw.orientation)) ?? .upright
    layout.colour = StoredColour(profile: raw.icc, count: raw.icc_count)
    layout.resolution = StatedResolution(
      xPerMetre: Double(raw.x_resolution) * perMetre, yPerMetre: Double(raw.y_resolution) * perMetre
    )
    if raw.more_pages == 1 {
      layout.notes.append(ImageNote(.morePages, "the TIFF has more pages; only the first is read"))
    }
    return layout
  }

  /// Whether the page has one channel beyond its colours.
  var hasAlpha: Bool { raw.extra_samples == 1 }

  private enum Kind { case grey, greyInverted, colour, palette }

  private var kind: Kind? {
    switch Int(raw.photometric) {
    case 0: .greyInverted
    case 1: .grey
    case 2: .colour
    case 3: .palette
    case 6 where raw.compression == 7: .colour  // YCbCr in JPEG blocks comes out as RGB.
    default: nil
    }
  }

  private var colourSamples: Int { kind == .colour ? 3 : 1 }

  private func refuse(_ what: String, _ hint: String) -> ImageCodecError {
    ImageCodecError(.unsupportedContent, subject: "\(what) is not read", hint: hint)
  }

  private func refuseWhatIsNotRead() throws {
    // 32803 and 34892: colour filter array and linear raw (TIFF/EP, DNG 1.6).
    if raw.raw == 1 || raw.reduced == 1 || raw.photometric == 32803 || raw.photometric == 34892 {
      throw ImageCodecError(
        .unsupportedFormat,
        subject: "camera RAW (a TIFF whose first page is raw or a thumbnail) is not read",
        hint: "develop it to a 16-bit TIFF in the camera maker's software")
    }
    if raw.photometric == 5 { throw ImageCodecError.cmyk(.tiff) }
    guard kind != nil else {
      throw refuse("a TIFF of colour kind \(raw.photometric)", "export it as sRGB or grey")
    }
    guard raw.known_compression == 1, raw.compression != 6 else {
      throw refuse("a TIFF of compression \(raw.compression)", "export it with LZW or ZIP")
    }
    guard raw.sample_format == 1 else {
      throw refuse("a TIFF of signed or floating samples", "export it with 8 or 16 bits")
    }
    guard raw.bits == 8 || raw.bits == 16 && kind != .palette else {
      throw ImageCodecError.depth(Int(raw.bits), of: .tiff)
    }
    guard raw.extra_samples <= 1, Int(raw.samples) == colourSamples + Int(raw.extra_samples) else {
      throw refuse("a TIFF of \(raw.samples) channels", "export it as sRGB or grey")
    }
    guard kind != .palette || (raw.red != nil && raw.green != nil && raw.blue != nil) else {
      throw ImageCodecError(
        .corrupt, subject: "the TIFF's palette is missing", hint: "export the picture again")
    }
  }

  /// Decodes all samples, alpha last when there is any; palettes expanded, white as the maximum.
  func read<Sample: FixedWidthInteger & BitwiseCopyable & Sendable>(
    as sample: Sample.Type
  ) throws -> Plane<Sample> {
    var samples = try Plane<Sample>(
      width: Int(raw.width) * Int(raw.samples), height: Int(raw.height)
    ) { try readBlocks(into: $0) }
    switch kind {
    case .greyInverted:
      let stride = Int(raw.samples)
      samples.withUnsafeMutableSamples { all in
        for index in Swift.stride(from: 0, to: all.count, by: stride) {
          all[index] = Sample.max - all[index]
        }
      }
      return samples
    case .palette: return expandPalette(samples)
    default: return samples
    }
  }

  private func readBlocks<Sample: FixedWidthInteger & BitwiseCopyable & Sendable>(
    into target: UnsafeMutableBufferPointer<Sample>
  ) throws {
    let grid = try BlockGrid(raw)
    let block = UnsafeMutableBufferPointer<Sample>.allocate(capacity: grid.samplesPerBlock)
    defer { block.deallocate() }
    let sampleSize = MemoryLayout<Sample>.size
    for index in 0..<grid.count {
      var failure = anagen_codec_failure()
      let place = grid.place(of: index)
      let bytes = UnsafeMutableRawPointer(block.baseAddress)?.assumingMemoryBound(to: UInt8.self)
      let read = anagen_tiff_read_block(
        handle, UInt32(index), bytes, block.count * sampleSize, &failure)
      guard read >= 0 else { throw ImageCodecError(failure, format: .tiff) }
      guard Int(read) >= place.rows * grid.rowSamples * sampleSize else {
        throw ImageCodecError(
          .truncated, subject: "the TIFF data ends before the picture does",
          hint: "copy the file again; half a picture is never measured")
      }
      grid.copy(block, at: place, into: target)
    }
  }

  private func expandPalette<Sample: FixedWidthInteger & BitwiseCopyable & Sendable>(
    _ indices: Plane<Sample>
  ) -> Plane<Sample> {
    let stored = Int(raw.samples)
    let tables = [raw.red, raw.green, raw.blue].map { UnsafeBufferPointer(start: $0, count: 256) }
    // Some writers fill the 16-bit palette with 8-bit values (libtiff's tools check the same way).
    let shift = tables.allSatisfy { $0.allSatisfy { $0 < 256 } } ? 0 : 8
    let width = indices.width / stored
    return Plane(width: width * (stored + 2), height: indices.height) { target in
      indices.withUnsafeSamples { source in
        for pixel in 0..<width * indices.height {
          let entry = Int(truncatingIfNeeded: source[pixel * stored])
          let to = pixel * (stored + 2)
          for channel in 0..<3 {
            target[to + channel] = Sample(truncatingIfNeeded: tables[channel][entry] >> shift)
          }
          if stored == 2 { target[to + 3] = source[pixel * 2 + 1] }
        }
      }
    }
  }
}

/// How the strips or tiles of a page cover it.
private struct BlockGrid {
  struct Place { let x, y, columns, rows, channel: Int }

  let count: Int
  let rowSamples: Int
  let samplesPerBlock: Int
  private let width, height, samples, blockWidth, blockHeight, across, perPlane: Int
  private let separate: Bool

  init(_ raw: anagen_tiff_header) throws {
    width = Int(raw.width)
    height = Int(raw.height)
    samples = Int(raw.samples)
    separate = raw.planar == 2 && raw.samples > 1
    blockWidth = Int(raw.block_width)
    blockHeight = raw.tiled == 1 ? Int(raw.block_height) : min(Int(raw.block_height), height)
    // A tile may reach beyond the page, but one of 4096 x 4096 is the most that writers use.
    guard blockWidth > 0, blockHeight > 0,
      blockWidth <= max(width, 4096), blockHeight <= max(height, 4096),
      blockWidth * blockHeight <= width * height + 4096 * 4096
    else {
      throw ImageCodecError(
        .corrupt, subject: "the TIFF's tiles are out of proportion", hint: "export it again")
    }
    across = (width + blockWidth - 1) / blockWidth
    perPlane = across * ((height + blockHeight - 1) / blockHeight)
    count = perPlane * (separate ? samples : 1)
    guard count == Int(raw.block_count) else {
      throw ImageCodecError(
        .corrupt, subject: "the TIFF's tiles do not cover it", hint: "export it again")
    }
    rowSamples = blockWidth * (separate ? 1 : samples)
    samplesPerBlock = rowSamples * blockHeight
  }

  func place(of index: Int) -> Place {
    let x = index % perPlane % across * blockWidth
    let y = index % perPlane / across * blockHeight
    return Place(
      x: x, y: y, columns: min(blockWidth, width - x), rows: min(blockHeight, height - y),
      channel: index / perPlane)
  }

  func copy<Sample>(
    _ block: UnsafeMutableBufferPointer<Sample>, at place: Place,
    into target: UnsafeMutableBufferPointer<Sample>
  ) {
    for row in 0..<place.rows {
      let from = row * rowSamples
      let to = ((place.y + row) * width + place.x) * samples
      if separate {
        for column in 0..<place.columns {
          target[to + column * samples + place.channel] = block[from + column]
        }
      } else {
        for index in 0..<place.columns * samples { target[to + index] = block[from + index] }
      }
    }
  }
}
