import ClinicalRecords
import FoundationEssentials
import StageKit

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The folder of released pictures, and the private one that a picture goes back to when it is
/// held after it had been released: a file that must not leave does not lie where files leave.
struct ReleasedPictures: Sendable {
  /// Where released pictures lie.
  let folder: String
  /// Where those lie that were released once and are held now; below `private/`.
  let withdrawnFolder: String

  init(folder: String, in data: DataFolder) {
    self.folder = folder
    withdrawnFolder = "\(data.privatePath)/withdrawn"
  }

  /// Writes a picture under its released name; the same picture again changes nothing.
  ///
  /// - Throws: ``StageError`` of class `record` with code `unsafe_name` for a name that is not a
  ///   plain file name, and that of the content when its bytes are gone.
  func write(_ image: ReleasedImage) throws {
    guard isPlainFileName(image.name) else {
      throw StageError(
        .record, "unsafe_name", subject: "a released picture's name is not a plain file name",
        hint: "the de-identifying stage names pictures by a keyed code; check its version")
    }
    let bytes: [UInt8]
    do {
      bytes = try image.picture.bytes()
    } catch let error as RecordError {
      throw StageError(
        .record, error.code.name, subject: "a released picture cannot be read", hint: error.hint)
    }
    try OutputFile.write(bytes, to: "\(folder)/\(image.name)")
  }

  /// Takes a picture back; nothing to do when it does not lie there.
  func withdraw(_ name: String) throws {
    try move(name, from: folder, to: withdrawnFolder, mode: 0o600)
  }

  /// Puts a picture that was taken back where it lay; nothing to do when it was not.
  func restore(_ name: String) throws {
    try move(name, from: withdrawnFolder, to: folder, mode: 0o644)
  }

  /// Copies, then removes: the folders may lie on two disks, and a crash in between leaves both,
  /// which the next drain settles.
  private func move(_ name: String, from: String, to: String, mode: UInt32) throws {
    let path = "\(from)/\(name)"
    var status = stat()
    guard isPlainFileName(name), lstat(path, &status) == 0 else { return }
    do {
      let bytes = try Data(contentsOf: URL(filePath: path))
      try OutputFile.write([UInt8](bytes), to: "\(to)/\(name)", mode: mode)
      try FileManager.default.removeItem(atPath: path)
    } catch let error as StageError {
      throw error
    } catch {
      throw StageError(
        .fatal, "picture_not_moved", subject: "cannot move a picture from \(from) to \(to)",
        hint: "check owner and mode of both folders, then run again")
    }
  }
}

/// Letters, digits, `-`, `_` and inner dots: nothing that a shell or a browser reads otherwise.
private func isPlainFileName(_ name: String) -> Bool {
  guard (1...128).contains(name.utf8.count), !name.hasPrefix("."), !name.hasPrefix("-") else {
    return false
  }
  return name.utf8.allSatisfy {
    (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0)
      || [45, 46, 95].contains($0)
  }
}
