public import Synchronization

/// A first-in, first-out queue between tasks, with hard bounds in count and in bytes.
///
/// Any number of producers and consumers. A full queue makes producers wait and an empty one makes
/// consumers wait, each in the order in which they came. Nothing is ever dropped, unless the queue
/// `fail`s. A call that need not wait takes one lock and switches no task; elements are released
/// outside the lock, so an element's `deinit` may use the queue.
///
/// The price of an element is what its producer says; the queue never measures it.
///
/// A producer whose element is expensive to make takes a `Reservation` first: the space is then
/// held before the memory exists, so that the bounds hold for what is being made as well.
public final class BoundedQueue<Element: Sendable>: Sendable {
  @usableFromInline typealias Machine = QueueStateMachine<Element, WaitingProducer, WaitingConsumer>
  // Unchecked continuations: the state machine gives out each one exactly once (its tests hold
  // that), and a checked one costs an allocation and a lock on every wait.
  @usableFromInline typealias WaitingProducer = UnsafeContinuation<ProducerOutcome, Never>
  @usableFromInline typealias WaitingConsumer = UnsafeContinuation<ConsumerOutcome, Never>

  @usableFromInline enum ProducerOutcome: Sendable {
    case admitted
    case refused(Machine.Refusal)
    case cancelled
  }

  @usableFromInline enum ConsumerOutcome: Sendable {
    case element(Element)
    case finished
    case failed(any Error)
  }

  /// What `trySend` did.
  public enum TrySendResult: Hashable, Sendable {
    /// The element is in the queue or with a consumer.
    case sent
    /// There is no space now, or others wait for it; the element stays with the caller.
    case full
    /// The queue is closed or has failed; the element stays with the caller.
    case refused
  }

  /// The name that errors carry, such as `camera -> calibrate`.
  public let name: String
  /// The bounds.
  public let limits: QueueLimits
  @usableFromInline let machine: Mutex<Machine>

  /// Makes an open, empty queue.
  public init(name: String, limits: QueueLimits) {
    self.name = name
    self.limits = limits
    machine = Mutex(Machine(limits: limits))
  }

  /// What the queue holds now and what it has seen so far; one lock, for any task at any time.
  public var occupancy: QueueOccupancy { machine.withLock { $0.occupancy } }
}

// MARK: Producers

extension BoundedQueue {
  /// Puts an element at the end, after waiting for space if need be.
  ///
  /// - Parameter byteCount: the element's price, 0 or more. One that is dearer than
  ///   `limits.maxBytes` waits until the queue is empty and then goes in alone.
  /// - Throws: `QueueError` when the queue is closed or has failed, `CancellationError` when the
  ///   task is cancelled while it waits. The element is then not in the queue. A send that need not
  ///   wait does not look at cancellation.
  @inlinable public nonisolated(nonsending) func send(_ element: Element, byteCount: Int)
    async throws
  {
    precondition(byteCount >= 0, "an element's price is not negative")
    let ticket: Machine.Ticket
    switch machine.withLock({ $0.send(element, byteCount: byteCount) }) {
    case .enqueued: return
    case .delivered(let consumer): return consumer.resume(returning: .element(element))
    case .refused(let refusal): throw error(for: refusal)
    case .full(let given): ticket = given
    }
    try await waitAsProducer(ticket) { producer in
      let action = self.machine.withLock { machine -> Machine.SendAction? in
        if Task.isCancelled { return nil }
        return machine.sendOrWait(element, byteCount: byteCount, as: producer, ticket: ticket)
      }
      switch action {
      case nil: producer.resume(returning: .cancelled)
      case .enqueued: producer.resume(returning: .admitted)
      case .delivered(let consumer):
        consumer.resume(returning: .element(element))
        producer.resume(returning: .admitted)
      case .refused(let refusal): producer.resume(returning: .refused(refusal))
      case .full: break
      }
    }
  }

  /// Puts an element at the end if that needs no wait.
  ///
  /// - Parameter byteCount: the element's price, 0 or more.
  @inlinable public func trySend(_ element: Element, byteCount: Int) -> TrySendResult {
    precondition(byteCount >= 0, "an element's price is not negative")
    switch machine.withLock({ $0.send(element, byteCount: byteCount) }) {
    case .enqueued: return .sent
    case .delivered(let consumer):
      consumer.resume(returning: .element(element))
      return .sent
    case .refused: return .refused
    case .full: return .full
    }
  }
}

// MARK: Consumers

extension BoundedQueue {
  /// Takes the oldest element, after waiting for one if need be.
  ///
  /// - Returns: nil when the queue is closed and everything in it was received.
  /// - Throws: the error the queue failed with; `CancellationError` when the task is cancelled while
  ///   it waits. An element that has left the queue is always returned, also to a task that was
  ///   cancelled meanwhile.
  @inlinable public nonisolated(nonsending) func receive() async throws -> Element? {
    let ticket: Machine.Ticket
    switch machine.withLock({ $0.receive() }) {
    case .element(let element, let wakeups):
      wake(wakeups)
      return element
    case .finished: return nil
    case .failed(let error): throw error
    case .empty(let given): ticket = given
    }
    let outcome = await withTaskCancellationHandler {
      await withUnsafeContinuation { self.waitAsConsumer($0, ticket) }
    } onCancel: {
      withdrawConsumer(ticket)
    }
    switch outcome {
    case .element(let element): return element
    case .finished: return nil
    case .failed(let error): throw error
    }
  }

  /// Takes what is there, oldest first, up to `max` elements; waits only while there is none.
  ///
  /// One lock for the whole batch: for small records several times quicker than one by one.
  ///
  /// - Parameter max: the most elements to take, 1 or more.
  /// - Returns: one element or more; nil when the queue is closed and everything was received.
  /// - Throws: as `receive()`.
  @inlinable public nonisolated(nonsending) func receiveBatch(max: Int) async throws -> [Element]? {
    precondition(max >= 1, "a batch holds at least one element")
    let batch = takeAvailable(max: max)
    if !batch.isEmpty { return batch }
    guard let first = try await receive() else { return nil }
    return [first] + takeAvailable(max: max - 1)
  }

  /// Takes what is there, oldest first, up to `max` elements, and never waits.
  ///
  /// - Returns: nothing also when the queue has ended; `receive()` tells how.
  @inlinable public func takeAvailable(max: Int) -> [Element] {
    let (batch, wakeups) = machine.withLock { $0.takeAvailable(max: max) }
    wake(wakeups)
    return batch
  }
}

// MARK: The end

extension BoundedQueue {
  /// Takes nothing more.
  ///
  /// Producers, also those that wait, are refused at once; consumers receive
  /// what is left and then nil. Without effect on a queue that has ended.
  public func close() {
    let action = machine.withLock { $0.close() }
    turnAway(action, refusal: .closed, consumers: .finished)
  }

  /// Takes nothing more and drops what is in.
  ///
  /// Producers are refused at once; consumers throw
  /// `error`. The first failure stays; a closed queue can still fail.
  public func fail(_ error: any Error) {
    let action = machine.withLock { $0.fail(error) }
    turnAway(action, refusal: .failed, consumers: .failed(error))
  }
}

// MARK: Leaves

extension BoundedQueue {
  @inlinable nonisolated(nonsending) func waitAsProducer(
    _ ticket: Machine.Ticket, register: (WaitingProducer) -> Void
  ) async throws {
    // Whoever registers looks at cancellation under the lock, and cancelling comes before this
    // handler: either the registration sees it, or the handler finds the registration.
    let outcome = await withTaskCancellationHandler {
      await withUnsafeContinuation { register($0) }
    } onCancel: {
      withdrawProducer(ticket)
    }
    switch outcome {
    case .admitted: return
    case .refused(let refusal): throw error(for: refusal)
    case .cancelled: throw CancellationError()
    }
  }

  @inlinable func waitAsConsumer(_ consumer: WaitingConsumer, _ ticket: Machine.Ticket) {
    let action = machine.withLock { machine -> Machine.ReceiveAction in
      if Task.isCancelled { return .failed(CancellationError()) }
      return machine.receiveOrWait(as: consumer, ticket: ticket)
    }
    switch action {
    case .element(let element, let wakeups):
      wake(wakeups)
      consumer.resume(returning: .element(element))
    case .finished: consumer.resume(returning: .finished)
    case .failed(let error): consumer.resume(returning: .failed(error))
    case .empty: break
    }
  }

  @usableFromInline func withdrawProducer(_ ticket: Machine.Ticket) {
    guard let (waiting, wakeups) = machine.withLock({ $0.cancelProducer(ticket) }) else { return }
    wake(wakeups)
    waiting.producer.resume(returning: .cancelled)
  }

  @usableFromInline func withdrawConsumer(_ ticket: Machine.Ticket) {
    machine.withLock { $0.cancelConsumer(ticket) }?
      .resume(returning: .failed(CancellationError()))
  }

  @inlinable func wake(_ wakeups: Machine.Wakeups) {
    for delivery in wakeups.deliveries {
      delivery.consumer.resume(returning: .element(delivery.element))
    }
    for producer in wakeups.producers { producer.resume(returning: .admitted) }
  }

  func turnAway(
    _ action: Machine.EndAction, refusal: Machine.Refusal, consumers outcome: ConsumerOutcome
  ) {
    for waiting in action.producers { waiting.producer.resume(returning: .refused(refusal)) }
    for consumer in action.consumers { consumer.resume(returning: outcome) }
  }

  @usableFromInline func error(for refusal: Machine.Refusal) -> QueueError {
    switch refusal {
    case .closed:
      QueueError(.closed, subject: name, hint: "send before the queue is closed")
    case .failed:
      QueueError(.failed, subject: name, hint: "see the error that its consumers were given")
    }
  }
}
