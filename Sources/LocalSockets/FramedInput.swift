/// Cuts a stream of bytes into requests at a delimiter, and never holds more than its bound.
package struct FramedInput {
  /// What the bytes so far give.
  package enum Step: Equatable {
    /// No whole request yet.
    case incomplete
    /// A request without its delimiter.
    case frame([UInt8])
    /// More bytes than a request may have, and no delimiter.
    case tooLong
  }

  private let delimiter: [UInt8]
  private let maxBytes: Int
  private var bytes: [UInt8] = []
  /// Before this nothing of a delimiter starts.
  private var searched = 0

  package init(delimiter: [UInt8], maxBytes: Int) {
    precondition(!delimiter.isEmpty && maxBytes > 0)
    self.delimiter = delimiter
    self.maxBytes = maxBytes
  }

  /// Whether nothing of a request has come.
  package var isEmpty: Bool { bytes.isEmpty }

  /// How many bytes may come before ``next()`` is asked.
  package var room: Int { max(0, maxBytes + delimiter.count - bytes.count) }

  /// Takes bytes in.
  ///
  /// - Precondition: they are at most ``room``.
  package mutating func append(_ new: some Collection<UInt8>) {
    precondition(new.count <= room)
    bytes += new
  }

  /// Takes the oldest whole request out.
  package mutating func next() -> Step {
    while searched < bytes.count {
      guard let start = bytes[searched...].firstIndex(of: delimiter[0]) else {
        searched = bytes.count
        break
      }
      searched = start
      let end = start + delimiter.count
      // The rest of the delimiter may come yet.
      guard end <= bytes.count else { break }
      if bytes[start..<end].elementsEqual(delimiter) {
        let frame = Array(bytes[..<start])
        bytes.removeFirst(end)
        searched = 0
        return .frame(frame)
      }
      searched += 1
    }
    return room == 0 ? .tooLong : .incomplete
  }
}
