import Foundation

/// What a child changed on the disk, in order, as the shim noted it.
struct FaultLog {
  struct Change {
    enum Kind: Character {
      case made = "o"
      case wrote = "w"
      case cut = "t"
      case allocated = "a"
      case synced = "s"
      case renamed = "r"
      case linked = "l"
      case removed = "u"
      case madeFolder = "m"
    }
    let kind: Kind
    let path: String
    /// The second name of a renaming or link.
    let target: String
    /// Where bytes were written, or the size that a file was cut or grown to.
    let offset: Int
    let bytes: ArraySlice<UInt8>
  }

  let changes: [Change]

  /// Reads a log; a last entry that is not whole is left out.
  init(_ file: String) throws {
    let bytes = [UInt8](try Data(contentsOf: URL(filePath: file)))
    var changes: [Change] = []
    var next = bytes.startIndex
    while let end = bytes[next...].firstIndex(of: UInt8(ascii: "\n")) {
      let line = String(decoding: bytes[next..<end], as: UTF8.self).split(separator: " ")
      let numbers = line.dropFirst().compactMap { Int($0) }
      guard let kind = line.first?.first.flatMap(Change.Kind.init), numbers.count == 5 else {
        throw CocoaError(.fileReadCorruptFile, userInfo: [NSFilePathErrorKey: file])
      }
      let body = end + 1
      let (pathEnd, targetEnd) = (body + numbers[2], body + numbers[2] + numbers[3])
      let bodyEnd = targetEnd + (numbers[4] == 1 ? numbers[1] : 0)
      guard bodyEnd <= bytes.count else { break }
      changes.append(
        Change(
          kind: kind, path: String(decoding: bytes[body..<pathEnd], as: UTF8.self),
          target: String(decoding: bytes[pathEnd..<targetEnd], as: UTF8.self), offset: numbers[0],
          bytes: bytes[targetEnd..<bodyEnd]))
      next = bodyEnd
    }
    self.changes = changes
  }
}
