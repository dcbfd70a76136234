import ClinicalRecords
import Crypto
import FoundationEssentials
import StageKit

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// `manifest.json`: every file of the data folder that may leave, with its SHA-256 and size.
///
/// All below the data folder but `private/`, hidden files, SQLite's side files and the manifest
/// itself; sorted by path; nothing of when or by whom it was written. The head of the audit chain
/// stands with them, so that who was given the folder can tell later whether the chain was cut.
struct ReleaseManifest {
  let context: StageContext
  let auditHead: String?

  private struct Document: Encodable {
    let schema = SchemaID("anagen.manifest", 1, 1)
    let study: StudyEntry
    let auditHead: String?
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

  /// Reads every file once and writes the manifest.
  ///
  /// - Throws: a fatal ``StageError`` with code `release_unreadable` for a file that cannot be read.
  func write() throws {
    let study = context.study
    let document = Document(
      study: StudyEntry(
        id: study.id, version: study.version, status: study.status, sha256: study.fileDigest,
        assumed: study.assumed),
      auditHead: auditHead, files: try paths(below: "").sorted().map { try entry($0) })
    let text = try CanonicalJSONEncoder().document(document).indented() + "\n"
    try OutputFile.write(Array(text.utf8), to: context.folder.resolve("manifest.json"))
  }

  private func paths(below prefix: String) throws -> [String] {
    let folder = "\(context.folder.path)/\(prefix)"
    var paths: [String] = []
    let names: [String]
    do {
      names = try FileManager.default.contentsOfDirectory(atPath: folder)
    } catch {
      throw unreadable(prefix.isEmpty ? "the data folder" : prefix)
    }
    for name in names where !name.hasPrefix(".") {
      let path = prefix + name
      if path == "private" || path == "manifest.json" { continue }
      if ["-wal", "-shm", "-journal"].contains(where: { name.hasSuffix($0) }) { continue }
      var status = stat()
      guard lstat("\(context.folder.path)/\(path)", &status) == 0 else { throw unreadable(path) }
      switch status.st_mode & S_IFMT {
      case S_IFDIR: paths += try self.paths(below: path + "/")
      case S_IFREG: paths.append(path)
      default: break
      }
    }
    return paths
  }

  private func entry(_ path: String) throws -> FileEntry {
    let descriptor = open("\(context.folder.path)/\(path)", O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw unreadable(path) }
    defer { close(descriptor) }
    var hash = SHA256()
    var size = 0
    // 1 MiB at a time: past that, reading gains nothing and only memory is lost.
    var buffer = [UInt8](repeating: 0, count: 1 << 20)
    while true {
      let count = buffer.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw unreadable(path) }
      if count == 0 { break }
      size += count
      buffer.withUnsafeBytes { hash.update(bufferPointer: .init(rebasing: $0[..<count])) }
    }
    return FileEntry(path: path, bytes: size, sha256: ContentDigest(bytes: hash.finalize()))
  }

  private func unreadable(_ path: String) -> StageError {
    let number = errno
    return StageError(
      .fatal, "release_unreadable", subject: "cannot read \(path) to list it",
      hint: "check the owner and mode of the data folder, then run again", errno: number)
  }
}
