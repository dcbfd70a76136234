import Foundation
import Glibc

/// A new folder that nobody else can look into.
struct ScratchFolder {
  let path: String

  init(in parent: String) throws {
    var template = Array("\(parent)/anagen-test-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else {
      throw CommandFailure(
        .io, "no temporary folder can be made in \(parent): \(String(cString: strerror(errno)))",
        hint: "name another with TMPDIR")
    }
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// Removes the folder; says what kept it from being removed.
  func remove() -> String? {
    do {
      try FileManager.default.removeItem(atPath: path)
      return nil
    } catch {
      return "the tests' folder \(path) could not be removed"
    }
  }
}
