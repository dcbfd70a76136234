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
  func write(_ image: ReleasedImage, in context: StageContext) throws {
    guard isPlainFileName(image.name) else {
      throw StageError(
        .record, "unsafe_name", subject: "a released picture's name is not a plain file name",
        hint: "the de-identifying stage names pictures by a keyed code; check its version")
    }
    let bytes: [UInt8]
    do {
      bytes = try context.bytes(of: image.picture)
    } catch let error as RecordError where error.code != .contentUnreadable {
      throw StageError(
        .record, error.code.name, subject: "a released picture cannot be read", hint: error.hint)
    }
    try OutputFile.write(bytes, to: "\(folder)/\(image.name)", dated: false)
  }

  /// Takes a picture back; nothing to do when it does not lie there.
  func withdraw(_ name: String) throws {
    try move(name, from: folder, to: withdrawnFolder, mode: 0o600)
  }

  /// Puts a picture that was taken back where it lay; nothing to do when another of its name was, or
  /// none.
  private func restore(_ picture: FiledPictures.Picture) throws {
    let kept = try FileOnDisk("\(withdrawnFolder)/\(picture.name)")
    guard kept?.sha256.hexadecimal == picture.sha256 else { return }
    try move(picture.name, from: withdrawnFolder, to: folder, mode: 0o644)
  }

  /// Holds every picture that may leave to the digest it was filed with.
  ///
  /// One that was taken back and may leave again is put where it lay. One that is changed or gone
  /// is written again from what the run's host stored; where that is not the same picture, the run
  /// says so and lets nothing of that name leave.
  func keep(_ filed: [FiledPictures.Picture], for context: StageContext) async throws {
    var (restored, lost): ([String], [String]) = ([], [])
    for picture in filed {
      let path = "\(folder)/\(picture.name)"
      try restore(picture)
      if let file = try FileOnDisk(path), file.sha256.hexadecimal == picture.sha256 {
        context.release(file, at: path)
      } else if let bytes = try await stored(picture, in: context) {
        try OutputFile.write(bytes, to: path, dated: false)
        try context.release(written: path)
        restored.append(picture.name)
      } else {
        lost.append(picture.name)
      }
    }
    if !restored.isEmpty {
      context.host.note(
        .restored(
          "released pictures", code: "pictures_restored", restored, in: folder, by: context.stage))
    }
    if !lost.isEmpty {
      context.host.note(
        Notice(
          stage: context.stage, code: "pictures_lost",
          what: "\(lost.count) of the released pictures were changed or removed and cannot be "
            + "written again, since what the ledger keeps of them is damaged: "
            + "\(Notice.list(lost))",
          hint: "they are not in manifest.json; restore the data folder from its backup, then run "
            + "again", isNegative: true))
    }
  }

  /// A picture's bytes as the host stored them; `nil` when it has not this very picture.
  private func stored(
    _ picture: FiledPictures.Picture, in context: StageContext
  ) async throws -> [UInt8]? {
    let identity = Released.identity(of: .image, reference: picture.reference)
    let record = try await context.host.lookup(identity, schema: Released.schema)
    guard case .image(let image)? = (record as? Released)?.body else { return nil }
    guard image.picture.sha256.hexadecimal == picture.sha256 else { return nil }
    do {
      return try context.bytes(of: image.picture)
    } catch is RecordError {
      return nil
    }
  }

  /// Copies, then removes: the folders may lie on two disks, and a crash in between leaves both,
  /// which the next drain settles.
  private func move(_ name: String, from: String, to: String, mode: UInt32) throws {
    let path = "\(from)/\(name)"
    var status = stat()
    guard isPlainFileName(name), lstat(path, &status) == 0 else { return }
    do {
      let bytes = try Data(contentsOf: URL(filePath: path))
      try OutputFile.write([UInt8](bytes), to: "\(to)/\(name)", mode: mode, dated: false)
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
