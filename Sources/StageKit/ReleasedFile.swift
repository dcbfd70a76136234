public import ClinicalRecords

/// A file in the data folder that may leave, as the stage that wrote it knows it.
///
/// Sinks and projections name every file that stands when they have finished, in every run; only
/// these are certified by the release's manifest.
public struct ReleasedFile: Sendable, Equatable {
  /// The path below the data folder.
  public let path: String
  /// Its size.
  public let byteCount: Int
  /// Its SHA-256.
  public let sha256: ContentDigest

  /// Makes an entry.
  public init(path: String, byteCount: Int, sha256: ContentDigest) {
    self.path = path
    self.byteCount = byteCount
    self.sha256 = sha256
  }
}

extension DataFolder {
  /// A path below the data folder from an absolute one; as it is when it lies elsewhere.
  public func relative(_ path: String) -> String {
    path.hasPrefix("\(self.path)/") ? String(path.dropFirst(self.path.utf8.count + 1)) : path
  }
}
