public import DequeModule

/// The rules of a bounded queue: a value that is told what happens and answers what to do.
///
/// No locks, tasks or clocks: `BoundedQueue` holds one behind its lock and obeys the answers outside
/// it. `Producer` and `Consumer` are whatever wakes a waiting party (continuations there, names in
/// tests); each one that is put in comes out exactly once.
///
/// Three rules decide everything:
/// - elements and reservations together stay within both limits, except that an empty queue admits
///   any one of them;
/// - parties are served in the order in which they came, so nobody overtakes a waiting producer;
/// - an element for which a consumer already waits passes straight to it and takes no space.
///
/// Hence consumers wait only while there are no elements, and then no element stands first among
/// the waiting producers either.
///
/// What runs once an element is inlinable, because the users of this generic type lie in other
/// modules and the compiler then makes it for their element type (`QueueBenchmark` printed 0.4 M
/// records/s without and 4 M with). What runs once a queue is not.
@usableFromInline
package struct QueueStateMachine<Element: Sendable, Producer: Sendable, Consumer: Sendable> {
  /// Names one wait, so that it can be withdrawn.
  @usableFromInline package typealias Ticket = UInt64

  /// A producer that waits: with an element to send, or without one for a reservation.
  @usableFromInline package typealias WaitingProducer = (
    ticket: Ticket, producer: Producer, byteCount: Int, element: Element?
  )

  @usableFromInline
  enum Phase {
    case open
    case closed
    case failed(any Error)
  }

  @usableFromInline let limits: QueueLimits
  @usableFromInline var phase = Phase.open
  @usableFromInline var elements = Deque<(element: Element, byteCount: Int)>()
  @usableFromInline var producers = Deque<WaitingProducer>()
  @usableFromInline var consumers = Deque<(ticket: Ticket, consumer: Consumer)>()
  @usableFromInline var nextTicket: Ticket = 0
  @usableFromInline var tally = QueueTally()

  /// An open, empty queue.
  package init(limits: QueueLimits) { self.limits = limits }
}

// MARK: Producers

extension QueueStateMachine {
  /// Takes an element if there is space now.
  @inlinable package mutating func send(_ element: Element, byteCount: Int) -> SendAction {
    if let refusal { return .refused(refusal) }
    if producers.isEmpty {
      if let waiting = consumers.popFirst() {
        tally.sent += 1
        tally.received += 1
        return .delivered(waiting.consumer)
      }
      if fits(byteCount) {
        enqueue(element, byteCount: byteCount)
        return .enqueued
      }
    }
    return .full(makeTicket())
  }

  /// Takes an element, or lines its producer up: `full` means that it waits now.
  @inlinable package mutating func sendOrWait(
    _ element: Element, byteCount: Int, as producer: Producer, ticket: Ticket
  ) -> SendAction {
    let action = send(element, byteCount: byteCount)
    guard case .full = action else { return action }
    lineUp(producer, byteCount: byteCount, element: element, ticket: ticket)
    return .full(ticket)
  }

  /// Holds space for an element that does not exist yet, if there is space now.
  @inlinable package mutating func reserve(byteCount: Int) -> ReserveAction {
    if let refusal { return .refused(refusal) }
    guard producers.isEmpty, fits(byteCount) else { return .full(makeTicket()) }
    hold(byteCount)
    return .reserved
  }

  /// Holds space, or lines the producer up: `full` means that it waits now.
  @inlinable package mutating func reserveOrWait(
    byteCount: Int, as producer: Producer, ticket: Ticket
  ) -> ReserveAction {
    let action = reserve(byteCount: byteCount)
    guard case .full = action else { return action }
    lineUp(producer, byteCount: byteCount, element: nil, ticket: ticket)
    return .full(ticket)
  }

  /// Puts an element into space that was reserved for it and gives back what it does not need.
  @inlinable package mutating func send(
    _ element: Element, byteCount: Int, reservedBytes: Int
  ) -> UseAction {
    unhold(reservedBytes)
    if let refusal { return .refused(refusal) }
    if let waiting = consumers.popFirst() {
      tally.sent += 1
      tally.received += 1
      return .delivered(waiting.consumer, admitWaiting())
    }
    enqueue(element, byteCount: byteCount)
    return .enqueued(admitWaiting())
  }

  /// Gives reserved space back unused.
  @inlinable package mutating func release(reservedBytes: Int) -> Wakeups {
    unhold(reservedBytes)
    return admitWaiting()
  }

  /// Withdraws a producer's wait; nil if it has ended already.
  ///
  /// The one who stood first may have been too large for the space that was left, so those behind
  /// it are looked at again.
  package mutating func cancelProducer(_ ticket: Ticket) -> (WaitingProducer, Wakeups)? {
    guard let index = producers.firstIndex(where: { $0.ticket == ticket }) else { return nil }
    let waiting = producers.remove(at: index)
    return (waiting, admitWaiting())
  }
}

// MARK: Consumers

extension QueueStateMachine {
  /// Gives the oldest element, if there is one.
  @inlinable package mutating func receive() -> ReceiveAction {
    if case .failed(let error) = phase { return .failed(error) }
    var wakeups = Wakeups()
    if let element = takeNext(&wakeups) { return .element(element, wakeups) }
    if case .closed = phase { return .finished }
    return .empty(makeTicket())
  }

  /// Gives the oldest element, or lines the consumer up: `empty` means that it waits now.
  @inlinable package mutating func receiveOrWait(as consumer: Consumer, ticket: Ticket)
    -> ReceiveAction
  {
    let action = receive()
    guard case .empty = action else { return action }
    tally.consumerWaits += 1
    consumers.append((ticket, consumer))
    return .empty(ticket)
  }

  /// Gives up to `max` elements that are there now, oldest first; none is no end.
  @inlinable package mutating func takeAvailable(max: Int) -> ([Element], Wakeups) {
    var taken: [Element] = []
    var wakeups = Wakeups()
    if case .failed = phase { return (taken, wakeups) }
    taken.reserveCapacity(min(max, elements.count))
    while taken.count < max {
      guard let element = takeNext(&wakeups) else { break }
      taken.append(element)
    }
    return (taken, wakeups)
  }

  /// Withdraws a consumer's wait; nil if it has ended already.
  package mutating func cancelConsumer(_ ticket: Ticket) -> Consumer? {
    guard let index = consumers.firstIndex(where: { $0.ticket == ticket }) else { return nil }
    return consumers.remove(at: index).consumer
  }
}

// MARK: The end

extension QueueStateMachine {
  /// Takes nothing more; what is in stays to be received.
  ///
  /// Without effect on an ended queue.
  package mutating func close() -> EndAction {
    guard case .open = phase else { return EndAction() }
    phase = .closed
    return turnAway()
  }

  /// Takes nothing more and drops what is in.
  ///
  /// The first failure stays; a closed queue can fail.
  package mutating func fail(_ error: any Error) -> EndAction {
    if case .failed = phase { return EndAction() }
    phase = .failed(error)
    var action = turnAway()
    action.dropped = elements.map(\.element)
    elements.removeAll()
    tally.dropped += action.dropped.count
    tally.bytes = 0
    return action
  }

  /// What is held now and what was seen so far.
  package var occupancy: QueueOccupancy {
    QueueOccupancy(
      tally, count: elements.count, waitingProducers: producers.count,
      waitingConsumers: consumers.count)
  }
}

// MARK: Leaves

extension QueueStateMachine {
  @inlinable var refusal: Refusal? {
    switch phase {
    case .open: nil
    case .closed: .closed
    case .failed: .failed
    }
  }

  @inlinable func fits(_ byteCount: Int) -> Bool {
    let held = elements.count + tally.reservedCount
    if held == 0 { return true }
    // A subtraction, so that no stated price can overflow; negative after a dear element.
    return held < limits.maxCount
      && byteCount <= limits.maxBytes - tally.bytes - tally.reservedBytes
  }

  @inlinable mutating func makeTicket() -> Ticket {
    nextTicket &+= 1
    return nextTicket
  }

  @inlinable mutating func lineUp(
    _ producer: Producer, byteCount: Int, element: Element?, ticket: Ticket
  ) {
    tally.producerWaits += 1
    producers.append((ticket, producer, byteCount, element))
  }

  @inlinable mutating func enqueue(_ element: Element, byteCount: Int) {
    elements.append((element, byteCount))
    tally.sent += 1
    tally.bytes += byteCount
    raiseHighWater()
  }

  @inlinable mutating func hold(_ byteCount: Int) {
    tally.reservedCount += 1
    tally.reservedBytes += byteCount
    raiseHighWater()
  }

  @inlinable mutating func unhold(_ byteCount: Int) {
    tally.reservedCount -= 1
    tally.reservedBytes -= byteCount
  }

  @inlinable mutating func raiseHighWater() {
    tally.highWaterCount = max(tally.highWaterCount, elements.count + tally.reservedCount)
    tally.highWaterBytes = max(tally.highWaterBytes, tally.bytes + tally.reservedBytes)
  }

  /// The oldest element, and those let in by the space it leaves.
  ///
  /// While reservations fill an
  /// otherwise empty queue, that is the element of the producer who waits first.
  @inlinable mutating func takeNext(_ wakeups: inout Wakeups) -> Element? {
    if let next = elements.popFirst() {
      tally.bytes -= next.byteCount
      tally.received += 1
      admitWaiting(into: &wakeups)
      return next.element
    }
    guard let first = producers.first, let element = first.element else { return nil }
    producers.removeFirst()
    tally.sent += 1
    tally.received += 1
    wakeups.producers.append(first.producer)
    admitWaiting(into: &wakeups)
    return element
  }

  @inlinable mutating func admitWaiting() -> Wakeups {
    var wakeups = Wakeups()
    admitWaiting(into: &wakeups)
    return wakeups
  }

  /// Lets producers in from the front of the line for as long as the first one can go.
  @inlinable mutating func admitWaiting(into wakeups: inout Wakeups) {
    while let first = producers.first {
      if let element = first.element, let waiting = consumers.popFirst() {
        tally.sent += 1
        tally.received += 1
        wakeups.deliveries.append((waiting.consumer, element))
      } else if fits(first.byteCount) {
        if let element = first.element {
          enqueue(element, byteCount: first.byteCount)
        } else {
          hold(first.byteCount)
        }
      } else {
        return
      }
      producers.removeFirst()
      wakeups.producers.append(first.producer)
    }
  }

  mutating func turnAway() -> EndAction {
    // An array copied from an empty deque writes into the storage that all empty arrays share, which
    // ThreadSanitizer calls a race.
    let action = EndAction(
      producers: producers.isEmpty ? [] : Array(producers), consumers: consumers.map(\.consumer))
    producers.removeAll()
    consumers.removeAll()
    return action
  }
}
