import StageKit
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// What a public release keeps below `OUT/private/linking/`: the secret that makes its codes, and
/// the sealed table of what they stand for.
///
/// The secret is 32 random bytes, drawn when the folder is first used. Codes are a keyed function
/// of it, so they are random, stay the same in every run over one data folder, and need no lock
/// between stages. While the secret exists, whoever has the data folder and the pseudonym key can
/// make the codes again, as with any table; once the release is out the file is deleted, and only
/// the holder of the table's private key can link. Two data folders give unlinkable releases.
final class LinkingFolder: Sendable {
  /// The random bytes behind the codes.
  let secret: [UInt8]
  private let tablePath: String
  private let recipient: LinkingRecipient
  private let written: Mutex<Set<String>>

  /// Opens or makes the folder.
  ///
  /// - Throws: ``StageError`` of class `fatal` when it cannot be read or written.
  init(privatePath: String, recipient: LinkingRecipient) throws {
    let folder = "\(privatePath)/linking"
    try OutputFile.makeFolder(folder, mode: 0o700)
    secret = try LinkingFolder.secret(in: folder)
    tablePath = "\(folder)/table"
    self.recipient = recipient
    let (codes, endsWithinLine) = try LinkingFolder.codes(in: tablePath)
    written = Mutex(codes)
    if endsWithinLine { try append("\n") }
  }

  /// Makes sure that the table has an entry, synced, before anything with its code is released.
  ///
  /// - Throws: ``StageError`` of class `transient` when the table cannot be written.
  func note(_ entry: LinkingEntry) throws {
    try written.withLock { written in
      guard !written.contains(entry.code) else { return }
      let line: String
      do {
        line = try entry.sealed(for: recipient)
      } catch {
        throw StageError(
          .record, "linking_table", subject: "the linking entry cannot be sealed",
          hint: "check the public key of 'linking_key'")
      }
      try append(line + "\n")
      written.insert(entry.code)
    }
  }

  private func append(_ line: String) throws {
    let isNew = access(tablePath, F_OK) != 0
    let file = open(tablePath, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw LinkingFolder.failure(.transient, "cannot be opened") }
    defer { close(file) }
    // One write: two stages that append at once never mix their lines.
    let bytes = Array(line.utf8)
    let count = write(file, bytes, bytes.count)
    guard count == bytes.count, fsync(file) == 0 else {
      throw LinkingFolder.failure(.transient, "cannot be written")
    }
    // The first entry made the file: its name must outlive a power cut as well.
    if isNew { try OutputFile.syncName(of: tablePath) }
  }

  private static func failure(
    _ failureClass: StageError.FailureClass, _ what: String
  ) -> StageError {
    StageError(
      failureClass, "linking_table", subject: "the linking folder \(what)",
      hint: "make room and check the rights of 'private/linking' in the data folder", errno: errno)
  }

  /// Reads the secret, drawing it first when there is none.
  private static func secret(in folder: String) throws -> [UInt8] {
    let path = "\(folder)/secret"
    if let known = try contents(of: path) { return try checked(known) }
    var generator = SystemRandomNumberGenerator()
    let drawn = (0..<32).map { _ in UInt8.random(in: 0...255, using: &generator) }
    let draft = "\(path).\(getpid()).\(UInt32.random(in: 0...UInt32.max, using: &generator))"
    let file = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw failure(.fatal, "cannot be written") }
    let isWritten = write(file, drawn, drawn.count) == drawn.count && fsync(file) == 0
    close(file)
    defer { unlink(draft) }
    guard isWritten else { throw failure(.fatal, "cannot be written") }
    // Of two stages that draw at once one wins, and both read the winner's.
    guard link(draft, path) == 0 || errno == EEXIST else {
      throw failure(.fatal, "cannot be written")
    }
    try OutputFile.syncName(of: path)
    guard let stored = try contents(of: path) else { throw failure(.fatal, "cannot be read") }
    return try checked(stored)
  }

  private static func checked(_ secret: [UInt8]) throws -> [UInt8] {
    guard secret.count == 32 else {
      throw StageError(
        .fatal, "linking_table", subject: "the secret of the linking folder is damaged",
        hint: "restore 'private/linking' from its backup; new codes would not match the old")
    }
    return secret
  }

  /// The codes of the whole lines, and whether a power cut left half a line behind them.
  private static func codes(
    in path: String
  ) throws -> (codes: Set<String>, endsWithinLine: Bool) {
    guard let table = try contents(of: path), let last = table.last else { return ([], false) }
    let newline = UInt8(ascii: "\n")
    var lines = table.split(separator: newline)
    if last != newline { lines.removeLast() }
    let codes = lines.map { line in
      String(decoding: line.prefix { $0 != UInt8(ascii: " ") }, as: UTF8.self)
    }
    return (Set(codes), last != newline)
  }

  /// A file's bytes; `nil` when there is no such file.
  private static func contents(of path: String) throws -> [UInt8]? {
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
}
