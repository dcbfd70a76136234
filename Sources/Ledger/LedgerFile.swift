import Foundation
import Glibc
import StageKit

/// What can be seen of a ledger's file before SQLite opens it, which would make a new ledger of an
/// empty file and remove the log beside it.
enum LedgerFile {
  /// Refuses a file that lost its end, or all of itself.
  ///
  /// A power cut leaves no such file: the first contents are written after the empty ledger is
  /// synced, and the log goes only after the database that it was copied into is synced.
  ///
  /// - Throws: ``LedgerError`` with code `damaged`.
  static func check(in folder: DataFolder) throws {
    let path = "\(folder.privatePath)/ledger.sqlite"
    let contents = "\(folder.privatePath)/content"
    let found = FileSystem.size(of: path)
    guard let size = found, size > 0 else {
      guard try ContentStore.isEmpty(folder: contents) else {
        throw cut(
          found == nil
            ? "\(path) is gone, but the folder's contents are there"
            : "\(path) is damaged: it is empty, but the folder's contents are there")
      }
      return
    }
    let hasLog = ["-wal", "-journal"].contains { (FileSystem.size(of: path + $0) ?? 0) > 0 }
    guard !hasLog, let pageSize = try pageSize(of: path) else { return }
    // SQLite itself sees whole pages that are missing, but takes half a page for one of zeros.
    guard size % pageSize == 0 else { throw cut("\(path) is damaged: its end is missing") }
  }

  /// Refuses to go on with a ledger whose stored pictures are gone: each would fail by itself.
  ///
  /// A run makes the folder before the ledger. Who only reads does without it.
  ///
  /// - Throws: ``LedgerError`` with code `damaged`.
  static func checkContents(in folder: DataFolder) throws {
    let contents = "\(folder.privatePath)/content"
    guard !FileSystem.isFolder(contents), try RunLedger.hasPictures(in: folder) else { return }
    throw LedgerError(
      .damaged, subject: "\(contents) is gone, in which the pictures of the ledger's records lie",
      hint: "put it back from the backup, or from where it was moved; nothing was changed")
  }

  private static func cut(_ subject: String) -> LedgerError {
    LedgerError(
      .damaged, subject: subject, hint: "restore the data folder from its backup, or name another")
  }

  /// The page size in SQLite's header (its file format, 1.3.2); `nil` for another kind of file,
  /// which SQLite refuses itself.
  private static func pageSize(of path: String) throws -> Int? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileSystem.failure("cannot open \(path)") }
    defer { close(descriptor) }
    var header = [UInt8](repeating: 0, count: 18)
    guard pread(descriptor, &header, 18, 0) == 18, header.starts(with: "SQLite format 3\0".utf8)
    else { return nil }
    let size = Int(header[16]) << 8 | Int(header[17])
    return size == 1 ? 65536 : max(size, 512)
  }
}
