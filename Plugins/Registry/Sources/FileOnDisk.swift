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
    var hash = SHA256()
    var size = 0
    let isFile = try FileOnDisk.read(path) { bytes in
      size += bytes.count
      bytes.withUnsafeBytes { hash.update(bufferPointer: $0) }
    }
    guard isFile else { return nil }
    byteCount = size
    sha256 = ContentDigest(bytes: hash.finalize())
  }

  /// Copies a file whole under another name.
  static func copy(_ path: String, to other: String, mode: UInt32) throws {
    var copy = try OutputFile(other, mode: mode)
    guard try read(path, { try copy.append($0) }) else { throw unreadable(path) }
    try copy.commit()
  }

  /// Hands a file's bytes on, 1 MiB at a time: past that, reading gains nothing and only memory is
  /// lost.
  ///
  /// - Returns: whether a file of that name is there.
  private static func read(_ path: String, _ body: (ArraySlice<UInt8>) throws -> Void) throws
    -> Bool
  {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
    guard descriptor >= 0 else {
      if [ENOENT, ELOOP, ENXIO].contains(errno) { return false }
      throw unreadable(path)
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw unreadable(path) }
    guard status.st_mode & S_IFMT == S_IFREG else { return false }
    var buffer = [UInt8](repeating: 0, count: 1 << 20)
    while true {
      let count = readOnce(descriptor, &buffer)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw unreadable(path) }
      if count == 0 { return true }
      try body(buffer[..<count])
    }
  }

  private static func readOnce(_ descriptor: Int32, _ buffer: inout [UInt8]) -> Int {
    buffer.withUnsafeMutableBytes { bytes in
      #if canImport(Glibc)
        Glibc.read(descriptor, bytes.baseAddress, bytes.count)
      #else
        Musl.read(descriptor, bytes.baseAddress, bytes.count)
      #endif
    }
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
  /// Names a file that the stage has just written.
  ///
  /// - Parameter path: its absolute path.
  func release(written path: String) throws {
    guard let file = try FileOnDisk(path) else { throw FileOnDisk.unreadable(path) }
    release(file, at: path)
  }

  /// Names a file that stands.
  func release(_ file: FileOnDisk, at path: String) {
    host.release(
      ReleasedFile(path: folder.relative(path), byteCount: file.byteCount, sha256: file.sha256))
  }

  /// The paths, below the data folder, of the files that an earlier run named and somebody else
  /// changed or removed since.
  func altered(_ paths: [String]) throws -> [String] {
    try paths.compactMap { path in
      let name = folder.relative(path)
      guard let last = host.lastReleased(name), try FileOnDisk(path)?.sha256 != last else {
        return nil
      }
      return name
    }
  }
}
