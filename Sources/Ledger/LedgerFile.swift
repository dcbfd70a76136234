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
    let size = FileSystem.size(of: path) ?? 0
    if size == 0 {
      guard try ContentStore.isEmpty(folder: "\(folder.privatePath)/content") else {
        throw cut("\(path) is damaged: it is empty, but the folder's contents are there")
      }
      return
    }
    let hasLog = ["-wal", "-journal"].contains { (FileSystem.size(of: path + $0) ?? 0) > 0 }
    guard !hasLog, let pageSize = try pageSize(of: path) else { return }
    // SQLite itself sees whole pages that are missing, but takes half a page for one of zeros.
    guard size % pageSize == 0 else { throw cut("\(path) is damaged: its end is missing") }
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
