import LocalSockets

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Tells systemd how the service is: the protocol of sd_notify(3), one datagram a message.
///
/// Without `NOTIFY_SOCKET` every call does nothing. A message that nobody takes is lost; what
/// matters later is said again by who says it.
struct ServiceNotifier: Sendable {
  private let sender: DatagramSender?
  /// How often systemd wants to hear of progress, where it does.
  let watchdog: Duration?

  /// Reads `NOTIFY_SOCKET`, `WATCHDOG_USEC` and `WATCHDOG_PID`.
  ///
  /// - Throws: `SocketError` when `NOTIFY_SOCKET` names no socket.
  init(_ variables: [String: String]) throws {
    sender = try variables["NOTIFY_SOCKET"].map { try DatagramSender($0) }
    let isForUs = variables["WATCHDOG_PID"].map { $0 == "\(getpid())" } ?? true
    watchdog =
      sender == nil || !isForUs
      ? nil
      : variables["WATCHDOG_USEC"].flatMap(Int64.init).flatMap {
        $0 > 0 ? .microseconds($0) : nil
      }
  }

  /// Whether anybody is told.
  var isHeard: Bool { sender != nil }

  /// The run works.
  ///
  /// - Returns: whether it was said; to be said again when not.
  @discardableResult func ready(_ status: String) -> Bool { send("READY=1\nSTATUS=\(status)") }

  /// One line for `systemctl status`.
  func status(_ status: String) { send("STATUS=\(status)") }

  /// The file is read anew; `MONOTONIC_USEC` tells systemd which reload is meant.
  func reloading() {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    let microseconds = Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
    send("RELOADING=1\nMONOTONIC_USEC=\(microseconds)\nSTATUS=reading the pipeline anew")
  }

  /// The run ends.
  func stopping() { send("STOPPING=1\nSTATUS=stopping") }

  /// Everything moves.
  func progress() { send("WATCHDOG=1") }

  @discardableResult private func send(_ text: String) -> Bool { sender?.send(text) ?? true }
}
