import ClinicalRecords
import StageKit
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A host that keeps its log and makes short stand-ins for digests.
final class RecordingHost: StageHost {
  private let lines = Mutex<[String]>([])

  var log: [String] { lines.withLock { $0 } }

  func sha256(of bytes: [UInt8]) -> ContentDigest {
    var state: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in bytes { state = (state ^ UInt64(byte)) &* 0x100_0000_01B3 }
    return withUnsafeBytes(of: (state, state, state, state)) { ContentDigest(bytes: $0) }
  }

  func secret(named name: String) throws -> [UInt8] { [] }
  func now() -> Double { 0 }

  func log(_ level: LogLevel, stage: String, _ message: StaticString, _ values: [String: String]) {
    lines.withLock { $0.append("\(message) \(values)") }
  }

  func ancestor(of reference: LedgerReference, schema: SchemaID) async throws -> (any StoredRecord)?
  {
    nil
  }

  func lookup(_ identity: RecordIdentity, schema: SchemaID) async throws -> (any StoredRecord)? {
    nil
  }
}

/// A folder of its own for one test, removed when the value goes.
final class TemporaryFolder {
  let path: String

  init() throws {
    var template = Array("/tmp/image-files-XXXXXX\0".utf8CString.dropLast()) + [0]
    guard mkdtemp(&template) != nil else { throw Failure(errno: errno) }
    path = String(
      decoding: template.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit { remove(path) }

  struct Failure: Error { let errno: Int32 }

  func write(_ text: String, to file: String) throws { try write(Array(text.utf8), to: file) }

  func write(_ bytes: [UInt8], to file: String) throws {
    guard let stream = fopen("\(path)/\(file)", "w") else { throw Failure(errno: errno) }
    defer { fclose(stream) }
    guard fwrite(bytes, 1, bytes.count, stream) == bytes.count else { throw Failure(errno: errno) }
  }

  func makeFolder(_ name: String) throws {
    guard mkdir("\(path)/\(name)", 0o700) == 0 else { throw Failure(errno: errno) }
  }

  private func remove(_ path: String) {
    guard let directory = opendir(path) else { return }
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      guard name != ".", name != ".." else { continue }
      if entry.pointee.d_type == UInt8(DT_DIR) {
        remove("\(path)/\(name)")
      } else {
        unlink("\(path)/\(name)")
      }
    }
    closedir(directory)
    rmdir(path)
  }
}
