import Glibc

/// A connection to a local socket; its calls block, so they belong on a thread of their own.
public final class SocketClient: Sendable {
  /// A live server takes a connection within a round of its thread, milliseconds.
  private static let connectSeconds = 5

  private let address: SocketAddress
  private let descriptor: Descriptor

  /// Connects.
  ///
  /// - Throws: ``SocketError``: `nobodyListens` when there is no such socket or its process has
  ///   ended.
  public init(_ address: SocketAddress) throws {
    self.address = address
    descriptor = try Descriptor.socket(address.family, SOCK_STREAM)
    let number = descriptor.number
    // A stopped process with a full backlog would hold `connect` for ever.
    var time = timeval(tv_sec: SocketClient.connectSeconds, tv_usec: 0)
    _ = setsockopt(number, SOL_SOCKET, SO_SNDTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
    guard try address.withKernelForm({ connect(number, $0, $1) }) == 0 else {
      let isAbsent = [ENOENT, ECONNREFUSED, ENOTDIR].contains(errno)
      throw SocketError.last(
        "\(address) cannot be reached",
        hint: isAbsent ? "nobody listens there" : "check who owns it",
        code: isAbsent ? .nobodyListens : .io)
    }
  }

  /// Sends a request and waits for the answer up to and without `delimiter`.
  ///
  /// - Throws: ``SocketError``: `timedOut`, or `broken` when the answer ends too early or is longer
  ///   than `maxBytes`.
  public func ask(
    _ request: [UInt8], delimiter: [UInt8], maxBytes: Int, within time: Duration
  ) throws -> [UInt8] {
    let deadline = ContinuousClock.now + time
    try sendAll(request, until: deadline)
    var input = FramedInput(delimiter: delimiter, maxBytes: maxBytes)
    var bytes = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      switch input.next() {
      case .frame(let answer): return answer
      case .tooLong:
        throw SocketError(
          .broken, subject: "\(address) answers more than \(maxBytes) bytes",
          hint: "use the version of anagen that the run was started with")
      case .incomplete: break
      }
      try wait(for: POLLIN, until: deadline)
      let count = recv(descriptor.number, &bytes, min(bytes.count, input.room), 0)
      if count > 0 {
        input.append(bytes.prefix(count))
      } else if count == 0 || (errno != EINTR && errno != EAGAIN) {
        throw SocketError(
          .broken, subject: "\(address) closed before its answer was whole",
          hint: "the run may have ended; try again")
      }
    }
  }

  private func sendAll(_ bytes: [UInt8], until deadline: ContinuousClock.Instant) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      try wait(for: POLLOUT, until: deadline)
      let count = rest.withUnsafeBytes {
        send(descriptor.number, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
      }
      if count > 0 {
        rest = rest.dropFirst(count)
      } else if errno != EINTR, errno != EAGAIN {
        // A server that refuses a client answers before it reads: the answer tells more.
        if errno == EPIPE || errno == ECONNRESET { return }
        throw SocketError.last("\(address) cannot be written", hint: "try again")
      }
    }
  }

  private func wait(for events: Int32, until deadline: ContinuousClock.Instant) throws {
    while true {
      let left = (deadline - .now) / .milliseconds(1)
      var polled = pollfd(fd: descriptor.number, events: Int16(events), revents: 0)
      if left > 0, poll(&polled, 1, Int32(min(left.rounded(.up), 60_000))) > 0 { return }
      if left <= 0 {
        throw SocketError(
          .timedOut, subject: "\(address) does not answer", hint: "see whether the run still works")
      }
    }
  }
}
