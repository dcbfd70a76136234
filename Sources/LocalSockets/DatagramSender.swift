import Glibc

/// Sends datagrams to a Unix socket of this machine; no call waits.
public final class DatagramSender: Sendable {
  private let descriptor: Descriptor
  private let path: String

  /// Prepares a sender; nobody need listen yet.
  ///
  /// - Parameter path: an absolute path, or `@` and a name of Linux's abstract namespace.
  /// - Throws: ``SocketError`` when the path is neither, or descriptors have run out.
  public init(_ path: String) throws {
    let isAbstract = path.hasPrefix("@") && path.utf8.count > 1
    guard isAbstract || path.hasPrefix("/"), !path.utf8.contains(0),
      path.utf8.count <= UnixPath.maxBytes
    else {
      throw SocketError(
        .badAddress, subject: "'\(path)' names no datagram socket",
        hint: "it is an absolute path or @NAME, of \(UnixPath.maxBytes) bytes at most")
    }
    self.path = path
    descriptor = try Descriptor.socket(AF_UNIX, SOCK_DGRAM)
  }

  /// Sends a text as one datagram.
  ///
  /// - Returns: whether it was handed to the kernel; `false` when nobody listens or the queue of
  ///   who listens is full.
  public func send(_ text: String) -> Bool {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let offset = MemoryLayout<sockaddr_un>.offset(of: \.sun_path) ?? 2
    var length = offset + path.utf8.count + 1
    if path.hasPrefix("@") {
      // An abstract name starts with a zero byte and ends where the address ends.
      withUnsafeMutableBytes(of: &address.sun_path) { $0[0] = 0 }
      length -= 1
    }
    var bytes = Array(text.utf8)
    let flags = Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)
    return withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { kernelForm in
        sendto(descriptor.number, &bytes, bytes.count, flags, kernelForm, socklen_t(length))
      }
    } == bytes.count
  }
}
