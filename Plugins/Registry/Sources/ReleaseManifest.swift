import ClinicalRecords
import FoundationEssentials
import StageKit

/// `manifest.json`: every file that may leave, with its SHA-256 and size.
///
/// Only what the stages of this run named as theirs is certified, with the digest that they
/// answer for; whatever else lies in the data folder is left out and told. Sorted by path; nothing
/// of when or by whom it was written. The head of the audit chain stands with the files, so that
/// who was given the folder can tell later whether the chain was cut; one that was cut before is told.
struct ReleaseManifest {
  let context: StageContext
  let audit: AuditStatement?

  private struct Document: Encodable {
    let schema = SchemaID("anagen.manifest", 1, 2)
    let study: StudyEntry
    let auditHead: String?
    let auditProblem: String?
    let files: [FileEntry]
  }

  private struct StudyEntry: Encodable {
    let id: String
    let version: String
    let status: Study.Status
    let sha256: ContentDigest?
    let assumed: [String]
  }

  private struct FileEntry: Encodable {
    let path: String
    let bytes: Int
    let sha256: ContentDigest
  }

  private static let name = "manifest.json"

  /// Where it lies.
  static func path(in folder: DataFolder) -> String { folder.resolve(name) }

  /// Writes the manifest.
  ///
  /// - Throws: a fatal ``StageError`` with code `release_unreadable` when the data folder cannot be
  ///   looked through.
  func write() throws {
    let study = context.study
    // An earlier one in the same run is replaced by this.
    let files = context.host.releasedFiles.filter { $0.path != ReleaseManifest.name }
    let document = Document(
      study: StudyEntry(
        id: study.id, version: study.version, status: study.status, sha256: study.fileDigest,
        assumed: study.assumed),
      auditHead: audit?.head, auditProblem: audit?.problem,
      files: files.map { FileEntry(path: $0.path, bytes: $0.byteCount, sha256: $0.sha256) })
    let text = try CanonicalJSONEncoder().document(document).indented() + "\n"
    let path = ReleaseManifest.path(in: context.folder)
    try OutputFile.write(Array(text.utf8), to: path)
    try context.release(written: path)
    let foreign = try foreignFiles(beside: Set(files.map(\.path)))
    guard !foreign.isEmpty else { return }
    context.host.note(
      Notice(
        stage: context.stage, code: "foreign_files",
        what: "\(foreign.count) of the files in \(context.folder.path) "
          + "\(foreign.count == 1 ? "was" : "were") not written by this run and may tell who "
          + "somebody is: \(Notice.list(foreign.map(\.debugDescription)))",
        hint: "not in manifest.json; move away what is not to leave before the folder does",
        isNegative: false))
  }

  /// All below the data folder but `private/`, the manifest, what the stages named, and what only
  /// stands beside a file for a moment; sorted.
  private func foreignFiles(beside known: Set<String>) throws -> [String] {
    var foreign: [String] = []
    var folders = [""]
    while let folder = folders.popLast() {
      let names: [String]
      do {
        names = try FileManager.default.contentsOfDirectory(
          atPath: "\(context.folder.path)/\(folder)")
      } catch {
        throw FileOnDisk.unreadable(folder.isEmpty ? context.folder.path : folder)
      }
      for name in names {
        let path = folder + name
        if path == "private" || path == ReleaseManifest.name || known.contains(path) { continue }
        if name.hasPrefix(".") && name.hasSuffix(".incoming") { continue }
        if try isFolder(path) { folders.append("\(path)/") } else { foreign.append(path) }
      }
    }
    return foreign.sorted()
  }

  /// A link to a folder is none: what it leads to does not lie here.
  private func isFolder(_ path: String) throws -> Bool {
    do {
      let attributes = try FileManager.default.attributesOfItem(
        atPath: "\(context.folder.path)/\(path)")
      return attributes[.type] as? FileAttributeType == .typeDirectory
    } catch {
      throw FileOnDisk.unreadable(path)
    }
  }
}
