public import ClinicalRecords
public import Imaging

/// What an analysis found in one picture.
public struct HairFindings: Sendable {
  /// Every hair, the surest first, numbered in this order.
  public let hairs: [Hair]
  /// 255 where nothing was measured: overlays and what the caller gave; of the picture's size.
  public let mask: Plane<UInt8>
  /// Pixels of the region that could be measured.
  public let openPixels: Int
  /// Pixels of the region that were masked.
  public let maskedPixels: Int
  /// Whether the picture is good enough.
  public let quality: MeasurementQuality
  /// The channel that was measured.
  public let channel: MeasurementChannel
  /// The ridge strength of plain skin: what to fix as `skinTexture` for later visits.
  public let skinTexture: Double
}

/// A candidate as the classifier's training sees it.
public struct TrainingCandidate: Sendable, Codable {
  /// The centre line in pixels of the picture, in no order of root and tip.
  public let centreline: [[Double]]
  /// The features in the order of ``HairAnalyser/featureNames``.
  public let features: [Float]
  /// The polarity cues: of the last end less those of the first.
  public let polarityCues: [Float]
}
