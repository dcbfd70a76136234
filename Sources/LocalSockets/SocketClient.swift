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

  /// A frame that is no answer: the other side begins, and is given more time for the answer.
  public struct Beginning: Sendable {
    /// The frame, without its delimiter.
    public var frame: [UInt8]
    /// How long to wait for the answer from then on.
    public var time: Duration

    /// Makes one.
    public init(_ frame: [UInt8], time: Duration) {
      self.frame = frame
      self.time = time
    }
  }

  /// Sends a request and waits for the answer up to and without `delimiter`.
  ///
  /// Who gives up closes its ear first and looks once more then: on a Unix socket the other side
  /// can tell it nothing after that look, so a beginning is either seen here or fails there.
  ///
  /// - Throws: ``SocketError``: `timedOut`; `closed` when the answer ends too early; `begun` for
  ///   either once `beginning` has come; `tooLong` when it is longer than `maxBytes`.
  public func ask(
    _ request: [UInt8], delimiter: [UInt8], maxBytes: Int, within time: Duration,
    beginning: Beginning? = nil
  ) throws -> [UInt8] {
    var deadline = ContinuousClock.now + time
    try sendAll(request, until: deadline)
    var input = FramedInput(delimiter: delimiter, maxBytes: maxBytes)
    var hasBegun = false
    var hasGivenUp = false
    while true {
      switch input.next() {
      case .frame(let frame):
        guard let beginning, frame == beginning.frame else { return frame }
        hasBegun = true
        deadline = .now + beginning.time
        continue
      case .tooLong:
        throw SocketError(
          .tooLong, subject: "\(address) answers more than \(maxBytes) bytes",
          hint: "use the version of anagen that the run was started with")
      case .incomplete: break
      }
      if !hasGivenUp, !isReady(for: POLLIN, until: deadline) {
        hasGivenUp = true
        _ = shutdown(descriptor.number, Int32(SHUT_RDWR))
      }
      if !read(into: &input) {
        if hasBegun {
          throw SocketError(
            .begun, subject: "\(address) began and did not answer", hint: "see what it did")
        }
        throw hasGivenUp ? timedOut : closed
      }
    }
  }

  /// Reads what has come.
  ///
  /// - Returns: whether there may be more.
  private func read(into input: inout FramedInput) -> Bool {
    var bytes = [UInt8](repeating: 0, count: min(64 << 10, input.room))
    while true {
      let count = recv(descriptor.number, &bytes, bytes.count, Int32(MSG_DONTWAIT))
      if count < 0, errno == EINTR { continue }
      input.append(bytes.prefix(max(0, count)))
      return count > 0 || (count < 0 && errno == EAGAIN)
    }
  }

  private func sendAll(_ bytes: [UInt8], until deadline: ContinuousClock.Instant) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      guard isReady(for: POLLOUT, until: deadline) else { throw timedOut }
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

  private var timedOut: SocketError {
    SocketError(
      .timedOut, subject: "\(address) does not answer", hint: "see whether the run still works")
  }

  private var closed: SocketError {
    SocketError(
      .closed, subject: "\(address) closed before its answer was whole",
      hint: "the run may have ended; try again")
  }

  /// Waits until something can be done, or the time is over.
  private func isReady(for events: Int32, until deadline: ContinuousClock.Instant) -> Bool {
    while true {
      let left = (deadline - .now) / .milliseconds(1)
      if left <= 0 { return false }
      var polled = pollfd(fd: descriptor.number, events: Int16(events), revents: 0)
      if poll(&polled, 1, Int32(min(left.rounded(.up), 60_000))) > 0 { return true }
    }
  }
}
