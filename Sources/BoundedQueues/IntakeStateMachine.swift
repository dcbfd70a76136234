import DequeModule

/// The rules of a live source's intake: told what happens, answers what to do.
///
/// As `QueueStateMachine`, with two differences: who offers never waits, and what is lost is lost by
/// a declared policy and counted.
package struct IntakeStateMachine<Element: Sendable, Consumer: Sendable> {
  /// Names one wait, so that it can be withdrawn.
  package typealias Ticket = UInt64

  /// What became of an element that was offered.
  package enum OfferAction: Sendable {
    /// It waits to be received.
    case accepted
    /// It goes to this consumer.
    case delivered(Consumer)
    /// The intake was full and these elements are lost: the oldest ones or the one just offered.
    case dropped([Element])
    /// The intake was full and takes nothing until one is received.
    case refused
    /// The intake was closed.
    case closed
  }

  /// What a consumer gets.
  package enum ReceiveAction: Sendable {
    /// The oldest element.
    case element(Element)
    /// There is none; a wait for one goes by this ticket.
    case empty(Ticket)
    /// There is none and none will come.
    case finished
  }

  let maxCount: Int
  let maxBytes: Int
  let whenFull: IntakePolicy
  var isClosed = false
  var elements = Deque<(element: Element, byteCount: Int)>()
  var consumers = Deque<(ticket: Ticket, consumer: Consumer)>()
  var nextTicket: Ticket = 0
  var tally = IntakeTally()

  /// An open, empty intake.
  package init(maxCount: Int, maxBytes: Int, whenFull: IntakePolicy) {
    self.maxCount = maxCount
    self.maxBytes = maxBytes
    self.whenFull = whenFull
  }

  /// Takes an element, or loses one as the policy says.
  ///
  /// One that is dearer than `maxBytes` finds room only in an empty intake, and then alone.
  package mutating func offer(_ element: Element, byteCount: Int) -> OfferAction {
    tally.offered += 1
    if isClosed {
      tally.refused += 1
      return .closed
    }
    if let waiting = consumers.popFirst() {
      tally.received += 1
      return .delivered(waiting.consumer)
    }
    if hasRoom(for: byteCount) {
      append(element, byteCount)
      return .accepted
    }
    switch whenFull {
    case .dropOldest:
      var lost: [Element] = []
      while !hasRoom(for: byteCount), let oldest = elements.popFirst() {
        tally.byteCount -= oldest.byteCount
        lost.append(oldest.element)
      }
      append(element, byteCount)
      tally.dropped += lost.count
      return .dropped(lost)
    case .dropNewest:
      tally.dropped += 1
      return .dropped([element])
    case .refuse:
      tally.refused += 1
      return .refused
    }
  }

  private func hasRoom(for byteCount: Int) -> Bool {
    elements.isEmpty || (elements.count < maxCount && tally.byteCount + byteCount <= maxBytes)
  }

  private mutating func append(_ element: Element, _ byteCount: Int) {
    elements.append((element, byteCount))
    tally.byteCount += byteCount
    tally.highWaterCount = max(tally.highWaterCount, elements.count)
  }

  /// Gives the oldest element, if there is one.
  package mutating func receive() -> ReceiveAction {
    if let oldest = elements.popFirst() {
      tally.received += 1
      tally.byteCount -= oldest.byteCount
      return .element(oldest.element)
    }
    if isClosed { return .finished }
    nextTicket &+= 1
    return .empty(nextTicket)
  }

  /// Gives the oldest element, or lines the consumer up: `empty` means that it waits now.
  package mutating func receiveOrWait(as consumer: Consumer, ticket: Ticket) -> ReceiveAction {
    let action = receive()
    guard case .empty = action else { return action }
    consumers.append((ticket, consumer))
    return .empty(ticket)
  }

  /// Withdraws a consumer's wait; nil if it has ended already.
  package mutating func cancelConsumer(_ ticket: Ticket) -> Consumer? {
    guard let index = consumers.firstIndex(where: { $0.ticket == ticket }) else { return nil }
    return consumers.remove(at: index).consumer
  }

  /// Takes nothing more; gives the consumers to be told that it is over.
  package mutating func close() -> [Consumer] {
    isClosed = true
    let waiting = consumers.map(\.consumer)
    consumers.removeAll()
    return waiting
  }

  /// What is held now and what was seen so far.
  package var snapshot: IntakeTally {
    var snapshot = tally
    snapshot.count = elements.count
    snapshot.waitingConsumers = consumers.count
    return snapshot
  }
}
