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
  private let table: AppendedLines
  private let recipient: LinkingRecipient
  private let written: Mutex<Set<String>>

  /// Opens or makes the folder.
  ///
  /// - Throws: ``StageError`` of class `fatal` when it cannot be read or written.
  init(privatePath: String, recipient: LinkingRecipient) throws {
    let folder = "\(privatePath)/linking"
    try OutputFile.makeFolder(folder, mode: 0o700)
    secret = try LinkingFolder.secret(in: folder)
    table = AppendedLines(path: "\(folder)/table", name: "the linking folder")
    self.recipient = recipient
    written = Mutex(Set(try table.lines().map { String($0.prefix { $0 != " " }) }))
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
      try table.append(line)
      written.insert(entry.code)
    }
  }

  /// Reads the secret, drawing it first when there is none.
  private static func secret(in folder: String) throws -> [UInt8] {
    let path = "\(folder)/secret"
    let file = AppendedLines(path: path, name: "the linking folder")
    if let known = try file.contents() { return try checked(known) }
    var generator = SystemRandomNumberGenerator()
    let drawn = (0..<32).map { _ in UInt8.random(in: 0...255, using: &generator) }
    let draft = "\(path).\(getpid()).\(UInt32.random(in: 0...UInt32.max, using: &generator))"
    let drafted = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard drafted >= 0 else { throw file.failure(.fatal, "cannot be written") }
    let isWritten = write(drafted, drawn, drawn.count) == drawn.count && fsync(drafted) == 0
    close(drafted)
    defer { unlink(draft) }
    guard isWritten else { throw file.failure(.fatal, "cannot be written") }
    // Of two stages that draw at once one wins, and both read the winner's.
    guard link(draft, path) == 0 || errno == EEXIST else {
      throw file.failure(.fatal, "cannot be written")
    }
    try OutputFile.syncName(of: path)
    guard let stored = try file.contents() else { throw file.failure(.fatal, "cannot be read") }
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
}
