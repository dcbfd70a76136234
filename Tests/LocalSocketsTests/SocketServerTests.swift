import Foundation
import Glibc
import LocalSockets
import Synchronization
import Testing

/// A folder of its own for one test's sockets.
final class SocketFolder: Sendable {
  let path: String
  init(depth: Int = 0) throws {
    path =
      "/tmp/anagen-\(UUID().uuidString.prefix(8))"
      + String(repeating: "/a-folder-with-a-rather-long-name", count: depth)
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }
  func socket(_ name: String = "s.sock") -> SocketAddress { .unix(path: "\(path)/\(name)") }
  deinit {
    let root = path.split(separator: "/").prefix(2).joined(separator: "/")
    do { try FileManager.default.removeItem(atPath: "/\(root)") } catch {}
  }
}

/// A client that does as badly as it is told; its descriptor is closed with it.
final class RawClient {
  let descriptor: Int32
  init(_ path: String) throws {
    descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let connected = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    try #require(connected == 0)
  }
  deinit { close(descriptor) }

  func say(_ bytes: [UInt8]) {
    var bytes = bytes
    _ = send(descriptor, &bytes, bytes.count, Int32(MSG_NOSIGNAL))
  }

  /// Everything that comes until the other side closes, or `nil` after half a minute.
  func hearTheEnd() -> [UInt8]? {
    var heard: [UInt8] = []
    var bytes = [UInt8](repeating: 0, count: 4096)
    while true {
      var polled = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      guard poll(&polled, 1, 30_000) > 0 else { return nil }
      let count = recv(descriptor, &bytes, bytes.count, 0)
      if count <= 0 { return heard }
      heard += bytes.prefix(count)
    }
  }
}

@Suite("a server on a local socket", .timeLimit(.minutes(10)))
struct SocketServerTests {
  private static let limits = ServerLimits(
    clients: 4, requestBytes: 1024, request: .milliseconds(200), idle: .seconds(20),
    answer: .seconds(2))

  /// Serves with an echo in capital letters while `body` works on a thread of its own.
  private func serving(
    _ address: SocketAddress, limits: ServerLimits = limits, stranger: [UInt8]? = nil,
    answer: @escaping SocketServer.Handler = { request in
      ServerAnswer(Array(String(decoding: request.bytes, as: UTF8.self).uppercased().utf8) + [10])
    }, _ body: @escaping @Sendable () throws -> Void
  ) async throws {
    let server = try SocketServer(
      ListeningSocket(address),
      speaking: ServedProtocol(
        delimiter: [10], tooLong: Array("too long\n".utf8), stranger: stranger),
      limits: limits, handler: answer)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { await server.serve() }
      try await withCheckedThrowingContinuation { continuation in
        // A serial queue has a thread of its own; a global one would take that of a task.
        DispatchQueue(label: "test").async { continuation.resume(with: Result { try body() }) }
      }
      group.cancelAll()
    }
  }

  private static func ask(_ address: SocketAddress, _ text: String) throws -> String {
    let answer = try SocketClient(address).ask(
      Array("\(text)\n".utf8), delimiter: [10], maxBytes: 1 << 20, within: .seconds(5))
    return String(decoding: answer, as: UTF8.self)
  }

  @Test(arguments: [0, 8])
  func `a path of any length is listened on and reached`(depth: Int) async throws {
    let folder = try SocketFolder(depth: depth)
    let address = folder.socket()
    try await serving(address) {
      let answer = try Self.ask(address, "hello")
      #expect(answer == "HELLO")
      var status = stat()
      #expect(lstat("\(folder.path)/s.sock", &status) == 0)
      #expect(status.st_mode & 0o7777 == 0o600)
    }
    #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/s.sock"))
    #expect(throws: SocketError.self) { try SocketClient(address) }
  }

  @Test func `the socket of a dead process is replaced, one that lives or a file is not`() throws {
    let folder = try SocketFolder()
    do {
      // A descriptor that is closed without removing its file is what a kill leaves.
      let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
      var address = sockaddr_un()
      address.sun_family = sa_family_t(AF_UNIX)
      withUnsafeMutableBytes(of: &address.sun_path) {
        $0.copyBytes(from: "\(folder.path)/s.sock".utf8)
      }
      let bound = withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
        }
      }
      #expect(bound == 0)
      close(descriptor)
    }
    let first = try ListeningSocket(folder.socket())
    let refused = #expect(throws: SocketError.self) { try ListeningSocket(folder.socket()) }
    #expect(refused?.code == .inUse)
    // The refusal left the first one's file alone.
    _ = try SocketClient(folder.socket())
    withExtendedLifetime(first) {}
    try Data("notes".utf8).write(to: URL(filePath: "\(folder.path)/file"))
    #expect(throws: SocketError.self) { try ListeningSocket(folder.socket("file")) }
    #expect(FileManager.default.fileExists(atPath: "\(folder.path)/file"))
  }

  @Test func `clients that gave up free their places while their requests are still answered`()
    async throws
  {
    let folder = try SocketFolder()
    let address = folder.socket()
    let path = "\(folder.path)/s.sock"
    try await serving(
      address,
      answer: { request in
        if request.bytes.count == 1 {
          do { try await Task.sleep(for: .seconds(3600)) } catch {}  // the test has ended
        }
        return ServerAnswer(Array("done\n".utf8))
      }
    ) {
      for _ in 0..<2 {
        let clients = try (0..<4).map { _ in try RawClient(path) }
        for client in clients { client.say(Array("x\n".utf8)) }
        // Until all are in hand no other could be let in.
        usleep(200_000)
        withExtendedLifetime(clients) {}
      }
      let answer = try Self.ask(address, "quick")
      #expect(answer == "done")
    }
  }

  @Test func `silent, slow, deaf and talkative clients harm nobody`() async throws {
    let folder = try SocketFolder()
    let address = folder.socket()
    let path = "\(folder.path)/s.sock"
    try await serving(
      address,
      answer: { ServerAnswer([UInt8](repeating: 65, count: 4 << 20) + $0.bytes + [10]) }
    ) {
      let silent = try RawClient(path)
      let deaf = try RawClient(path)
      deaf.say(Array("x\n".utf8))
      let talkative = try RawClient(path)
      talkative.say([UInt8](repeating: 65, count: 4000))
      let slow = try RawClient(path)
      slow.say([65])
      #expect(talkative.hearTheEnd() == Array("too long\n".utf8))
      #expect(slow.hearTheEnd() == [], "a request that does not end is cut off")
      usleep(3_000_000)
      // The deaf one was given up; what its kernel buffer held is all that it can still read.
      #expect((deaf.hearTheEnd()?.count ?? .max) < 4 << 20)
      let answer = try SocketClient(address).ask(
        [66, 10], delimiter: [10], maxBytes: 8 << 20, within: .seconds(5))
      #expect(answer.last == 66)
      withExtendedLifetime(silent) {}
    }
  }

  @Test func `when all places are taken the client that is idle longest makes room`() async throws {
    let folder = try SocketFolder()
    let address = folder.socket()
    let path = "\(folder.path)/s.sock"
    try await serving(address) {
      let idle = try (0..<4).map { _ in
        // So that their order of arrival is the order of their deadlines.
        usleep(20_000)
        return try RawClient(path)
      }
      usleep(20_000)
      #expect(try Self.ask(address, "room") == "ROOM")
      #expect(idle[0].hearTheEnd() == [])
      idle[1].say(Array("still here\n".utf8))
      var bytes = [UInt8](repeating: 0, count: 64)
      #expect(recv(idle[1].descriptor, &bytes, 64, 0) == 11)
      withExtendedLifetime(idle) {}
    }
  }

  @Test func `requests of one client are answered in order, and peers are known`() async throws {
    let folder = try SocketFolder()
    let address = folder.socket()
    let peers = Mutex<Set<SocketPeer>>([])
    try await serving(
      address, stranger: Array("no\n".utf8),
      answer: { request in
        if let peer = request.peer { peers.withLock { _ = $0.insert(peer) } }
        return ServerAnswer(request.bytes + [10])
      }
    ) {
      let client = try RawClient("\(folder.path)/s.sock")
      let lines = (0..<200).map { "line \($0)\n" }.joined()
      client.say(Array(lines.utf8))
      shutdown(client.descriptor, Int32(SHUT_WR))
      #expect(client.hearTheEnd() == Array(lines.utf8))
    }
    #expect(peers.withLock { $0.map(\.process) } == [getpid()])
    #expect(peers.withLock { $0.map(\.user) } == [geteuid()])
  }

  @Test func `what a client that gave up is told is either told to nobody or heard`() async throws {
    let folder = try SocketFolder()
    let address = folder.socket()
    let told = Mutex<[String: Bool]>([:])
    let heard = Mutex<[String: Bool]>([:])
    try await serving(
      address,
      answer: { request in
        // About as long as the client waits, so that either may be first.
        usleep(UInt32.random(in: 1500..<2500))
        let isTold = request.tell(Array("begun\n".utf8))
        told.withLock { $0[String(decoding: request.bytes, as: UTF8.self)] = isTold }
        usleep(3000)
        return ServerAnswer(Array("done\n".utf8))
      }
    ) {
      for number in 0..<200 {
        let isKnown: Bool
        do {
          _ = try SocketClient(address).ask(
            Array("\(number)\n".utf8), delimiter: [10], maxBytes: 100, within: .milliseconds(2),
            beginning: SocketClient.Beginning(Array("begun".utf8), time: .milliseconds(1)))
          isKnown = true
        } catch let error as SocketError where [.begun, .timedOut].contains(error.code) {
          isKnown = error.code == .begun
        }
        heard.withLock { $0["\(number)"] = isKnown }
      }
    }
    let (said, known) = (told.withLock { $0 }, heard.withLock { $0 })
    // A request that the server never took up was told nothing.
    for (number, isKnown) in known { #expect(said[number, default: false] == isKnown) }
  }

  @Test func `a port answers on the loopback alone`() async throws {
    let port = UInt16.random(in: 20_000..<30_000)
    let address = SocketAddress.loopback(port: port)
    try await serving(address) {
      #expect(try Self.ask(address, "hello") == "HELLO")
      let table = try String(contentsOfFile: "/proc/net/tcp", encoding: .utf8)
      let local = ":" + String(port, radix: 16, uppercase: true) + " 00000000:0000 0A"
      #expect(table.contains("0100007F" + local))
      #expect(!table.contains("00000000" + local))
      #expect(throws: SocketError.self) { try ListeningSocket(address) }
    }
  }

  @Test(arguments: [
    ("unix:a.sock", SocketAddress.unix(path: "a.sock")), ("127.0.0.1:9464", .loopback(port: 9464)),
    ("localhost:1", .loopback(port: 1)),
  ])
  func `an address of this machine is read`(text: String, address: SocketAddress) throws {
    #expect(try SocketAddress(parsing: text) == address)
  }

  @Test(arguments: [
    "", "unix:", "0.0.0.0:9464", "9464", ":9464", "10.0.0.1:80", "[::]:80", "127.0.0.1:0",
    "127.0.0.1:65536", "127.0.0.1:+80", "127.0.0.1:", "localhost", "localhost.evil.org:80",
  ])
  func `nothing beyond this machine is an address`(text: String) {
    let error = #expect(throws: SocketError.self) { try SocketAddress(parsing: text) }
    #expect(error?.code == .badAddress)
  }
}
