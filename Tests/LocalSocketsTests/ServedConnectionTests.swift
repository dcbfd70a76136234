import LocalSockets
import Testing

@Suite("one client of a server")
struct ServedConnectionTests {
  private let start = ContinuousClock.now
  private static let limits = ServerLimits(
    clients: 2, requestBytes: 8, request: .seconds(10), idle: .seconds(60), answer: .seconds(5))

  private func connection() -> ServedConnection {
    ServedConnection(
      delimiter: [10], tooLong: Array("too long\n".utf8), limits: Self.limits, now: start)
  }
  private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

  @Test func `a second request waits until the first is answered and sent`() {
    var client = connection()
    #expect(client.received(bytes("a\nb\n"), now: start) == .answer(bytes("a")))
    #expect(client.readable == 0)
    #expect(client.deadline == nil)
    #expect(client.answer(bytes("A\n"), ends: false, now: start) == .nothing)
    #expect(client.wrote(1, now: start) == .nothing)
    #expect(Array(client.unsent) == bytes("\n"))
    #expect(client.wrote(1, now: start) == .answer(bytes("b")))
  }

  @Test func `the time for a request counts from its first byte`() {
    var client = connection()
    #expect(client.deadline == start + .seconds(60))
    for second in 1...5 {
      #expect(client.received(bytes("x"), now: start + .seconds(second)) == .nothing)
      #expect(client.deadline == start + .seconds(11))
    }
    #expect(!client.isIdle)
  }

  @Test func `the time for an answer counts from the last byte taken`() {
    var client = connection()
    _ = client.received(bytes("a\n"), now: start)
    _ = client.answer(bytes("long"), ends: false, now: start)
    #expect(client.deadline == start + .seconds(5))
    _ = client.wrote(1, now: start + .seconds(4))
    #expect(client.deadline == start + .seconds(9))
  }

  @Test func `a request that is too long is told so, and what follows is thrown away`() {
    var client = connection()
    #expect(client.received(bytes("123456789"), now: start) == .nothing)
    #expect(Array(client.unsent) == bytes("too long\n"))
    #expect(client.wrote(9, now: start) == .shutDown)
    #expect(client.received(bytes("a\n"), now: start) == .nothing)
    #expect(client.deadline == start + .seconds(1))
    #expect(client.received([], now: start) == .close)
  }

  @Test func `a client that has said its last word is still answered`() {
    var client = connection()
    #expect(client.received(bytes("a\n"), now: start) == .answer(bytes("a")))
    _ = client.answer(bytes("A\n"), ends: true, now: start)
    #expect(client.wrote(2, now: start) == .shutDown)
    #expect(client.received([], now: start) == .close)
  }

  @Test func `a client that goes in the middle of a request is closed`() {
    var client = connection()
    #expect(client.received(bytes("half"), now: start) == .nothing)
    #expect(client.received([], now: start) == .close)
  }
}
