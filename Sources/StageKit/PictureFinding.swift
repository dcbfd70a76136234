public import ClinicalRecords

/// What a stage found in a picture and holds it for until a person has looked.
///
/// A person's approval is for exactly this: the same pixels, the same regions, found by the same
/// version. Anything else is asked about anew.
public struct PictureFinding: Sendable, Hashable, Codable {
  /// A part of the picture as displayed, in pixels.
  public struct Region: Sendable, Hashable, Codable {
    /// The left edge.
    public let x: Int
    /// The top edge.
    public let y: Int
    /// The width.
    public let width: Int
    /// The height.
    public let height: Int
    /// How sure the stage is, 0…1.
    public let confidence: Double

    /// Makes a region.
    public init(x: Int, y: Int, width: Int, height: Int, confidence: Double) {
      (self.x, self.y, self.width, self.height) = (x, y, width, height)
      self.confidence = confidence
    }
  }

  /// What was looked for, as the failure's code: `burned_in_text`.
  public let gate: String
  /// The version of what looked; another one asks anew.
  public let version: String
  /// The original's SHA-256.
  public let content: ContentDigest
  /// Whose picture it is, since an approval says that nothing there names another; `nil` in what
  /// versions before 8 of `deidentify.images` found.
  public let subject: String?
  /// Where it was found.
  public let regions: [Region]

  /// Makes a finding.
  public init(
    gate: String, version: String, content: ContentDigest, subject: String, regions: [Region]
  ) {
    (self.gate, self.version, self.content) = (gate, version, content)
    (self.subject, self.regions) = (subject, regions)
  }
}
