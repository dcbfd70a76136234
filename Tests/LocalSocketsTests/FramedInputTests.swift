import LocalSockets
import Testing

@Suite("cutting bytes into requests")
struct FramedInputTests {
  private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

  @Test(arguments: [1, 2, 3, 7, 64])
  func `requests come out whole however the bytes are split`(piece: Int) {
    var input = FramedInput(delimiter: bytes("\r\n\r\n"), maxBytes: 16)
    let stream = bytes("one\r\n\r\n\r\n\r\r\n\r\n\r\n\r\ntwo\r\n\r\n")
    var frames: [String] = []
    var rest = stream[...]
    while !rest.isEmpty {
      let part = rest.prefix(min(piece, input.room))
      input.append(part)
      rest = rest.dropFirst(part.count)
      while case .frame(let frame) = input.next() {
        frames.append(String(decoding: frame, as: UTF8.self))
      }
    }
    #expect(frames == ["one", "\r\n\r", "", "two"])
    #expect(input.isEmpty)
  }

  @Test func `a request of just the bound passes, one byte more does not`() {
    var input = FramedInput(delimiter: [10], maxBytes: 8)
    input.append([UInt8](repeating: 65, count: 8))
    #expect(input.next() == .incomplete)
    input.append([10])
    #expect(input.next() == .frame([UInt8](repeating: 65, count: 8)))
    input.append([UInt8](repeating: 65, count: 9))
    #expect(input.next() == .tooLong)
  }

  @Test func `bytes without an end are never more than the bound`() {
    var input = FramedInput(delimiter: [10], maxBytes: 1000)
    var taken = 0
    while input.next() == .incomplete {
      let room = min(7, input.room)
      input.append([UInt8](repeating: 1, count: room))
      taken += room
    }
    #expect(taken == 1001)
    #expect(input.next() == .tooLong)
  }
}
