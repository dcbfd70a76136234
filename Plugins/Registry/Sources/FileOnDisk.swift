import ClinicalRecords
import Crypto
import StageKit

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Size and SHA-256 of a file as it lies on the disk now.
struct FileOnDisk: Equatable {
  let byteCount: Int
  let sha256: ContentDigest

  init(byteCount: Int, sha256: ContentDigest) {
    self.byteCount = byteCount
    self.sha256 = sha256
  }

  /// Reads the file once; `nil` when no file of that name is there, or something else is: a link
  /// leads to what nobody released.
  ///
  /// - Throws: a fatal ``StageError`` with code `release_unreadable`.
  init?(_ path: String) throws {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
    guard descriptor >= 0 else {
      if [ENOENT, ELOOP, ENXIO].contains(errno) { return nil }
      throw FileOnDisk.unreadable(path)
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw FileOnDisk.unreadable(path) }
    guard status.st_mode & S_IFMT == S_IFREG else { return nil }
    var hash = SHA256()
    var size = 0
    // 1 MiB at a time: past that, reading gains nothing and only memory is lost.
    var buffer = [UInt8](repeating: 0, count: 1 << 20)
    while true {
      let count = buffer.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw FileOnDisk.unreadable(path) }
      if count == 0 { break }
      size += count
      buffer.withUnsafeBytes { hash.update(bufferPointer: .init(rebasing: $0[..<count])) }
    }
    byteCount = size
    sha256 = ContentDigest(bytes: hash.finalize())
  }

  static func unreadable(_ path: String) -> StageError {
    let number = errno
    return StageError(
      .fatal, "release_unreadable",
      subject: "cannot read \(path) to list it: \(String(cString: strerror(number)))",
      hint: "check the owner and mode of the data folder, then run again", errno: number)
  }
}

extension StageContext {
  /// Names a file that the stage has just written as one that may leave.
  ///
  /// - Parameter path: its absolute path.
  func release(written path: String) throws {
    guard let file = try FileOnDisk(path) else { throw FileOnDisk.unreadable(path) }
    release(file, at: path)
  }

  /// Names a file that may leave; one that the pipeline file puts below `private/` may not.
  func release(_ file: FileOnDisk, at path: String) {
    if path.hasPrefix("\(folder.privatePath)/") { return }
    host.release(
      ReleasedFile(path: folder.relative(path), byteCount: file.byteCount, sha256: file.sha256))
  }
}
