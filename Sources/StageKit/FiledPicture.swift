public import ClinicalRecords

/// A picture that a data folder has from an earlier run, or from earlier in this one.
public struct FiledPicture: Sendable, Hashable {
  /// What it is filed as.
  public let acquisition: AcquisitionKey
  /// The file's name without folders.
  public let file: String
  /// The digest of its bytes.
  public let digest: ContentDigest

  /// Makes one.
  public init(acquisition: AcquisitionKey, file: String, digest: ContentDigest) {
    self.acquisition = acquisition
    self.file = file
    self.digest = digest
  }
}
