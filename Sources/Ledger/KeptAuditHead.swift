import ClinicalRecords
import Foundation
import Glibc
import StageKit

/// The last head of a folder's audit chain, in `private/audit-head`: what the next opening holds the
/// chain against.
///
/// Written when the chain is begun and after what it covers is on the disk, so it is of an entry that
/// is in the ledger or, after a kill, of one before the last. It moves with the folder. Who removes it with the entries is
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
}

/// The heads of its own chain that a data folder holds: the kept one, and that of the last export.
struct FolderHeads {
  let kept: KeptAuditHead
  /// In `manifest.json`, which leaves with the export, and which somebody who puts only `private/`
  /// back forgets.
  var released: [AuditHead]

  /// The head stands before the list of files, behind what the study assumes.
  private static let manifestLimit = 64 * 1024

  init(of folder: DataFolder) throws {
    kept = try KeptAuditHead.read(in: folder)
    released = AuditHead.all(
      in: try FileSystem.beginning(of: "\(folder.path)/manifest.json", FolderHeads.manifestLimit))
  }

  var isEmpty: Bool { kept.isAbsent && released.isEmpty }
}
