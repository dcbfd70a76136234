/// What a queue held at one instant, and what it has seen since it was made.
public struct QueueOccupancy: Hashable, Sendable {
  /// Elements in the queue.
  public let count: Int
  /// Bytes of the elements in the queue, as their producers stated them.
  public let bytes: Int
  /// Reservations that are neither used nor released yet.
  public let reservedCount: Int
  /// Bytes held by those reservations.
  public let reservedBytes: Int
  /// Producers that wait for space now.
  public let waitingProducers: Int
  /// Consumers that wait for an element now.
  public let waitingConsumers: Int
  /// The most elements and reservations held at once; never above the limit.
  public let highWaterCount: Int
  /// The most bytes held at once by elements and reservations; above the limit only when one
  /// element was dearer than the limit.
  public let highWaterBytes: Int
  /// How often a send or a reservation had to wait for space.
  public let producerWaits: Int
  /// How often a receive had to wait for an element.
  public let consumerWaits: Int
  /// Elements taken from producers so far; equals `received + dropped + count`.
  public let sent: Int
  /// Elements given to consumers so far.
  public let received: Int
  /// Elements thrown away because the queue failed.
  public let dropped: Int

  init(_ tally: QueueTally, count: Int, waitingProducers: Int, waitingConsumers: Int) {
    self.count = count
    bytes = tally.bytes
    reservedCount = tally.reservedCount
    reservedBytes = tally.reservedBytes
    self.waitingProducers = waitingProducers
    self.waitingConsumers = waitingConsumers
    highWaterCount = tally.highWaterCount
    highWaterBytes = tally.highWaterBytes
    producerWaits = tally.producerWaits
    consumerWaits = tally.consumerWaits
    sent = tally.sent
    received = tally.received
    dropped = tally.dropped
  }
}

/// What a queue counts while it runs; the names are those of `QueueOccupancy`.
@usableFromInline
struct QueueTally: Sendable {
  @usableFromInline var bytes = 0
  @usableFromInline var reservedCount = 0
  @usableFromInline var reservedBytes = 0
  @usableFromInline var highWaterCount = 0
  @usableFromInline var highWaterBytes = 0
  @usableFromInline var producerWaits = 0
  @usableFromInline var consumerWaits = 0
  @usableFromInline var sent = 0
  @usableFromInline var received = 0
  @usableFromInline var dropped = 0

  @inlinable init() {}
}
