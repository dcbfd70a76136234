public import ClinicalRecords

/// A file in the data folder as the stage that wrote it knows it.
///
/// Sinks and projections name every file that stands when they have finished, in every run. The
/// release's manifest certifies these alone, without those below `private/`; by all of them the
/// next run sees what was changed or removed meanwhile.
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
  /// Whether a path below the data folder may leave with it.
  public static func mayLeave(_ path: String) -> Bool { !path.hasPrefix("private/") }

  /// A path below the data folder from an absolute one; as it is when it lies elsewhere.
  public func relative(_ path: String) -> String {
    path.hasPrefix("\(self.path)/") ? String(path.dropFirst(self.path.utf8.count + 1)) : path
  }
}
