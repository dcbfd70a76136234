public import Synchronization

extension BoundedQueue {
  /// Space in a queue that is held for an element that does not exist yet.
  ///
  /// Counts against both bounds until it is used or released; letting go of the last reference
  /// releases it, so that an error on the way to the element gives its space back. A class and not
  /// a noncopyable value, because a producer with several out-queues keeps one of each in an array,
  /// over suspensions and in child tasks, where noncopyable values cannot go.
  public final class Reservation: Sendable {
    /// The bytes held.
    public let byteCount: Int
    @usableFromInline let queue: BoundedQueue
    @usableFromInline let isHeld = Atomic(true)

    @inlinable init(_ queue: BoundedQueue, byteCount: Int) {
      self.queue = queue
      self.byteCount = byteCount
    }

    @inlinable deinit { release() }

    /// Gives the space back; without effect on one that was used or released.
    @inlinable public func release() {
      guard spend() else { return }
      queue.wake(queue.machine.withLock { $0.release(reservedBytes: byteCount) })
    }

    /// Whether the caller is the one who ends it.
    @inlinable func spend() -> Bool { isHeld.exchange(false, ordering: .acquiringAndReleasing) }
  }

  /// Holds space for one element, after waiting for it if need be.
  ///
  /// The element takes its place in the order when it is sent, not now. A task that holds a
  /// reservation must not wait for one of the same queue: it could wait for itself.
  ///
  /// - Parameter byteCount: the most the element will cost, 0 or more; one that is dearer than
  ///   `limits.maxBytes` waits until the queue is empty.
  /// - Throws: as `send(_:byteCount:)`; then nothing is held.
  @inlinable public nonisolated(nonsending) func reserve(byteCount: Int) async throws -> Reservation
  {
    precondition(byteCount >= 0, "a reservation is not negative")
    let ticket: Machine.Ticket
    switch machine.withLock({ $0.reserve(byteCount: byteCount) }) {
    case .reserved: return Reservation(self, byteCount: byteCount)
    case .refused(let refusal): throw error(for: refusal)
    case .full(let given): ticket = given
    }
    try await waitAsProducer(ticket) { producer in
      let action = self.machine.withLock { machine -> Machine.ReserveAction? in
        if Task.isCancelled { return nil }
        return machine.reserveOrWait(byteCount: byteCount, as: producer, ticket: ticket)
      }
      switch action {
      case nil: producer.resume(returning: .cancelled)
      case .reserved: producer.resume(returning: .admitted)
      case .refused(let refusal): producer.resume(returning: .refused(refusal))
      case .full: break
      }
    }
    return Reservation(self, byteCount: byteCount)
  }

  /// Puts an element into the space that was held for it; never waits.
  ///
  /// The reservation is used up, and what the element does not need of it is given back. Using one
  /// twice, or one of another queue, is a bug of the caller.
  ///
  /// - Parameter byteCount: the element's price, 0 or more; nil means all that was reserved.
  /// - Throws: `QueueError` when the queue is closed or has failed, and `reservationExceeded` when
  ///   the element is dearer than what was reserved; only then the reservation stays held.
  @inlinable public func send(
    _ element: Element, byteCount: Int? = nil, using reservation: Reservation
  ) throws {
    precondition(reservation.queue === self, "the reservation is of another queue")
    let byteCount = byteCount ?? reservation.byteCount
    precondition(byteCount >= 0, "an element's price is not negative")
    guard byteCount <= reservation.byteCount else {
      throw QueueError(
        .reservationExceeded, subject: name,
        hint: "reserve \(byteCount) bytes instead of \(reservation.byteCount)")
    }
    precondition(reservation.spend(), "the reservation was used or released before")
    let action = machine.withLock {
      $0.send(element, byteCount: byteCount, reservedBytes: reservation.byteCount)
    }
    switch action {
    case .enqueued(let wakeups): wake(wakeups)
    case .delivered(let consumer, let wakeups):
      consumer.resume(returning: .element(element))
      wake(wakeups)
    case .refused(let refusal): throw error(for: refusal)
    }
  }
}
