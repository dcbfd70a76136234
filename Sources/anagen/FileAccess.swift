import StageKit

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Reads and writes whole files, and says what the system said when it cannot.
enum FileAccess {
  /// The largest file that is read at once: a 200-megapixel uncompressed colour picture has 0.6 GB
  /// and is refused by the decoder anyway.
  static let byteLimit = 1 << 30

  /// Whether there is anything at a path.
  static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  /// Whether this user may write at a path, on a file system that can be written.
  static func isWritable(_ path: String) -> Bool { access(path, W_OK) == 0 }

  /// All bytes of a regular file.
  ///
  /// - Parameter hint: what to name in the place of something that is no file.
  /// - Throws: ``CommandFailure`` with ``ExitStatus/io``.
  static func read(
    _ path: String, hint: String = "name pictures, or folders of pictures"
  ) throws -> [UInt8] {
    // Opening a pipe would wait for a writer; for a file the flag means nothing.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      throw failure("cannot be opened", path, FileAccess.hint(for: errno))
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw failure("cannot be read", path) }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw CommandFailure(
        .io, "\(path): is not a file", hint: hint)
    }
    guard status.st_size <= byteLimit else {
      throw CommandFailure(
        .badData,
        "\(path): has \(status.st_size >> 20) MiB, more than the \(byteLimit >> 20) allowed",
        hint: "give a JPEG, PNG or TIFF picture")
    }
    return try read(descriptor, byteCount: Int(status.st_size), path)
  }

  /// Replaces a file by these bytes: a temporary name, synced, renamed, its folder synced; a reader
  /// sees the old file or the new one.
  ///
  /// - Throws: ``CommandFailure`` with ``ExitStatus/io``.
  static func write(_ bytes: [UInt8], to path: String, mode: mode_t = 0o666) throws {
    try write(bytes, to: path, mode: mode) { rename($0, path) == 0 }
  }

  /// Writes a file that is not there yet; of several writers at once one is first, and whole.
  ///
  /// - Returns: whether this writer was the first; otherwise the file is another's, and unchanged.
  /// - Throws: ``CommandFailure`` with ``ExitStatus/io``.
  static func create(_ bytes: [UInt8], at path: String, mode: mode_t) throws -> Bool {
    var isFirst = true
    try write(bytes, to: path, mode: mode) { temporary in
      isFirst = link(temporary, path) == 0
      guard isFirst || errno == EEXIST else { return false }
      return unlink(temporary) == 0
    }
    return isFirst
  }

  /// Writes a synced file beside `path` and lets `place` give it its name.
  private static func write(
    _ bytes: [UInt8], to path: String, mode: mode_t, place: (String) -> Bool
  ) throws {
    let temporary = "\(path).\(UInt32.random(in: .min ... .max)).part"
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
    guard descriptor >= 0 else { throw failure("cannot be written", path, hint(for: errno)) }
    do {
      defer { close(descriptor) }
      try writeAll(bytes, to: descriptor, path)
      guard fsync(descriptor) == 0 else { throw failure("cannot be written", path) }
    } catch {
      unlink(temporary)
      throw error
    }
    guard place(temporary) else {
      let error = failure("cannot be written", path, hint(for: errno))
      unlink(temporary)
      throw error
    }
    try OutputFile.syncName(of: path)
  }

  /// Makes a folder and those above it, on the disk before it returns; from `ownerOnly` on down
  /// only the owner may look.
  ///
  /// - Throws: ``CommandFailure`` with ``ExitStatus/io``.
  static func makeFolder(_ path: String, ownerOnly: String? = nil) throws {
    var made = path.hasPrefix("/") ? "" : "."
    for part in path.split(separator: "/") {
      made += "/\(part)"
      let isPrivate = ownerOnly.map { made.hasPrefix($0) } ?? false
      if mkdir(made, isPrivate ? 0o700 : 0o777) == 0 {
        try OutputFile.syncName(of: made)
      } else if errno != EEXIST {
        // What stands in the way is the folder that is not written in, not the one that is missing.
        if [EACCES, EPERM, EROFS].contains(errno), let slash = made.lastIndex(of: "/") {
          let folder = slash == made.startIndex ? "/" : String(made[..<slash])
          throw failure("the folder cannot be written in", folder, hint(for: errno))
        }
        throw failure("the folder cannot be made", made, "choose another folder")
      }
    }
  }

  private static func read(
    _ descriptor: Int32, byteCount: Int, _ path: String
  ) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: byteCount)
    var filled = 0
    while filled < byteCount {
      let count = bytes.withUnsafeMutableBytes { buffer in
        recv(descriptor, UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]))
      }
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw failure("cannot be read", path) }
      if count == 0 { break }
      filled += count
    }
    bytes.removeLast(byteCount - filled)
    return bytes
  }

  private static func recv(_ descriptor: Int32, _ room: UnsafeMutableRawBufferPointer) -> Int {
    #if canImport(Glibc)
      Glibc.read(descriptor, room.baseAddress, room.count)
    #else
      Musl.read(descriptor, room.baseAddress, room.count)
    #endif
  }

  private static func writeAll(_ bytes: [UInt8], to descriptor: Int32, _ path: String) throws {
    try bytes.withUnsafeBytes { buffer in
      var start = 0
      while start < buffer.count {
        let rest = UnsafeRawBufferPointer(rebasing: buffer[start...])
        #if canImport(Glibc)
          let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
        #else
          let count = Musl.write(descriptor, rest.baseAddress, rest.count)
        #endif
        if count < 0 {
          if errno == EINTR { continue }
          throw failure("cannot be written", path, hint(for: errno))
        }
        start += count
      }
    }
  }

  private static func failure(
    _ what: String, _ path: String, _ hint: String = "look at the disk and the folder's rights"
  ) -> CommandFailure {
    CommandFailure(.io, "\(path): \(what): \(String(cString: strerror(errno)))", hint: hint)
  }

  private static func hint(for code: Int32) -> String {
    switch code {
    case ENOENT: "check the name"
    case EACCES, EPERM: "ask for the right to it, or choose another folder"
    case ENOSPC, EDQUOT: "make room on the disk"
    case EMFILE, ENFILE: "allow more open files (ulimit -n)"
    case EROFS: "choose a folder that can be written"
    default: "look at the disk and the folder's rights"
    }
  }
}
