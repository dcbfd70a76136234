import Dispatch

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// SIGINT, SIGTERM and SIGHUP as a sequence; the second SIGINT or SIGTERM ends the process at once
/// with 130.
///
/// What is in hand when the first arrives is finished by who reads ``requests``. Make one, once.
// Sendable: both properties are constant, and the sources are touched again only by deinit, when
// nobody else holds this value.
final class Signals: @unchecked Sendable {
  /// What a person or a supervisor asks for.
  enum Request: Sendable {
    /// SIGTERM: take no more in, finish everything that was accepted.
    case drain
    /// SIGINT: finish what is in hand.
    case stop
    /// SIGHUP of a service: read the configuration anew.
    case reload
  }

  /// More than can come while one is obeyed: signals of one kind that come together are one.
  let requests: AsyncStream<Request>
  private let sources: [any DispatchSourceSignal]

  /// Starts to listen.
  ///
  /// - Parameter hangUp: what SIGHUP asks for; `nil` leaves it to end the process.
  init(hangUp: Request? = nil, on terminal: Terminal) {
    let (requests, continuation) = AsyncStream.makeStream(
      of: Request.self, bufferingPolicy: .bufferingOldest(16))
    self.requests = requests
    let queue = DispatchQueue(label: "signals")
    let count = SignalCount()
    let asked = [(SIGINT, Request.stop), (SIGTERM, .drain)] + (hangUp.map { [(SIGHUP, $0)] } ?? [])
    sources = asked.map { number, request in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      source.setEventHandler {
        if number != SIGHUP, count.next() > 1 {
          terminal.talk("ended at once; what was in hand is begun anew by the next start")
          _exit(ExitStatus.interrupted.rawValue)
        }
        continuation.yield(request)
      }
      source.resume()
      return source
    }
  }

  deinit {
    for source in sources { source.cancel() }
  }

  /// A reader that goes away gives an error from `write`, not the end of the process.
  static func ignoreBrokenPipes() { signal(SIGPIPE, SIG_IGN) }
}

/// Counts signals.
// Sendable: touched on the one serial queue of its owner only.
private final class SignalCount: @unchecked Sendable {
  private var count = 0
  func next() -> Int {
    count += 1
    return count
  }
}
