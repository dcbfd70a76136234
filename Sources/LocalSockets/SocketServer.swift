import Dispatch
import Glibc
import Synchronization

/// What a server speaks: where a request ends, and what is said to who is turned away.
public struct ServedProtocol: Sendable {
  /// The bytes that end a request.
  public var delimiter: [UInt8]
  /// Said to a client whose request is too long.
  public var tooLong: [UInt8]
  /// Said to a client that is not this process's user; `nil` serves every user.
  public var stranger: [UInt8]?

  /// Makes a protocol.
  public init(delimiter: [UInt8], tooLong: [UInt8], stranger: [UInt8]?) {
    self.delimiter = delimiter
    self.tooLong = tooLong
    self.stranger = stranger
  }
}

/// What a handler answers.
public struct ServerAnswer: Sendable {
  /// The bytes, delimiter included.
  public var bytes: [UInt8]
  /// Whether the connection ends with it.
  public var ends: Bool

  /// Makes an answer.
  public init(_ bytes: [UInt8], ends: Bool = false) {
    self.bytes = bytes
    self.ends = ends
  }
}

/// Answers requests on a local socket, within bounds that no client can stretch.
///
/// All descriptors are watched by one thread of the server's own; handlers are tasks. A slow,
/// silent or talkative client costs one of ``ServerLimits/clients`` places and no more.
public final class SocketServer: Sendable {
  /// Answers one request.
  public typealias Handler = @Sendable (ServedRequest) async -> ServerAnswer

  private let socket: ListeningSocket
  private let speaks: ServedProtocol
  private let limits: ServerLimits
  private let handler: Handler
  private let thread = DispatchQueue(label: "anagen.sockets")
  private let mailbox = Mutex(Mailbox())
  /// A byte written to one end wakes the thread, which waits on the other.
  private let bell: (ring: Descriptor, heard: Descriptor)

  private struct Mailbox {
    var answers: [(client: Int, answer: ServerAnswer)] = []
    var isStopping = false
  }

  private struct Request: Sendable {
    let client: Int
    let served: ServedRequest
  }

  /// Prepares a server; ``serve()`` starts it.
  ///
  /// - Throws: ``SocketError`` when descriptors have run out.
  public init(
    _ socket: ListeningSocket, speaking: ServedProtocol, limits: ServerLimits,
    handler: @escaping Handler
  ) throws {
    self.socket = socket
    speaks = speaking
    self.limits = limits
    self.handler = handler
    var pair: [Int32] = [-1, -1]
    guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &pair) == 0
    else {
      throw SocketError.last(
        "a socket cannot be made", hint: "raise the limit of open files (ulimit -n)")
    }
    bell = (Descriptor(pair[0]), Descriptor(pair[1]))
    bell.ring.setNonBlocking()
    bell.heard.setNonBlocking()
  }

  /// Serves until the task is cancelled; handlers still at work are cancelled and awaited, and the
  /// socket's file is gone when this returns.
  public func serve() async {
    // One request at most is open for each client or abandoned, so none is ever dropped.
    let (requests, arrivals) = AsyncStream.makeStream(
      of: Request.self,
      bufferingPolicy: .bufferingOldest(limits.clients + limits.abandonedRequests))
    await withTaskCancellationHandler {
      await withDiscardingTaskGroup { group in
        group.addTask {
          await withCheckedContinuation { continuation in
            self.thread.async {
              self.watch { arrivals.yield($0) }
              arrivals.finish()
              continuation.resume()
            }
          }
        }
        for await request in requests {
          group.addTask {
            let answer = await self.handler(request.served)
            self.mailbox.withLock { $0.answers.append((request.client, answer)) }
            self.ring()
          }
        }
        group.cancelAll()
      }
    } onCancel: {
      mailbox.withLock { $0.isStopping = true }
      ring()
    }
    socket.remove()
  }

  private func ring() {
    var byte: UInt8 = 1
    // A full bell rings already.
    _ = send(bell.ring.number, &byte, 1, Int32(MSG_NOSIGNAL))
  }

  // MARK: The thread

  /// A client with its descriptor.
  private struct Client {
    let descriptor: Descriptor
    let peer: SocketPeer?
    var state: ServedConnection
    var deadline: ContinuousClock.Instant { state.deadline ?? .now }
  }

  private struct Watch {
    var clients: [Int: Client] = [:]
    var nextClient = 0
    /// Requests that are answered although their client has gone.
    var abandoned: Set<Int> = []
    /// After a failed accept (no descriptors left) the next try waits.
    var acceptsFrom: ContinuousClock.Instant
    let request: (Request) -> Void
  }

  private func watch(_ request: @escaping (Request) -> Void) {
    var watch = Watch(acceptsFrom: .now, request: request)
    while true {
      let (answers, isStopping) = mailbox.withLock { box in
        defer { box.answers = [] }
        return (box.answers, box.isStopping)
      }
      if isStopping { return }
      for (client, answer) in answers {
        if watch.abandoned.remove(client) != nil { continue }
        change(client, &watch) { $0.answer(answer.bytes, ends: answer.ends, now: .now) }
      }
      wait(&watch)
      let now = ContinuousClock.now
      for (id, client) in watch.clients {
        if let deadline = client.state.deadline, deadline <= now {
          change(id, &watch) { $0.end() }
        }
      }
    }
  }

  /// Waits until something can be done, and does it.
  private func wait(_ watch: inout Watch) {
    var polled = [pollfd(fd: bell.heard.number, events: Int16(POLLIN), revents: 0)]
    let accepts = mayAccept(watch)
    // A negative descriptor is passed over by the kernel.
    polled.append(
      pollfd(fd: accepts ? socket.descriptor.number : -1, events: Int16(POLLIN), revents: 0))
    let order = Array(watch.clients.keys)
    for id in order {
      guard let client = watch.clients[id] else { continue }
      let events =
        (client.state.readable > 0 ? POLLIN : 0) | (client.state.unsent.isEmpty ? 0 : POLLOUT)
      // Of one that is being answered the kernel still tells that it has gone.
      polled.append(
        pollfd(fd: client.descriptor.number, events: Int16(events), revents: 0))
    }
    guard poll(&polled, nfds_t(polled.count), timeout(watch)) > 0 else { return }
    if polled[0].revents != 0 {
      var bytes = [UInt8](repeating: 0, count: 64)
      while recv(bell.heard.number, &bytes, bytes.count, 0) > 0 {}
    }
    for (id, entry) in zip(order, polled.dropFirst(2)) where entry.revents != 0 {
      if watch.clients[id]?.state.isAnswering == true {
        watch.abandoned.insert(id)
        change(id, &watch) { $0.end() }
      } else {
        exchange(id, &watch)
      }
    }
    // Who was idle may have asked meanwhile: then the one at the door waits there.
    if polled[1].revents != 0, mayAccept(watch) { accept(&watch) }
  }

  private func mayAccept(_ watch: Watch) -> Bool {
    guard watch.acceptsFrom <= .now, watch.abandoned.count < limits.abandonedRequests else {
      return false
    }
    return watch.clients.count < limits.clients || watch.clients.values.contains { $0.state.isIdle }
  }

  /// Milliseconds until the next deadline, at most a second.
  private func timeout(_ watch: Watch) -> Int32 {
    let now = ContinuousClock.now
    let next = watch.clients.values.compactMap(\.state.deadline).min() ?? now + .seconds(1)
    let milliseconds = (next - now) / .milliseconds(1)
    return Int32(max(0, min(1000, milliseconds.rounded(.up))))
  }

  private func accept(_ watch: inout Watch) {
    let number = Glibc.accept(socket.descriptor.number, nil, nil)
    guard number >= 0 else {
      if [EMFILE, ENFILE, ENOMEM, ENOBUFS].contains(errno) {
        watch.acceptsFrom = .now + .seconds(1)
      }
      return
    }
    _ = fcntl(number, F_SETFD, FD_CLOEXEC)
    let descriptor = Descriptor(number)
    descriptor.setNonBlocking()
    if watch.clients.count >= limits.clients {
      let idle = watch.clients.filter { $0.value.state.isIdle }
      // The earliest deadline is the longest idleness.
      guard let oldest = idle.min(by: { $0.value.deadline < $1.value.deadline }) else {
        return
      }
      watch.clients[oldest.key] = nil
    }
    var state = ServedConnection(
      delimiter: speaks.delimiter, tooLong: speaks.tooLong, limits: limits, now: .now)
    let peer = peer(of: descriptor)
    let id = watch.nextClient
    watch.nextClient += 1
    if let stranger = speaks.stranger, peer?.user != geteuid() {
      _ = state.answer(stranger, ends: true, now: .now)
    }
    watch.clients[id] = Client(descriptor: descriptor, peer: peer, state: state)
  }

  private func peer(of descriptor: Descriptor) -> SocketPeer? {
    guard case .unix = socket.address else { return nil }
    // struct ucred of <sys/socket.h>: pid, uid, gid.
    var credentials: (pid: Int32, user: UInt32, group: UInt32) = (0, .max, .max)
    var size = socklen_t(MemoryLayout.size(ofValue: credentials))
    guard getsockopt(descriptor.number, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0 else {
      return nil
    }
    return SocketPeer(process: credentials.pid, user: credentials.user)
  }

  /// Sends and reads what can be sent and read without waiting.
  private func exchange(_ id: Int, _ watch: inout Watch) {
    guard let client = watch.clients[id] else { return }
    let unsent = client.state.unsent
    if !unsent.isEmpty {
      let count = unsent.withUnsafeBytes {
        send(client.descriptor.number, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      if count > 0 {
        change(id, &watch) { $0.wrote(count, now: .now) }
      } else if errno != EAGAIN, errno != EINTR {
        change(id, &watch) { $0.end() }
      }
      return
    }
    var bytes = [UInt8](repeating: 0, count: min(16 << 10, client.state.readable))
    guard !bytes.isEmpty else { return }
    let count = recv(client.descriptor.number, &bytes, bytes.count, 0)
    if count >= 0 {
      change(id, &watch) { $0.received(bytes.prefix(count), now: .now) }
    } else if errno != EAGAIN, errno != EINTR {
      change(id, &watch) { $0.end() }
    }
  }

  /// Changes a client's state and does what it then asks for.
  private func change(
    _ id: Int, _ watch: inout Watch, _ body: (inout ServedConnection) -> ServedConnection.Demand
  ) {
    guard var client = watch.clients.removeValue(forKey: id) else { return }
    switch body(&client.state) {
    case .close: return
    case .nothing: break
    case .answer(let bytes):
      watch.request(
        Request(
          client: id, served: ServedRequest(bytes, from: client.peer, over: client.descriptor)))
    case .shutDown: shutdown(client.descriptor.number, Int32(SHUT_WR))
    }
    watch.clients[id] = client
  }
}
