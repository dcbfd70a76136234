/// One client of a server, without its descriptor: what came, what goes, until when.
///
/// One request at a time: while one is answered and its answer sent, nothing more is read, so a
/// client that asks faster than it listens fills only its own kernel buffer.
package struct ServedConnection {
  private enum Phase {
    /// Reads a request.
    case reading
    /// The handler works.
    case answering
    /// The answer goes out; afterwards the connection stays or ends.
    case writing(thenEnds: Bool)
    /// All is sent; what still comes is thrown away, so that the end does not overtake the answer.
    case lingering
    case ended
  }

  /// What the connection asks of who holds it.
  package enum Demand: Equatable {
    case nothing
    /// Have this request answered with ``answer(_:ends:now:)``.
    case answer([UInt8])
    /// Nothing more is sent: tell the client.
    case shutDown
    /// Close the descriptor.
    case close
  }

  private let limits: ServerLimits
  private let tooLong: [UInt8]
  private var phase = Phase.reading
  private var input: FramedInput
  private var output: [UInt8] = []
  private var sent = 0
  private var hasInputEnded = false
  /// When the connection is closed unless something happens before.
  package private(set) var deadline: ContinuousClock.Instant?

  package init(
    delimiter: [UInt8], tooLong: [UInt8], limits: ServerLimits, now: ContinuousClock.Instant
  ) {
    self.limits = limits
    self.tooLong = tooLong
    input = FramedInput(delimiter: delimiter, maxBytes: limits.requestBytes)
    deadline = now + limits.idle
  }

  /// How many bytes may be read now; 0 when nothing is to be read.
  package var readable: Int {
    switch phase {
    case .reading: hasInputEnded ? 0 : input.room
    case .lingering: hasInputEnded ? 0 : limits.requestBytes
    case .answering, .writing, .ended: 0
    }
  }

  /// What is to be sent now.
  package var unsent: ArraySlice<UInt8> { output[sent...] }

  /// Whether the client asks nothing now: such a connection may be closed to make room.
  package var isIdle: Bool {
    if case .reading = phase { return input.isEmpty }
    return false
  }

  /// Whether a handler works for the client.
  package var isAnswering: Bool {
    if case .answering = phase { return true }
    return false
  }

  /// Bytes came; none means that the client sends no more.
  package mutating func received(_ bytes: some Collection<UInt8>, now: ContinuousClock.Instant)
    -> Demand
  {
    if bytes.isEmpty { hasInputEnded = true }
    switch phase {
    case .reading:
      // The time for a request counts from its first byte: sending it slowly gains nothing.
      if input.isEmpty, !bytes.isEmpty { deadline = now + limits.request }
      input.append(bytes)
      return takeRequest(now: now)
    case .lingering: return hasInputEnded ? end() : .nothing
    case .answering, .writing, .ended: return .nothing
    }
  }

  /// The handler's answer.
  package mutating func answer(_ bytes: [UInt8], ends: Bool, now: ContinuousClock.Instant) -> Demand
  {
    output = bytes
    sent = 0
    phase = .writing(thenEnds: ends)
    return wrote(0, now: now)
  }

  /// So many bytes of ``unsent`` went out.
  package mutating func wrote(_ count: Int, now: ContinuousClock.Instant) -> Demand {
    guard case .writing(let thenEnds) = phase else { return .nothing }
    sent += count
    deadline = now + limits.answer
    guard sent == output.count else { return .nothing }
    output = []
    sent = 0
    if thenEnds || (hasInputEnded && input.isEmpty) {
      phase = .lingering
      deadline = now + limits.linger
      return hasInputEnded ? end() : .shutDown
    }
    phase = .reading
    deadline = now + (input.isEmpty ? limits.idle : limits.request)
    return takeRequest(now: now)
  }

  /// The connection is of no use any more.
  package mutating func end() -> Demand {
    phase = .ended
    return .close
  }

  private mutating func takeRequest(now: ContinuousClock.Instant) -> Demand {
    switch input.next() {
    case .frame(let frame):
      phase = .answering
      deadline = nil
      return .answer(frame)
    case .tooLong: return answer(tooLong, ends: true, now: now)
    case .incomplete: return hasInputEnded ? end() : .nothing
    }
  }
}

/// What a server grants its clients.
public struct ServerLimits: Sendable {
  /// The most clients at once; one more takes the place of the one that has been idle longest, or
  /// waits.
  public var clients: Int
  /// The most bytes of a request.
  public var requestBytes: Int
  /// The time from a request's first byte to its last.
  public var request: Duration
  /// The time without a request.
  public var idle: Duration
  /// The time without a byte of an answer taken.
  public var answer: Duration
  /// The time that a client has to hear the end.
  public var linger: Duration

  /// The most requests that are still answered when their clients have gone, whose places are free:
  /// three rounds of clients that gave up; then nobody is let in until one has ended.
  var abandonedRequests: Int { 3 * clients }

  /// Makes limits.
  public init(
    clients: Int, requestBytes: Int, request: Duration, idle: Duration, answer: Duration,
    linger: Duration = .seconds(1)
  ) {
    self.clients = clients
    self.requestBytes = requestBytes
    self.request = request
    self.idle = idle
    self.answer = answer
    self.linger = linger
  }
}
