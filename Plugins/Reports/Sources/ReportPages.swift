import ClinicalRecords
import FoundationEssentials
import StageKit

/// Writes the pages of a report, and tells which of them somebody else changed or removed.
struct ReportPages {
  let context: StageContext

  /// Writes one page, for its owner alone.
  func write(_ bytes: [UInt8], to path: String) throws {
    try OutputFile.write(bytes, to: path, mode: 0o600)
    context.host.release(
      ReleasedFile(
        path: context.folder.relative(path), byteCount: bytes.count,
        sha256: context.host.sha256(of: bytes)))
  }

  /// Tells, before they are written again, which pages are not as the last run wrote them.
  func tellAltered(_ paths: [String], in folder: String) {
    let altered = paths.filter { path in
      guard let last = context.host.lastReleased(context.folder.relative(path)) else {
        return false
      }
      let bytes = FileManager.default.contents(atPath: path)
      return bytes.map { context.host.sha256(of: [UInt8]($0)) } != last
    }
    if altered.isEmpty { return }
    context.host.note(
      .restored(
        "report's pages", code: "report_restored",
        altered.map { String($0.dropFirst(folder.utf8.count + 1)) }, in: folder,
        by: context.stage))
  }
}
