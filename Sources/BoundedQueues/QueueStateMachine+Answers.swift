/// What the state machine answers; whoever holds it acts on that outside its lock.
extension QueueStateMachine {
  /// Why producers are refused.
  @usableFromInline package enum Refusal: Sendable {
    case closed
    case failed
  }

  /// Whom to wake after space became free, in this order.
  @usableFromInline package struct Wakeups: Sendable {
    /// Producers whose element was taken or whose reservation was made.
    @usableFromInline package var producers: [Producer] = []
    /// Elements that pass straight from a waiting producer to a waiting consumer.
    @usableFromInline package var deliveries: [(consumer: Consumer, element: Element)] = []

    @inlinable package init() {}
  }

  /// What became of an element that was sent.
  @usableFromInline package enum SendAction: Sendable {
    /// It is in the queue.
    case enqueued
    /// It goes to this consumer.
    case delivered(Consumer)
    /// There is no space; a wait for it goes by this ticket.
    case full(Ticket)
    /// Nothing is taken any more.
    case refused(Refusal)
  }

  /// What became of a reservation.
  @usableFromInline package enum ReserveAction: Sendable {
    /// The space is held.
    case reserved
    /// There is no space; a wait for it goes by this ticket.
    case full(Ticket)
    /// Nothing is taken any more.
    case refused(Refusal)
  }

  /// What became of an element that was sent into a reservation.
  @usableFromInline package enum UseAction: Sendable {
    /// It is in the queue.
    case enqueued(Wakeups)
    /// It goes to this consumer.
    case delivered(Consumer, Wakeups)
    /// Nothing is taken any more; the reservation is gone.
    case refused(Refusal)
  }

  /// What a consumer gets.
  @usableFromInline package enum ReceiveAction: Sendable {
    /// The oldest element; the wake-ups follow from the space it left.
    case element(Element, Wakeups)
    /// There is none; a wait for one goes by this ticket.
    case empty(Ticket)
    /// There is none and none will come.
    case finished
    /// The queue has failed.
    case failed(any Error)
  }

  /// Whom to turn away when the queue ends, and what to release outside the lock.
  package struct EndAction: Sendable {
    package var producers: [WaitingProducer] = []
    package var consumers: [Consumer] = []
    package var dropped: [Element] = []
  }
}
