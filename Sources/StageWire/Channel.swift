import CStageWire
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// An open file that is closed with its last owner.
public final class OpenFile: Sendable {
  /// The descriptor.
  public let number: Int32
  /// Takes a descriptor over.
  public init(_ number: Int32) { self.number = number }
  deinit { close(number) }
}

/// One end of the channel between a host and a child.
///
/// Any thread may send; one receives.
public final class Channel: Sendable {
  /// A message as it came.
  public struct Received: Sendable {
    /// The sender's number of the packet.
    public let number: UInt64
    /// Which packet it answers; 0 for none.
    public let answers: UInt64
    /// The message.
    public let message: Message
    /// The packet's tail.
    public let tail: [UInt8]
    /// The files that came with it.
    public let files: [OpenFile]
  }

  private let file: OpenFile
  private let sent = Mutex<UInt64>(0)

  /// Takes a descriptor over.
  public init(_ file: OpenFile) { self.file = file }

  /// Both ends of a new channel; neither is handed on to programs that are started.
  public static func pair() throws -> (OpenFile, OpenFile) {
    var ends: [Int32] = [0, 0]
    let status = anagen_wire_pair(&ends)
    guard status == 0 else { throw WireError(.system, "no channel can be made (error \(-status))") }
    return (OpenFile(ends[0]), OpenFile(ends[1]))
  }

  /// The descriptor, to wait on.
  public var descriptor: Int32 { file.number }

  /// Sends a message; never waits.
  ///
  /// - Parameter numbered: is given the packet's number before it is sent: the answer may come before
  ///   this returns.
  /// - Returns: the packet's number, which an answer will name.
  /// - Throws: ``WireError`` `closed` when the other end is gone, `full` when it takes nothing.
  @discardableResult
  public func send(
    _ message: Message, tail: [UInt8] = [], files: [OpenFile] = [], answering: UInt64 = 0,
    numbered: (UInt64) -> Void = { _ in }
  ) throws -> UInt64 {
    let header = message.header
    return try sent.withLock { last in
      let packet = try Packet(
        number: last + 1, answers: answering, header: header, tail: tail)
      let bytes = packet.bytes
      numbered(last + 1)
      let status = anagen_wire_send(
        file.number, bytes, bytes.count, files.map(\.number), Int32(files.count))
      switch -Int32(clamping: status) {
      case EPIPE, ECONNRESET, ENOTCONN: throw WireError(.closed, "the other end is closed")
      case EAGAIN: throw WireError(.full, "the other end takes nothing")
      case let error where error > 0: throw WireError(.system, "sending failed (error \(error))")
      default: break
      }
      last += 1
      return last
    }
  }

  /// Sends bytes that need be no packet: for who tries how a peer takes them.
  public func sendRaw(_ bytes: [UInt8]) {
    _ = anagen_wire_send(file.number, bytes, bytes.count, nil, 0)
  }

  /// Lets neither end send or receive any more.
  public func hangUp() { shutdown(file.number, Int32(SHUT_RDWR)) }

  /// Waits for the next message; `nil` when the other end is closed.
  ///
  /// - Throws: ``WireError`` for what is no message.
  public func receive() throws -> Received? {
    try withUnsafeTemporaryAllocation(byteCount: Packet.maximumBytes, alignment: 16) { room in
      var descriptors: [Int32] = [0, 0]
      var count: Int32 = 0
      let received = anagen_wire_receive(
        file.number, room.baseAddress, room.count, &descriptors, &count)
      let files = descriptors.prefix(Int(count)).map { OpenFile($0) }
      if received == 0 { return nil }
      if received < 0 {
        let error = -Int32(clamping: received)
        if error == ECONNRESET { return nil }
        throw error == EMSGSIZE
          ? WireError(.malformed, "a packet that is too long")
          : WireError(.system, "receiving failed (error \(error))")
      }
      let packet = try Packet(UnsafeRawBufferPointer(rebasing: room[0..<received]))
      return Received(
        number: packet.number, answers: packet.answers,
        message: try Message(header: packet.header), tail: packet.tail, files: files)
    }
  }
}
