#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

extension DataFolder {
  /// An output's absolute path: as given, or below the data folder.
  public func resolve(_ path: String) -> String {
    path.hasPrefix("/") ? path : "\(self.path)/\(path)"
  }
}

/// A file that appears under its name only when it is whole: written beside it under a hidden
/// name, synced, renamed, its folder synced (DESIGN §5.5).
///
/// A crash leaves the old file, or none, and at most a hidden `.NAME.incoming`, which the next
/// writing replaces. One writer for each name at a time.
public struct OutputFile: ~Copyable {
  /// The final name.
  public let path: String
  private let incoming: String
  private var descriptor: Int32
  private var buffer: [UInt8] = []

  /// What is gathered before it is written: 256 KiB, past which larger writes gain nothing on
  /// common file systems.
  private static let bufferSize = 256 << 10
  /// 2000-01-01T00:00:00Z, which archives of every kind can hold.
  private static let undatedSeconds = 946_684_800

  /// Starts a file, making its folder and the folder's parents.
  ///
  /// - Parameters:
  ///   - path: an absolute path.
  ///   - mode: the file's permissions, before the process's mask; folders made get the matching
  ///     search bits.
  /// - Throws: a fatal ``StageError`` with code `output_failed`.
  public init(_ path: String, mode: UInt32 = 0o644) throws {
    precondition(path.hasPrefix("/"), "an absolute path")
    let folder = OutputFile.parent(of: path)
    let name = path[(path.lastIndex(of: "/").map(path.index(after:)) ?? path.startIndex)...]
    let incoming = "\(folder)/.\(name).incoming"
    try OutputFile.makeFolder(folder, mode: mode | (mode & 0o444) >> 2)
    let descriptor = open(incoming, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode_t(mode))
    guard descriptor >= 0 else { throw OutputFile.failure("cannot make \(incoming)") }
    self.path = path
    self.incoming = incoming
    self.descriptor = descriptor
    buffer.reserveCapacity(OutputFile.bufferSize)
  }

  deinit {
    if descriptor >= 0 {
      close(descriptor)
      unlink(incoming)
    }
  }

  /// Adds bytes.
  public mutating func append(_ bytes: some Sequence<UInt8>) throws {
    buffer.append(contentsOf: bytes)
    if buffer.count >= OutputFile.bufferSize { try flush() }
  }

  /// Syncs the file and gives it its name, replacing what was there.
  ///
  /// - Parameter dated: whether the file has the time at which it was written; otherwise that of
  ///   every such file, 2000-01-01: the picture of a live camera would tell when it was taken.
  public consuming func commit(dated: Bool = true) throws {
    try flush()
    if !dated {
      var times = [timespec](
        repeating: timespec(tv_sec: OutputFile.undatedSeconds, tv_nsec: 0), count: 2)
      guard futimens(descriptor, &times) == 0 else {
        throw OutputFile.failure("cannot set the time of \(incoming)")
      }
    }
    guard fsync(descriptor) == 0 else { throw OutputFile.failure("cannot sync \(incoming)") }
    guard rename(incoming, path) == 0 else { throw OutputFile.failure("cannot name \(path)") }
    close(descriptor)
    descriptor = -1
    try OutputFile.syncName(of: path)
  }

  /// Writes a whole file; ``commit(dated:)`` says what `dated` is.
  public static func write(
    _ bytes: [UInt8], to path: String, mode: UInt32 = 0o644, dated: Bool = true
  ) throws {
    var file = try OutputFile(path, mode: mode)
    try file.append(bytes)
    try file.commit(dated: dated)
  }

  /// Makes a folder and its parents, on the disk before it returns; nothing to do when it is there.
  public static func makeFolder(_ path: String, mode: UInt32 = 0o755) throws {
    if try isMade(path, mode) { return }
    if errno == ENOENT {
      try makeFolder(parent(of: path), mode: mode)
      if try isMade(path, mode) { return }
    }
    throw failure("cannot make the folder \(path)")
  }

  /// Puts the name of a file or folder on the disk, by syncing the folder that it stands in.
  public static func syncName(of path: String) throws {
    let folder = parent(of: path)
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure("cannot open the folder \(folder)") }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw failure("cannot sync the folder \(folder)") }
  }

  private static func isMade(_ path: String, _ mode: UInt32) throws -> Bool {
    guard mkdir(path, mode_t(mode)) == 0 else { return errno == EEXIST }
    try syncName(of: path)
    return true
  }

  private static func parent(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  private mutating func flush() throws {
    var offset = 0
    while offset < buffer.count {
      let written = buffer.withUnsafeBytes { bytes in
        Self.writeOnce(descriptor, bytes[offset...])
      }
      if written < 0 {
        if errno == EINTR { continue }
        throw OutputFile.failure("cannot write \(incoming)")
      }
      offset += written
    }
    buffer.removeAll(keepingCapacity: true)
  }

  private static func writeOnce(_ descriptor: Int32, _ bytes: Slice<UnsafeRawBufferPointer>) -> Int
  {
    let rest = UnsafeRawBufferPointer(rebasing: bytes)
    #if canImport(Glibc)
      return Glibc.write(descriptor, rest.baseAddress, rest.count)
    #else
      return Musl.write(descriptor, rest.baseAddress, rest.count)
    #endif
  }

  private static func failure(_ what: String) -> StageError {
    let number = errno
    let hint =
      switch number {
      case ENOSPC, EDQUOT: "the disk is full: free some space and run again; nothing was lost"
      case EACCES, EPERM: "permission is missing: check the owner and mode of the folder"
      case EROFS: "the file system is read-only: name a data folder elsewhere"
      case EMFILE, ENFILE: "allow more open files (ulimit -n) and run again; nothing was lost"
      case ENOTDIR: "a file has the name of a folder: move it away"
      default: "check the disk and run again; nothing was lost"
      }
    return StageError(
      .fatal, "output_failed", subject: "\(what): \(String(cString: strerror(number)))",
      hint: hint, errno: number)
  }
}
