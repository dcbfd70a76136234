import CStageWire
import Glibc
import StageKit
import StageWire

/// Lines of a pipe, cut at a length (docs/stage-protocol.md 6.6).
struct LogLines {
  static let longest = 500
  private var line: [UInt8] = []
  private var room = [UInt8](repeating: 0, count: 4096)

  /// Reads what there is.
  ///
  /// - Returns: `false` at the end.
  mutating func read(
    from file: OpenFile, _ said: (LogLevel, String) -> Void
  ) -> Bool {
    guard isThere(file) else { return true }
    let count = Glibc.read(file.number, &room, room.count)
    guard count > 0 else { return false }
    for byte in room[0..<count] {
      if byte == UInt8(ascii: "\n") {
        flush(said)
      } else if line.count < LogLines.longest {
        line.append(byte)
      }
    }
    return true
  }

  /// Whether there is something to read, or the end.
  func isThere(_ file: OpenFile) -> Bool { anagen_wire_wait([file.number], 1, 0) == 1 }

  /// Gives what is left.
  mutating func flush(_ said: (LogLevel, String) -> Void) {
    guard !line.isEmpty else { return }
    said(.info, String(decoding: line, as: UTF8.self))
    line = []
  }
}
