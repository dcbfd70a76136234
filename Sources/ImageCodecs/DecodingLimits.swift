/// What a decoder refuses before it takes memory or time.
public struct DecodingLimits: Sendable, Equatable {
  /// The most pixels of one picture.
  ///
  /// 120 million by default: the largest camera sensors in use have 100 to 102 million pixels
  /// (11,648 x 8,736); decoded as 8-bit red, green, blue the limit takes 360 MB, as 16-bit 720 MB,
  /// and a 30,000 x 30,000 picture (900 million) is refused.
  public var pixels: Int
  /// The most scans of a progressive JPEG.
  ///
  /// 100 by default: libjpeg's own scripts use at most 10 (`jcparam.c`), mozjpeg's search at
  /// most 64; the format allows thousands, each a pass over all coefficients.
  public var scans: Int
  /// The most pixels that the scans of one progressive JPEG may visit together.
  ///
  /// 4 billion by default: 33 scans of the largest picture, and about ten seconds of one core at
  /// the 0.4 billion pixels a second at which scans of a flat picture were measured to pass.
  public var scannedPixels: Int
  /// The largest colour profile in bytes: 4 MiB by default, twice the largest common printer
  /// profiles (about 2 MB).
  public var profileBytes: Int

  /// Makes limits; what is not given has its default.
  public init(
    pixels: Int = 120_000_000, scans: Int = 100, scannedPixels: Int = 4_000_000_000,
    profileBytes: Int = 4 << 20
  ) {
    self.pixels = pixels
    self.scans = scans
    self.scannedPixels = scannedPixels
    self.profileBytes = profileBytes
  }

  /// Refuses a picture of more than ``pixels``, or of none.
  func check(width: Int, height: Int) throws {
    guard width > 0, height > 0 else {
      throw ImageCodecError(
        .corrupt, subject: "a picture of \(width) x \(height) pixels",
        hint: "export the picture again")
    }
    let (area, overflow) = width.multipliedReportingOverflow(by: height)
    guard !overflow, area <= pixels else {
      throw ImageCodecError(
        .tooLarge,
        subject:
          "\(width) x \(height) pixels is above the limit of \(pixels / 1_000_000) megapixels",
        hint: "crop the picture to the scalp")
    }
  }

  /// The scans that a picture of `width` x `height` may have.
  func scanLimit(width: Int, height: Int) -> Int {
    max(1, min(scans, scannedPixels / max(1, width * height)))
  }
}
