public import ClinicalRecords
import Glibc

/// The bodies of stored records as files named by their SHA-256 below `private/content`.
///
/// A file appears under its final name only when it is whole, so a crash leaves at most files in
/// `incoming/`, which the next opening removes.
public struct ContentStore: Sendable {
  /// The folder that ``StoredContent/relativePath(of:)`` is relative to.
  public let folder: String
  private let durable: Bool

  /// Opens the store, making its folders.
  ///
  /// - Parameter durable: whether files are synced before they count.
  public init(folder: String, durable: Bool) throws {
    self.folder = folder
    self.durable = durable
    try FileSystem.makeFolder(folder, mode: 0o700, sync: durable)
    try FileSystem.makeFolder("\(folder)/incoming", mode: 0o700, sync: durable)
    try removeLeftovers()
  }

  /// Where a content lies.
  public func path(of digest: ContentDigest) -> String {
    "\(folder)/\(StoredContent.relativePath(of: digest))"
  }

  /// Stores contents that are not there yet; when durable, all are on the disk on return.
  ///
  /// - Parameter contents: bodies with their digests.
  /// - Throws: ``LedgerError`` with code `io`; nothing half-written stays under a final name.
  public func store(_ contents: [(digest: ContentDigest, bytes: [UInt8])]) throws {
    var touched: Set<String> = []
    for (digest, bytes) in contents {
      let final = path(of: digest)
      if FileSystem.size(of: final) == bytes.count { continue }
      let incoming = "\(folder)/incoming/\(digest.hexadecimal)"
      try FileSystem.write(bytes, to: incoming, sync: durable)
      let parent = "\(folder)/\(digest.hexadecimal.prefix(2))"
      if !FileSystem.isFolder(parent) {
        try FileSystem.makeFolder(parent, mode: 0o700, sync: false)
        touched.insert(folder)
      }
      guard rename(incoming, final) == 0 else {
        throw FileSystem.failure("cannot move a content to \(parent)")
      }
      touched.insert(parent)
    }
    if durable {
      for path in touched { try FileSystem.syncFolder(path) }
    }
  }

  /// Removes a content that nothing refers to any more; nothing to do when it is gone.
  func remove(_ digest: ContentDigest) throws {
    guard unlink(path(of: digest)) == 0 || errno == ENOENT else {
      throw FileSystem.failure("cannot remove the content \(digest)")
    }
    if durable { try FileSystem.syncFolder("\(folder)/\(digest.hexadecimal.prefix(2))") }
  }

  /// Whether nothing was ever stored below a folder, which need not be there.
  static func isEmpty(folder: String) throws -> Bool {
    guard FileSystem.isFolder(folder) else { return true }
    return try !FileSystem.names(in: folder).contains { $0.count == 2 && $0 != ".." }
  }

  private func removeLeftovers() throws {
    let incoming = "\(folder)/incoming"
    for name in try FileSystem.names(in: incoming) where name.count == 64 {
      guard unlink("\(incoming)/\(name)") == 0 else {
        throw FileSystem.failure("cannot remove a leftover in \(incoming)")
      }
    }
  }
}
