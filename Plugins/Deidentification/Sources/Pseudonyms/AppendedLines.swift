import StageKit

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A private file that only grows, by whole lines; several stages may add to it at once.
struct AppendedLines: Sendable {
  let path: String
  /// What cannot be written, for messages, such as `the linking folder`.
  let name: String

  /// The whole lines; half a line that a power cut left is ended, and no line of them.
  ///
  /// - Throws: ``StageError`` of class `fatal` when the file cannot be read.
  func lines() throws -> [String] {
    guard let bytes = try contents(), let last = bytes.last else { return [] }
    let newline = UInt8(ascii: "\n")
    var lines = bytes.split(separator: newline).map { String(decoding: $0, as: UTF8.self) }
    if last != newline {
      lines.removeLast()
      try append("")
    }
    return lines
  }

  /// Adds a line, synced, unless another stage has added it meanwhile.
  ///
  /// - Throws: ``StageError`` of class `transient`.
  func append(_ line: String) throws {
    let isNew = access(path, F_OK) != 0
    let file = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw failure(.transient, "cannot be opened") }
    defer { close(file) }
    // Freed with the descriptor.
    guard flock(file, LOCK_EX) == 0 else { throw failure(.transient, "cannot be locked") }
    let known = try contents() ?? []
    let isKnown = known.split(separator: UInt8(ascii: "\n")).contains {
      $0.elementsEqual(line.utf8)
    }
    if isKnown && !line.isEmpty { return }
    let bytes = Array("\(line)\n".utf8)
    let count = write(file, bytes, bytes.count)
    guard count == bytes.count, fsync(file) == 0 else {
      throw failure(.transient, "cannot be written")
    }
    // The first entry made the file: its name must outlive a power cut as well.
    if isNew { try OutputFile.syncName(of: path) }
  }

  /// The file's bytes; `nil` when there is no such file.
  func contents() throws -> [UInt8]? {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else {
      if errno == ENOENT { return nil }
      throw failure(.fatal, "cannot be read")
    }
    defer { close(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = read(file, &buffer, buffer.count)
      guard count >= 0 else { throw failure(.fatal, "cannot be read") }
      if count == 0 { return bytes }
      bytes += buffer[..<count]
    }
  }

  func failure(_ failureClass: StageError.FailureClass, _ what: String) -> StageError {
    StageError(
      failureClass, "linking_table", subject: "\(name) \(what)",
      hint: "make room and check the rights of 'private' in the data folder", errno: errno)
  }
}
