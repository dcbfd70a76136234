import Glibc
import Synchronization

/// A stream socket that listens on this machine; its file goes with it.
public final class ListeningSocket: Sendable {
  /// Where it listens.
  public let address: SocketAddress
  let descriptor: Descriptor
  private let isRemoved = Mutex(false)

  /// Starts to listen; a socket file that nobody listens on any more is replaced.
  ///
  /// - Parameter mode: the mode of a Unix socket's file, from its first instant.
  /// - Throws: ``SocketError``: `inUse` when somebody listens there, `io` when the file system
  ///   holds no sockets or something else stands under the name.
  public init(_ address: SocketAddress, mode: UInt32 = 0o600) throws {
    let descriptor = try Descriptor.socket(address.family, SOCK_STREAM)
    switch address {
    case .unix(let path):
      try ListeningSocket.removeDead(path)
      // Linux takes the new file's mode from the socket's; no instant with a wider one.
      _ = fchmod(descriptor.number, mode_t(mode))
    case .loopback:
      var one: Int32 = 1
      _ = setsockopt(
        descriptor.number, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<Int32>.size))
    }
    let isBound = try address.withKernelForm { bind(descriptor.number, $0, $1) } == 0
    guard isBound else {
      throw SocketError.last(
        "\(address) cannot be listened on", hint: ListeningSocket.hint(for: errno),
        code: errno == EADDRINUSE ? .inUse : .io)
    }
    guard listen(descriptor.number, 64) == 0 else {
      throw SocketError.last("\(address) cannot be listened on", hint: "try again")
    }
    descriptor.setNonBlocking()
    // Last: `deinit` removes the file, and only our own may go.
    self.descriptor = descriptor
    self.address = address
  }

  deinit { remove() }

  /// Removes the socket's file, once: the next file of that name is another's.
  func remove() {
    guard case .unix(let path) = address else { return }
    let isFirst = isRemoved.withLock { isRemoved in
      defer { isRemoved = true }
      return !isRemoved
    }
    guard isFirst else { return }
    // Where the folder is gone there is nothing to remove.
    unlink(path)
  }

  private static func removeDead(_ path: String) throws {
    var status = stat()
    guard lstat(path, &status) == 0 else { return }
    guard status.st_mode & S_IFMT == S_IFSOCK else {
      throw SocketError(
        .io, subject: "\(path) is there and is no socket", hint: "move it away or name another")
    }
    do {
      _ = try SocketClient(.unix(path: path))
    } catch let error as SocketError where error.code == .nobodyListens {
      guard unlink(path) == 0 || errno == ENOENT else {
        throw SocketError.last("the old socket \(path) cannot be removed", hint: "remove it")
      }
      return
    }
    throw SocketError(
      .inUse, subject: "another process listens on \(path)", hint: "stop it or name another socket")
  }

  private static func hint(for number: Int32) -> String {
    switch number {
    case EADDRINUSE: "another process listens there; stop it or name another port"
    case EACCES: "ports below 1024 and other people's folders are closed to you; name another"
    case EPERM, EOPNOTSUPP: "this file system holds no sockets; name a folder on a local disk"
    default: "check the folder"
    }
  }
}
