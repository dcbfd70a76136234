import Glibc

/// The few system calls that durable files need, each with its error in words.
enum FileSystem {
  /// Makes a folder and its parents, private to its owner when `mode` says so; when `sync`, a
  /// folder that was made is on the disk before this returns.
  static func makeFolder(_ path: String, mode: mode_t = 0o755, sync: Bool) throws {
    if try isMade(path, mode, sync) { return }
    if errno == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex {
      try makeFolder(String(path[..<slash]), sync: sync)
      if try isMade(path, mode, sync) { return }
    }
    throw failure("cannot make the folder \(path)")
  }

  /// Makes an empty file that only its owner may read, or takes the right from others.
  static func makePrivate(_ path: String) throws {
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw failure("cannot open \(path)") }
    defer { close(descriptor) }
    guard fchmod(descriptor, 0o600) == 0 else { throw failure("cannot make \(path) private") }
  }

  private static func isMade(_ path: String, _ mode: mode_t, _ sync: Bool) throws -> Bool {
    if mkdir(path, mode) == 0 {
      if sync { try syncFolder(parent(of: path)) }
      return true
    }
    guard errno == EEXIST else { return false }
    guard isFolder(path) else {
      throw LedgerError(
        .io, subject: "\(path) is not a folder", hint: "name another data folder", errno: ENOTDIR)
    }
    return true
  }

  private static func parent(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// Whether a folder of this name is there.
  static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// The names in a folder, `.` and `..` among them.
  static func names(in path: String) throws -> [String] {
    guard let handle = opendir(path) else { throw failure("cannot read the folder \(path)") }
    defer { closedir(handle) }
    var names: [String] = []
    while let entry = readdir(handle) {
      names.append(
        withUnsafePointer(to: entry.pointee.d_name) { pointer in
          pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        })
    }
    return names
  }

  /// The size of a file in bytes, or `nil` when there is none.
  static func size(of path: String) -> Int? {
    var status = stat()
    return stat(path, &status) == 0 ? Int(status.st_size) : nil
  }

  /// Whether a folder is there that this user may not look into.
  static func isForbidden(_ folder: String) -> Bool {
    access(folder, R_OK | X_OK) != 0 && errno == EACCES
  }

  /// The first bytes of a file; none where there is no file of that name.
  static func beginning(of path: String, _ count: Int) throws -> [UInt8] {
    // Opening a pipe would wait for a writer; for a file the flag means nothing.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      if [ENOENT, ENOTDIR, ENXIO].contains(errno) { return [] }
      throw failure("cannot open \(path)")
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw failure("cannot read \(path)") }
    guard status.st_mode & S_IFMT == S_IFREG else { return [] }
    var bytes = [UInt8](repeating: 0, count: min(count, Int(status.st_size)))
    var filled = 0
    while filled < bytes.count {
      let read = bytes.withUnsafeMutableBytes { room in
        let rest = UnsafeMutableRawBufferPointer(rebasing: room[filled...])
        return pread(descriptor, rest.baseAddress, rest.count, off_t(filled))
      }
      if read < 0 && errno == EINTR { continue }
      guard read >= 0 else { throw failure("cannot read \(path)") }
      if read == 0 { break }
      filled += read
    }
    return Array(bytes.prefix(filled))
  }

  /// Writes a new file; when `sync`, its bytes are on the disk before this returns.
  static func write(_ bytes: [UInt8], to path: String, sync: Bool) throws {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw failure("cannot make the file \(path)") }
    var failed: LedgerError?
    bytes.withUnsafeBytes { buffer in
      var offset = 0
      while offset < buffer.count, let base = buffer.baseAddress {
        let written = Glibc.write(descriptor, base + offset, buffer.count - offset)
        if written < 0 {
          if errno == EINTR { continue }
          failed = failure("cannot write \(path)")
          return
        }
        offset += written
      }
    }
    if failed == nil, sync, fsync(descriptor) != 0 { failed = failure("cannot sync \(path)") }
    if close(descriptor) != 0, failed == nil { failed = failure("cannot close \(path)") }
    if let failed {
      unlink(path)
      throw failed
    }
  }

  /// Syncs a folder, so that the names in it are on the disk.
  static func syncFolder(_ path: String) throws {
    let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure("cannot open the folder \(path)") }
    let result = fsync(descriptor)
    let number = errno
    close(descriptor)
    guard result == 0 else {
      errno = number
      throw failure("cannot sync the folder \(path)")
    }
  }

  /// The last system error with what was being done.
  static func failure(_ what: String) -> LedgerError {
    let number = errno
    let hint =
      switch number {
      case ENOSPC, EDQUOT: LedgerError.roomHint
      case EACCES, EPERM: "permission is missing: check the owner and mode of the folder"
      case EROFS: "the file system is read-only: name a data folder elsewhere"
      case EMFILE, ENFILE: "allow more open files (ulimit -n) and run again; nothing was lost"
      default: "check the disk and run again; nothing was lost"
      }
    return LedgerError(
      .io, subject: "\(what): \(String(cString: strerror(number)))", hint: hint, errno: number)
  }
}
