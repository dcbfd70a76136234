public import ClinicalRecords
import Glibc

/// The files of this machine.
public struct DiskFiles: InputFiles {
  /// The most bytes of a file whose digest is taken: 4 GiB, above any model or calibration profile.
  private static let maximumBytes = 4 << 30

  private let sha256: @Sendable ([UInt8]) -> ContentDigest

  /// Wraps a hash.
  ///
  /// - Parameter sha256: the SHA-256 of some bytes.
  public init(sha256: @escaping @Sendable ([UInt8]) -> ContentDigest) { self.sha256 = sha256 }

  /// What lies at a path; links are followed.
  public func kind(of path: String) -> InputFileKind? {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    switch status.st_mode & S_IFMT {
    case S_IFREG: return .file
    case S_IFDIR: return .folder
    default: return .other
    }
  }

  /// The first `limit` bytes of a file.
  public func read(_ path: String, limit: Int) throws(InputFileError) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw unreadable(path) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw unreadable(path) }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(min(limit, Int(status.st_size)))
    var chunk = [UInt8](repeating: 0, count: min(limit, 1 << 20))
    while bytes.count < limit {
      let wanted = min(chunk.count, limit - bytes.count)
      let count = Glibc.read(descriptor, &chunk, wanted)
      if count < 0 {
        if errno == EINTR { continue }
        throw unreadable(path)
      }
      if count == 0 { break }
      bytes += chunk[0..<count]
    }
    return bytes
  }

  /// The SHA-256 of a file; the file is read whole.
  public func digest(of path: String) throws(InputFileError) -> ContentDigest {
    sha256(try read(path, limit: DiskFiles.maximumBytes))
  }

  private func unreadable(_ path: String) -> InputFileError {
    InputFileError(
      .unreadable, subject: path, errno: errno,
      hint: "check that the file is there and may be read")
  }
}
