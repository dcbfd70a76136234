import ClinicalRecords
import Foundation
import GRDB
import Glibc
import StageKit

/// The last head of a folder's audit chain, in `private/audit-head`: what the next opening holds the
/// chain against.
///
/// Written after what it covers is on the disk, so it is of an entry that is in the ledger or, after
/// a kill, of one before the last. It moves with the folder. Who removes it with the entries is
/// found out only by a head that lies elsewhere.
enum KeptAuditHead {
  /// None was written yet.
  case absent
  /// The file holds something else.
  case unreadable
  case head(AuditHead)

  /// The head, if there is one.
  var heads: [AuditHead] { if case .head(let head) = self { [head] } else { [] } }

  var isAbsent: Bool { if case .absent = self { true } else { false } }

  /// A head has some 240 bytes.
  private static let byteLimit = 4096

  static func path(in folder: DataFolder) -> String { "\(folder.privatePath)/audit-head" }

  /// Reads it; a file that is cut or of another kind is a finding, not an error.
  static func read(in folder: DataFolder) throws -> KeptAuditHead {
    let path = path(in: folder)
    guard let size = FileSystem.size(of: path) else { return .absent }
    // Foundation also leaks a page for each empty file that it reads.
    guard (1...byteLimit).contains(size) else { return .unreadable }
    let data: Data
    do {
      data = try Data(contentsOf: URL(filePath: path))
    } catch {
      throw LedgerError(
        .io, subject: "\(path) cannot be read", hint: "allow its owner to read it (chmod u+r)")
    }
    let text = String(decoding: data, as: UTF8.self)
    let head = AuditHead(parsing: text.trimmingCharacters(in: .whitespacesAndNewlines))
    return head.map(KeptAuditHead.head) ?? .unreadable
  }

  /// Replaces it: a reader sees the old one or the new one.
  static func write(_ head: AuditHead, in folder: DataFolder) throws {
    let path = path(in: folder)
    try FileSystem.write(Array("\(head)\n".utf8), to: "\(path).part", sync: true)
    guard rename("\(path).part", path) == 0 else {
      throw FileSystem.failure("cannot name \(path)")
    }
    try FileSystem.syncFolder(folder.privatePath)
  }

  /// What is wrong with a chain in which this head must be found; `nil` when it is.
  func problem(in db: Database) throws -> AuditProblem? {
    switch self {
    case .absent: return nil
    case .unreadable: return .unreadableKept
    case .head(let head):
      let last = try AuditWriter.last(in: db)
      guard head.isSigned else { return .unsigned(head) }
      if let key = try AuditWriter.firstKey(in: db), key != head.key { return .foreign(head) }
      let hash = try Data.fetchOne(
        db, sql: "SELECT hash FROM audit WHERE sequence = ?", arguments: [head.sequence])
      guard let hash else { return .cut(before: head, endsAt: last?.sequence ?? 0) }
      return head.hash == ContentDigest(hashBytes: hash) ? nil : .replaced(head)
    }
  }
}

extension ContentDigest {
  /// The digest of a row's 32 bytes; `nil` for any other number of bytes.
  fileprivate init?(hashBytes: Data) {
    guard hashBytes.count == 32 else { return nil }
    self.init(bytes: hashBytes)
  }
}
