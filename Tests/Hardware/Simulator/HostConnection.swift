import Glibc

/// The USB/IP side: one end of a socket pair whose other end is the kernel's virtual host
/// controller, so that the kernel enumerates a real USB device.
struct HostConnection {
  /// A request from the host for data of an endpoint.
  struct Request {
    let sequence: UInt32
    let byteCount: Int
    /// The lengths of isochronous packets; empty for other transfers.
    let packets: [Int]
  }

  /// What the host sent.
  enum Message {
    /// A transfer on endpoint 0: setup packet and data.
    case control(Request, setup: [UInt8], data: [UInt8], isIn: Bool)
    /// The host waits for data of an endpoint.
    case wanted(Request, endpoint: Int)
    /// Data for an endpoint that takes none.
    case refused(Request)
    /// The host gives a request up.
    case cancel(sequence: UInt32, victim: UInt32)
    /// The host has gone.
    case gone
  }

  private(set) var descriptor: Int32 = -1
  private var out: [UInt8] = []

  var isPlugged: Bool { descriptor >= 0 }

  mutating func plug(port: Int) {
    var pair: [Int32] = [0, 0]
    guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &pair) == 0 else {
      Simulator.stop("no socket pair")
    }
    var size: Int32 = 1 << 20
    for end in pair {
      setsockopt(end, SOL_SOCKET, SO_SNDBUF, &size, 4)
      setsockopt(end, SOL_SOCKET, SO_RCVBUF, &size, 4)
    }
    // Speed 3 is high speed.
    let text = "\(port) \(pair[1]) 1 3"
    let attach = open("/sys/devices/platform/vhci_hcd.0/attach", O_WRONLY)
    guard attach >= 0, write(attach, text, text.utf8.count) == text.utf8.count else {
      Simulator.stop("the virtual host controller takes no device: error \(errno)")
    }
    close(attach)
    close(pair[1])
    descriptor = pair[0]
  }

  mutating func unplug() {
    guard isPlugged else { return }
    shutdown(descriptor, Int32(SHUT_RDWR))
    close(descriptor)
    descriptor = -1
  }

  // MARK: To the host

  mutating func reply(
    _ request: Request, status: Int, byteCount: Int, data: [UInt8] = [],
    packets: [(offset: Int, byteCount: Int, actual: Int)] = []
  ) {
    out.removeAll(keepingCapacity: true)
    put(3, Int(request.sequence), 0, 0, 0, status, byteCount, 0, packets.count, 0, 0, 0)
    out += data
    for packet in packets { put(packet.offset, packet.byteCount, packet.actual, 0) }
    send()
  }

  mutating func replyToCancel(_ sequence: UInt32, status: Int) {
    out.removeAll(keepingCapacity: true)
    put(4, Int(sequence), 0, 0, 0, status, 0, 0, 0, 0, 0, 0)
    send()
  }

  private mutating func put(_ values: Int...) {
    for value in values {
      withUnsafeBytes(of: UInt32(truncatingIfNeeded: value).bigEndian) { out += $0 }
    }
  }

  private func send() {
    out.withUnsafeBytes { bytes in
      var start = 0
      while start < bytes.count {
        let rest = UnsafeRawBufferPointer(rebasing: bytes[start...])
        let sent = Glibc.send(descriptor, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
        if sent <= 0 {
          if errno == EINTR { continue }
          return
        }
        start += sent
      }
    }
  }

  // MARK: From the host

  func receive() -> Message {
    guard let head = read(48) else { return .gone }
    func field(_ offset: Int) -> UInt32 {
      head[offset..<offset + 4].reduce(0) { $0 << 8 | UInt32($1) }
    }
    let sequence = field(4)
    if field(0) == 2 { return .cancel(sequence: sequence, victim: field(20)) }
    let isIn = field(12) == 1
    let endpoint = Int(field(16))
    let byteCount = Int(field(24))
    let packetCount = Int(Int32(bitPattern: field(32)))
    let data = !isIn && byteCount > 0 ? read(byteCount) ?? [] : []
    var packets: [Int] = []
    if packetCount > 0, packetCount < 1024, let list = read(16 * packetCount) {
      packets = (0..<packetCount).map { packet in
        list[packet * 16 + 4..<packet * 16 + 8].reduce(0) { $0 << 8 | Int($1) }
      }
    }
    let request = Request(sequence: sequence, byteCount: byteCount, packets: packets)
    if endpoint == 0 {
      return .control(request, setup: Array(head[40..<48]), data: data, isIn: isIn)
    }
    return isIn ? .wanted(request, endpoint: endpoint) : .refused(request)
  }

  private func read(_ count: Int) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: count)
    var start = 0
    while start < count {
      let got = bytes.withUnsafeMutableBytes {
        recv(descriptor, $0.baseAddress.map { $0 + start }, count - start, 0)
      }
      if got <= 0 {
        if got < 0, errno == EINTR { continue }
        return nil
      }
      start += got
    }
    return bytes
  }
}
