import Synchronization

/// What a full intake does with one element too many.
///
/// The raw values are the words of the pipeline file.
public enum IntakePolicy: String, CaseIterable, Hashable, Sendable {
  /// The oldest element makes room: the freshest picture counts.
  case dropOldest = "drop_oldest"
  /// The new element is lost: what came first is kept.
  case dropNewest = "drop_newest"
  /// The new element is refused and its owner says so aloud.
  case refuse
}

/// What an intake held at one instant, and what became of all that was offered to it.
///
/// `offered` equals `received + dropped + refused + count` at any instant: an element that is lost
/// is lost in a column.
public struct IntakeTally: Hashable, Sendable {
  /// Elements that wait to be received.
  public internal(set) var count = 0
  /// What those elements cost.
  public internal(set) var byteCount = 0
  /// The most elements that ever waited at once; never above the limit.
  public internal(set) var highWaterCount = 0
  /// Consumers that wait for an element now.
  public internal(set) var waitingConsumers = 0
  /// Elements offered so far.
  public internal(set) var offered = 0
  /// Elements given to consumers so far.
  public internal(set) var received = 0
  /// Elements lost by `dropOldest` or `dropNewest` so far.
  public internal(set) var dropped = 0
  /// Elements refused so far, because the intake was full or closed.
  public internal(set) var refused = 0
}

/// Where a live source puts what it cannot hold back: bounded, never waiting, losing by a declared
/// policy and counting every loss.
///
/// The one place of a pipeline where something may be lost, hence a type of its own: a
/// `BoundedQueue` has no flag that would make it lossy. What is lost is handed back, so that its
/// owner can log it and give its memory back. Any number of offering threads and consuming tasks.
public final class IntakeQueue<Element: Sendable>: Sendable {
  typealias Machine = IntakeStateMachine<Element, Consumer>
  // Unchecked for the reason given in `BoundedQueue`.
  typealias Consumer = UnsafeContinuation<Received, Never>

  enum Received: Sendable {
    case element(Element)
    case finished
    case cancelled
  }

  /// What became of an element that was offered.
  public enum OfferResult: Sendable {
    /// It waits to be received or is with a consumer.
    case accepted
    /// The intake was full and these elements are lost: under `dropOldest` the oldest ones, and the
    /// offered one was accepted; under `dropNewest` the offered one.
    case dropped([Element])
    /// The intake was full and its policy is `refuse`; the element stays with the caller.
    case refused
    /// The intake was closed; the element stays with the caller.
    case closed
  }

  /// The most elements that wait at once.
  public let maxCount: Int
  /// The most that they may cost together, unless one alone costs more.
  public let maxBytes: Int
  /// What happens to one too many.
  public let whenFull: IntakePolicy
  let machine: Mutex<Machine>

  /// Makes an open, empty intake for at most `maxCount` elements, 1 or more, of `maxBytes`.
  public init(maxCount: Int, maxBytes: Int, whenFull: IntakePolicy) {
    precondition(maxCount >= 1, "an intake holds at least one element")
    self.maxCount = maxCount
    self.maxBytes = maxBytes
    self.whenFull = whenFull
    machine = Mutex(Machine(maxCount: maxCount, maxBytes: maxBytes, whenFull: whenFull))
  }

  /// What the intake holds now and what it has seen so far.
  public var tally: IntakeTally { machine.withLock { $0.snapshot } }

  /// Hands an element in; never waits, so that a device's own thread may call it.
  ///
  /// - Parameter byteCount: the element's price, 0 or more.
  public func offer(_ element: Element, byteCount: Int) -> OfferResult {
    precondition(byteCount >= 0, "an element's price is not negative")
    switch machine.withLock({ $0.offer(element, byteCount: byteCount) }) {
    case .accepted: return .accepted
    case .delivered(let consumer):
      consumer.resume(returning: .element(element))
      return .accepted
    case .dropped(let lost): return .dropped(lost)
    case .refused: return .refused
    case .closed: return .closed
    }
  }

  /// Takes the oldest element, after waiting for one if need be.
  ///
  /// - Returns: nil when the intake is closed and everything in it was received.
  /// - Throws: `CancellationError` when the task is cancelled while it waits.
  public nonisolated(nonsending) func receive() async throws -> Element? {
    let ticket: Machine.Ticket
    switch machine.withLock({ $0.receive() }) {
    case .element(let element): return element
    case .finished: return nil
    case .empty(let given): ticket = given
    }
    let received = await withTaskCancellationHandler {
      await withUnsafeContinuation { self.wait($0, ticket) }
    } onCancel: {
      machine.withLock { $0.cancelConsumer(ticket) }?.resume(returning: .cancelled)
    }
    switch received {
    case .element(let element): return element
    case .finished: return nil
    case .cancelled: throw CancellationError()
    }
  }

  /// Takes nothing more; consumers receive what is left and then nil.
  public func close() {
    let waiting = machine.withLock { $0.close() }
    for consumer in waiting { consumer.resume(returning: .finished) }
  }

  private func wait(_ consumer: Consumer, _ ticket: Machine.Ticket) {
    let action = machine.withLock { machine -> Machine.ReceiveAction? in
      if Task.isCancelled { return nil }
      return machine.receiveOrWait(as: consumer, ticket: ticket)
    }
    switch action {
    case nil: consumer.resume(returning: .cancelled)
    case .element(let element): consumer.resume(returning: .element(element))
    case .finished: consumer.resume(returning: .finished)
    case .empty: break
    }
  }
}
