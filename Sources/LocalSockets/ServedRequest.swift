import Glibc

/// Who is on the other side of a Unix socket, as the kernel says.
public struct SocketPeer: Sendable, Hashable {
  /// The process.
  public let process: Int32
  /// Its effective user.
  public let user: UInt32
}

/// One request, and the client that waits for its answer.
public struct ServedRequest: Sendable {
  /// What was asked, without its delimiter.
  public let bytes: [UInt8]
  /// Who asks; known on a Unix socket.
  public let peer: SocketPeer?
  // While a request is answered the server neither reads nor writes here.
  private let descriptor: Descriptor

  init(_ bytes: [UInt8], from peer: SocketPeer?, over descriptor: Descriptor) {
    self.bytes = bytes
    self.peer = peer
    self.descriptor = descriptor
  }

  /// Tells the client something before its answer; never waits.
  ///
  /// - Parameter frame: a few bytes, delimiter included.
  /// - Returns: whether the client has it. On a Unix socket a `false` and a client that gave up
  ///   without it are one: ``SocketClient`` closes its ear before it looks a last time.
  public func tell(_ frame: [UInt8]) -> Bool {
    frame.withUnsafeBytes {
      send(descriptor.number, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
    } == frame.count
  }
}
