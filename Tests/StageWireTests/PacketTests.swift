import ClinicalRecords
import StageWire
import Testing

@Suite("packets of the stage protocol")
struct PacketTests {
  private func read(_ bytes: [UInt8]) throws -> Packet {
    try bytes.withUnsafeBytes { try Packet($0) }
  }

  @Test func `a packet reads back as it was written, after 32 bytes of prefix`() throws {
    let packet = try Packet(
      number: 7, answers: 3, header: Array(#"{"type":"hello"}"#.utf8), tail: [1, 2, 3])
    #expect(packet.bytes.count == 32 + 16 + 3)
    #expect(
      packet.bytes.prefix(32) == [
        0x41, 0x6e, 0x53, 0x74, 1, 0, 0, 0, 16, 0, 0, 0, 3, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 3, 0,
        0,
        0, 0, 0, 0, 0,
      ])
    #expect(try read(packet.bytes) == packet)
  }

  @Test func `a packet has 65,536 bytes at most`() throws {
    _ = try Packet(number: 1, answers: 0, header: [], tail: [UInt8](repeating: 0, count: 65_504))
    #expect(throws: WireError.self) {
      try Packet(number: 1, answers: 0, header: [], tail: [UInt8](repeating: 0, count: 65_505))
    }
  }

  @Test(arguments: [0, 4, 6, 8, 12])
  func `a prefix with another value is refused`(at offset: Int) throws {
    var bytes = try Packet(number: 1, answers: 0, header: [123, 125]).bytes
    bytes[offset] &+= 9
    #expect(throws: WireError.self) { try read(bytes) }
  }

  @Test func `every cut of a packet is refused`() throws {
    let bytes = try Packet(number: 1, answers: 0, header: [123, 125], tail: [1]).bytes
    for count in 0..<bytes.count {
      #expect(throws: WireError.self) { try read(Array(bytes.prefix(count))) }
    }
  }

  @Test func `a body lies within what it names, or is refused`() throws {
    #expect(try WireBody(.tail, offset: 2, bytes: 3).range(within: 5) == 2..<5)
    for body in [
      WireBody(.tail, offset: 3, bytes: 3), WireBody(.tail, offset: -1, bytes: 2),
      WireBody(.tail, offset: 0, bytes: -1), WireBody(.slot, offset: .max, bytes: .max),
      WireBody(.slot, offset: 6, bytes: 0),
    ] {
      #expect(throws: WireError.self) { try body.range(within: 5) }
    }
  }

  @Test(arguments: [[4], [4, 0], [4, 4, 4, 4], [-1, 4], [1_000_001, 1], []])
  func `a frame has two or three sides`(shape: [Int]) {
    let body = WireBody(.slot, offset: 0, bytes: 0)
    #expect(WireRecord.Frame(name: "x", type: .u8, shape: shape, body: body).byteCount == nil)
  }

  @Test func `a message passes with its tail and its files, numbered and in order`() throws {
    let (one, other) = try Channel.pair()
    let (host, child) = (Channel(one), Channel(other))
    let slot = try SharedSlot.input(byteCount: 8192)
    let number = try host.send(
      Message("open") { $0.slotBytes = 8192 }, tail: [9], files: [slot.file])
    try host.send(Message("later"), answering: 5)
    let first = try #require(try child.receive())
    let second = try #require(try child.receive())
    #expect((first.number, first.message.slotBytes, first.tail) == (number, 8192, [9]))
    #expect((second.number, second.answers, second.message.type) == (2, 5, "later"))
    let seen = try SharedSlot.received(
      try #require(first.files.first), byteCount: 8192, writable: false)
    slot.baseAddress.storeBytes(of: 42, as: UInt8.self)
    #expect(seen.baseAddress.load(as: UInt8.self) == 42)
  }

  @Test func `the input slot can be mapped to read alone, and no slot changes its size`() throws {
    let slot = try SharedSlot.input(byteCount: 4096)
    #expect(throws: WireError.self) {
      try SharedSlot.received(slot.file, byteCount: 4096, writable: true)
    }
    let output = try SharedSlot.output(byteCount: 4096)
    _ = try SharedSlot.received(output.file, byteCount: 4096, writable: true)
    #expect(throws: WireError.self) {
      try SharedSlot.received(output.file, byteCount: 8192, writable: false)
    }
  }

  @Test func `an end that is closed is told from one that takes nothing`() throws {
    let (one, other) = try Channel.pair()
    let host = Channel(one)
    #expect(throws: WireError.self) {
      for _ in 0..<10_000 {
        try host.send(Message("x"), tail: [UInt8](repeating: 0, count: 60_000))
      }
    }
    _ = consume other
    do {
      try host.send(Message("x"))
      Issue.record("nobody is there")
    } catch let error as WireError {
      #expect(error.code == .closed)
    }
  }
}
