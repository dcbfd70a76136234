import ClinicalRecords
import StageKit

extension ReleasedImage {
  /// Writes the picture under its released name; the same picture again changes nothing.
  ///
  /// - Throws: ``StageError`` of class `record` with code `unsafe_name` for a name that is not a
  ///   plain file name, and that of the content when its bytes are gone.
  func write(below folder: String) throws {
    guard isPlainFileName(name) else {
      throw StageError(
        .record, "unsafe_name", subject: "a released picture's name is not a plain file name",
        hint: "the de-identifying stage names pictures by a keyed code; check its version")
    }
    let bytes: [UInt8]
    do {
      bytes = try picture.bytes()
    } catch let error as RecordError {
      throw StageError(
        .record, error.code.name, subject: "a released picture cannot be read", hint: error.hint)
    }
    try OutputFile.write(bytes, to: "\(folder)/\(name)")
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
