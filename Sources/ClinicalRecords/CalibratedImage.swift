public import Imaging

/// A picture in linear light with its scale: what analysis measures.
///
/// Identified and derived: it is made again after a crash.
public struct CalibratedImage: Record {
  /// `anagen.calibrated-image/1.0`.
  public static let schema = SchemaID("anagen.calibrated-image", 1, 0)

  /// The picture that it was made from.
  public let captured: CapturedImage
  /// The light, linear, flat-fielded where a profile says how; 0 is black, 1 is white.
  public let light: LinearLight
  /// µm per pixel, with its uncertainty and origin.
  public let scale: ImageScale
  /// Where nothing can be measured (dead pixels, outside the optics): 255 there, 0 elsewhere.
  public let unmeasurable: Plane<UInt8>?

  /// Makes a calibrated image.
  public init(
    captured: CapturedImage, light: LinearLight, scale: ImageScale,
    unmeasurable: Plane<UInt8>? = nil
  ) {
    self.captured = captured
    self.light = light
    self.scale = scale
    self.unmeasurable = unmeasurable
  }

  /// The acquisition's identity.
  public var identity: RecordIdentity {
    captured.acquisition.identity(of: CalibratedImage.schema)
  }
  /// Always identified.
  public var privacy: PrivacyLabel { .identified }
  /// The planes in memory.
  public var byteCount: Int { light.byteCount + (unmeasurable?.byteCount ?? 0) + 1024 }
}

/// How large a pixel is, how well that is known, and from where.
public struct ImageScale: Codable, Sendable, Equatable {
  /// µm per pixel, above 0.
  public let micrometresPerPixel: Double
  /// Standard uncertainty relative to the value.
  public let relativeUncertainty: Double
  /// Where it came from.
  public let source: Source
  /// The calibration record, when the scale came from one.
  public let calibration: String?
  /// The calibration's age at capture in days, when both dates are known.
  public let ageDays: Int?

  /// Where a scale came from.
  public enum Source: String, Codable, Sendable, CaseIterable {
    /// `--um-per-px` or the stage's setting.
    case argument
    /// The manifest's column.
    case manifest
    /// A calibration profile.
    case profile
    /// A burned-in scale bar.
    case overlay
  }

  /// Makes a scale.
  ///
  /// - Precondition: `micrometresPerPixel` is finite and above 0; readers check first.
  public init(
    micrometresPerPixel: Double, relativeUncertainty: Double, source: Source,
    calibration: String? = nil, ageDays: Int? = nil
  ) {
    precondition(
      micrometresPerPixel.isFinite && micrometresPerPixel > 0, "a pixel has a size above 0")
    self.micrometresPerPixel = micrometresPerPixel
    self.relativeUncertainty = relativeUncertainty
    self.source = source
    self.calibration = calibration
    self.ageDays = ageDays
  }
}
