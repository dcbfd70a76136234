import Glibc

/// Where a process of this machine listens; nothing beyond the machine can be written.
public enum SocketAddress: Sendable, Hashable, CustomStringConvertible {
  /// A Unix socket's file, of any length.
  case unix(path: String)
  /// A port of 127.0.0.1.
  case loopback(port: UInt16)

  /// Reads `unix:PATH`, `127.0.0.1:PORT` or `localhost:PORT`.
  ///
  /// - Throws: ``SocketError`` with code `badAddress` for anything else: what is read here goes
  ///   unencrypted and unasked, so it never leaves the machine.
  public init(parsing text: String) throws {
    if text.hasPrefix("unix:"), text.utf8.count > 5 {
      self = .unix(path: String(text.dropFirst(5)))
      return
    }
    for host in ["127.0.0.1:", "localhost:"] where text.hasPrefix(host) {
      let digits = text.dropFirst(host.count)
      // `UInt16` would take a sign.
      if digits.utf8.allSatisfy({ (48...57).contains($0) }), let port = UInt16(digits), port > 0 {
        self = .loopback(port: port)
        return
      }
    }
    throw SocketError(
      .badAddress, subject: "'\(text)' is no address of this machine",
      hint: "write unix:PATH, or 127.0.0.1:PORT with a port from 1 to 65535")
  }

  /// The address as it is written on a command line.
  public var description: String {
    switch self {
    case .unix(let path): "unix:\(path)"
    case .loopback(let port): "127.0.0.1:\(port)"
    }
  }
}

/// A descriptor that is closed with its owner.
final class Descriptor: Sendable {
  let number: Int32

  init(_ number: Int32) { self.number = number }

  deinit { close(number) }

  /// A new stream or datagram socket that no child inherits.
  static func socket(_ family: Int32, _ type: __socket_type) throws -> Descriptor {
    let number = Glibc.socket(family, Int32(type.rawValue) | Descriptor.closeOnExec, 0)
    guard number >= 0 else {
      throw SocketError.last(
        "a socket cannot be made", hint: "raise the limit of open files (ulimit -n)")
    }
    return Descriptor(number)
  }

  func setNonBlocking() { _ = fcntl(number, F_SETFL, fcntl(number, F_GETFL) | O_NONBLOCK) }

  private static let closeOnExec = Int32(SOCK_CLOEXEC.rawValue)
}

/// A Unix socket's path as the kernel takes it.
///
/// `sun_path` holds 107 bytes. A longer path is reached through its folder's descriptor, whose
/// name under `/proc` is short; the folder stays open as long as this value.
struct UnixPath {
  let text: String
  private let folder: Descriptor?

  /// What `sun_path` holds without its final zero.
  static let maxBytes = MemoryLayout.size(ofValue: sockaddr_un().sun_path) - 1

  init(_ path: String) throws {
    guard !path.utf8.contains(0), let name = path.split(separator: "/").last, !path.hasSuffix("/")
    else {
      throw SocketError(
        .badAddress, subject: "'\(path)' names no socket file", hint: "name a file in a folder")
    }
    guard path.utf8.count > UnixPath.maxBytes else {
      text = path
      folder = nil
      return
    }
    let parent = String(path.dropLast(name.count))
    let number = open(parent.isEmpty ? "." : parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard number >= 0 else {
      throw SocketError.last(
        "the folder of \(path) cannot be opened", hint: "check the folder",
        code: errno == ENOENT ? .nobodyListens : .io)
    }
    folder = Descriptor(number)
    text = "/proc/self/fd/\(number)/\(name)"
    guard text.utf8.count <= UnixPath.maxBytes else {
      throw SocketError(
        .badAddress, subject: "the socket's name '\(name)' is too long",
        hint: "use at most 80 characters")
    }
  }
}

extension SocketAddress {
  /// Calls `body` with the kernel's form of the address.
  func withKernelForm<Result>(
    _ body: (UnsafePointer<sockaddr>, socklen_t) throws -> Result
  ) throws -> Result {
    switch self {
    case .unix(let path):
      let path = try UnixPath(path)
      var address = sockaddr_un()
      address.sun_family = sa_family_t(AF_UNIX)
      withUnsafeMutableBytes(of: &address.sun_path) { target in
        target.copyBytes(from: path.text.utf8)
      }
      return try withUnsafePointer(to: &address) { pointer in
        try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { kernelForm in
          try withExtendedLifetime(path) {
            try body(kernelForm, socklen_t(MemoryLayout<sockaddr_un>.size))
          }
        }
      }
    case .loopback(let port):
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_port = port.bigEndian
      address.sin_addr = in_addr(s_addr: UInt32(0x7F00_0001).bigEndian)
      return try withUnsafePointer(to: &address) { pointer in
        try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          try body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
      }
    }
  }

  var family: Int32 {
    switch self {
    case .unix: AF_UNIX
    case .loopback: AF_INET
    }
  }
}
