import Foundation
import Glibc
import GRDB
import StageKit

/// How a ledger's file is opened to be read only.
///
/// SQLite makes its files beside a ledger in WAL mode even to read it, so on a backup or a share that
/// cannot be written it refuses (its documentation, "Read-Only WAL-Mode Databases"). Without a log
/// the file is all there is, and nobody changes it there: it is read as immutable. With a log and
/// its index, SQLite reads both as they lie.
enum ReadingPlace {
  /// Whether SQLite may make its files in a folder.
  static func isWritable(_ folder: DataFolder) -> Bool { access(folder.privatePath, W_OK) == 0 }

  /// What SQLite is to open.
  ///
  /// - Throws: ``LedgerError`` with code `io` where a log cannot be read without writing.
  static func name(of path: String, in folder: DataFolder) throws -> String {
    if isWritable(folder) { return path }
    guard (FileSystem.size(of: "\(path)-wal") ?? 0) > 0 else {
      return "file:\(escaped(path))?immutable=1"
    }
    guard FileSystem.size(of: "\(path)-shm") != nil else {
      throw LedgerError(
        .io,
        subject: "the last changes of the ledger lie in \(path)-wal, and cannot be read in a place "
          + "that cannot be written",
        hint: "copy the data folder to a place that can be written, and look there", errno: EROFS)
    }
    return path
  }

  /// A path as it stands in a URI (RFC 3986): all but what needs no escape.
  private static func escaped(_ path: String) -> String {
    path.utf8.map { byte in
      let isPlain =
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
        || "/-._~".utf8.contains(byte)
      let digits = String(byte, radix: 16, uppercase: true)
      return isPlain
        ? String(UnicodeScalar(byte)) : "%" + (digits.utf8.count < 2 ? "0" : "") + digits
    }.joined()
  }
}
