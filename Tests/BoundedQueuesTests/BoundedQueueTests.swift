import BoundedQueues
import Testing

@Suite("a bounded queue between tasks", .timeLimit(.minutes(10)))
struct BoundedQueueTests {
  struct Broken: Error, Equatable {}

  func queue(count: Int = 1, bytes: Int = 100) -> BoundedQueue<Int> {
    BoundedQueue(name: "a -> b", limits: QueueLimits(maxCount: count, maxBytes: bytes))
  }

  @Test func `a producer waits for space and then goes on`() async throws {
    let queue = queue()
    try await queue.send(1, byteCount: 1)
    async let second: Void = queue.send(2, byteCount: 1)
    await queue.wait { $0.waitingProducers == 1 }
    #expect(queue.trySend(3, byteCount: 1) == .full)
    #expect(try await queue.receive() == 1)
    try await second
    #expect(try await queue.receive() == 2)
    #expect(queue.occupancy.producerWaits == 1)
  }

  @Test func `a consumer waits for an element and gets it`() async throws {
    let queue = queue()
    async let first = queue.receive()
    await queue.wait { $0.waitingConsumers == 1 }
    #expect(queue.trySend(1, byteCount: 1) == .sent)
    #expect(try await first == 1)
    #expect(queue.occupancy.consumerWaits == 1)
  }

  @Test func `a batch waits for the first element only`() async throws {
    let queue = queue(count: 8)
    async let first = queue.receiveBatch(max: 4)
    await queue.wait { $0.waitingConsumers == 1 }
    try await queue.send(1, byteCount: 1)
    #expect(try await first?.first == 1)
    for element in 2...7 { try await queue.send(element, byteCount: 1) }
    var rest: [Int] = []
    queue.close()
    while let batch = try await queue.receiveBatch(max: 4) {
      #expect(batch.count <= 4)
      rest += batch
    }
    #expect(rest.suffix(5) == [3, 4, 5, 6, 7])
  }

  @Test func `closing refuses producers at once and lets consumers drain`() async throws {
    let queue = queue()
    try await queue.send(1, byteCount: 1)
    let waiting = Task { try await queue.send(2, byteCount: 1) }
    let reserving = Task { _ = try await queue.reserve(byteCount: 1) }
    await queue.wait { $0.waitingProducers == 2 }
    queue.close()
    await #expect(throws: QueueError.self) { try await waiting.value }
    await #expect(throws: QueueError.self) { try await reserving.value }
    await #expect { try await queue.send(3, byteCount: 1) } throws: {
      ($0 as? QueueError)?.code == .closed && "\($0)".contains("a -> b")
    }
    #expect(queue.trySend(3, byteCount: 1) == .refused)
    #expect(try await queue.receive() == 1)
    #expect(try await queue.receive() == nil)
    #expect(try await queue.receiveBatch(max: 2) == nil)
  }

  @Test func `closing ends the wait of consumers`() async throws {
    let queue = queue()
    async let one = queue.receive()
    async let other = queue.receiveBatch(max: 3)
    await queue.wait { $0.waitingConsumers == 2 }
    queue.close()
    #expect(try await one == nil)
    #expect(try await other == nil)
  }

  @Test func `failing drops what is left and throws to consumers`() async throws {
    let queue = queue()
    try await queue.send(1, byteCount: 1)
    let waiting = Task { try await queue.send(2, byteCount: 1) }
    await queue.wait { $0.waitingProducers == 1 }
    queue.fail(Broken())
    await #expect { try await waiting.value } throws: { ($0 as? QueueError)?.code == .failed }
    await #expect(throws: Broken()) { try await queue.receive() }
    await #expect(throws: Broken()) { try await queue.receiveBatch(max: 2) }
    #expect(queue.occupancy.dropped == 1)
  }

  @Test func `failing reaches a consumer that waits`() async throws {
    let queue = queue()
    let waiting = Task { try await queue.receive() }
    await queue.wait { $0.waitingConsumers == 1 }
    queue.fail(Broken())
    await #expect(throws: Broken()) { try await waiting.value }
  }

  @Test func `a cancelled send leaves nothing behind`() async throws {
    let queue = queue()
    try await queue.send(1, byteCount: 1)
    let waiting = Task { try await queue.send(2, byteCount: 1) }
    await queue.wait { $0.waitingProducers == 1 }
    waiting.cancel()
    await #expect(throws: CancellationError.self) { try await waiting.value }
    #expect(try await queue.receive() == 1)
    #expect(queue.occupancy.count == 0)
  }

  @Test func `a cancelled receive takes nothing`() async throws {
    let queue = queue()
    let waiting = Task { try await queue.receive() }
    await queue.wait { $0.waitingConsumers == 1 }
    waiting.cancel()
    await #expect(throws: CancellationError.self) { try await waiting.value }
    try await queue.send(1, byteCount: 1)
    #expect(try await queue.receive() == 1)
  }

  @Test func `a task that was cancelled before is turned away only where it would wait`()
    async throws
  {
    let queue = queue()
    let outcome = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      try await queue.send(1, byteCount: 1)
      await #expect(throws: CancellationError.self) { try await queue.send(2, byteCount: 1) }
      await #expect(throws: CancellationError.self) { _ = try await queue.reserve(byteCount: 1) }
      #expect(try await queue.receive() == 1)
      await #expect(throws: CancellationError.self) { try await queue.receive() }
    }
    try await outcome.value
    #expect(queue.occupancy.waitingProducers == 0 && queue.occupancy.waitingConsumers == 0)
  }

  @Test func `elements are released outside the lock`() async throws {
    final class Inquisitive: Sendable {
      let queue: BoundedQueue<Inquisitive>
      init(_ queue: BoundedQueue<Inquisitive>) { self.queue = queue }
      deinit { _ = queue.occupancy }  // Would wait for itself under the lock.
    }
    let queue = BoundedQueue<Inquisitive>(
      name: "q", limits: QueueLimits(maxCount: 1, maxBytes: 1))
    try await queue.send(Inquisitive(queue), byteCount: 1)
    let cancelled = Task { try await queue.send(Inquisitive(queue), byteCount: 1) }
    await queue.wait { $0.waitingProducers == 1 }
    cancelled.cancel()
    await #expect(throws: CancellationError.self) { try await cancelled.value }
    let refused = Task { try await queue.send(Inquisitive(queue), byteCount: 1) }
    await queue.wait { $0.waitingProducers == 1 }
    queue.fail(Broken())
    await #expect(throws: QueueError.self) { try await refused.value }
    #expect(queue.occupancy.dropped == 1)
  }
}

@Suite("a reservation", .timeLimit(.minutes(10)))
struct ReservationTests {
  func queue(count: Int = 4, bytes: Int = 10) -> BoundedQueue<Int> {
    BoundedQueue(name: "a -> b", limits: QueueLimits(maxCount: count, maxBytes: bytes))
  }

  @Test func `holds space that its element then takes`() async throws {
    let queue = queue()
    let reservation = try await queue.reserve(byteCount: 8)
    #expect(queue.occupancy.reservedBytes == 8 && queue.occupancy.count == 0)
    #expect(queue.trySend(1, byteCount: 3) == .full)
    try queue.send(2, byteCount: 5, using: reservation)
    #expect(queue.occupancy.reservedBytes == 0 && queue.occupancy.bytes == 5)
    #expect(queue.trySend(1, byteCount: 3) == .sent)
    #expect(try await queue.receiveBatch(max: 9) == [2, 1])
    #expect(queue.occupancy.highWaterBytes == 8)
  }

  @Test func `is released when its last reference goes, also by an error`() async throws {
    struct NoElement: Error {}
    let queue = queue()
    func produce() async throws {
      let reservation = try await queue.reserve(byteCount: 10)
      if reservation.byteCount == 10 { throw NoElement() }
      try queue.send(1, using: reservation)
    }
    await #expect(throws: NoElement.self) { try await produce() }
    #expect(queue.occupancy.reservedCount == 0)
    #expect(queue.trySend(1, byteCount: 10) == .sent)
  }

  @Test func `lets the next one in when it is released`() async throws {
    let queue = queue()
    let first = try await queue.reserve(byteCount: 10)
    async let second = queue.reserve(byteCount: 4)
    await queue.wait { $0.waitingProducers == 1 }
    first.release()
    first.release()
    let held = try await second
    #expect(queue.occupancy.reservedBytes == 4)
    held.release()
    #expect(queue.occupancy.reservedCount == 0)
  }

  @Test func `refuses an element that is dearer and stays held`() async throws {
    let queue = queue()
    let reservation = try await queue.reserve(byteCount: 4)
    #expect { try queue.send(1, byteCount: 5, using: reservation) } throws: {
      ($0 as? QueueError)?.code == .reservationExceeded
    }
    #expect(queue.occupancy.reservedBytes == 4)
    try queue.send(1, byteCount: 4, using: reservation)
    #expect(queue.occupancy.count == 1)
  }

  @Test func `is refused by a queue that was closed meanwhile`() async throws {
    let queue = queue()
    let reservation = try await queue.reserve(byteCount: 4)
    queue.close()
    #expect(throws: QueueError.self) { try queue.send(1, using: reservation) }
    #expect(queue.occupancy.reservedCount == 0)
    #expect(try await queue.receive() == nil)
  }

  @Test func `that is cancelled while it waits holds nothing`() async throws {
    let queue = queue()
    let first = try await queue.reserve(byteCount: 10)
    let waiting = Task { try await queue.reserve(byteCount: 4).byteCount }
    await queue.wait { $0.waitingProducers == 1 }
    waiting.cancel()
    await #expect(throws: CancellationError.self) { try await waiting.value }
    first.release()
    #expect(queue.occupancy.reservedCount == 0)
  }

  @Test func `used twice stops the program`() async {
    await #expect(processExitsWith: .failure) {
      let queue = BoundedQueue<Int>(
        name: "q", limits: QueueLimits(maxCount: 4, maxBytes: 10))
      let reservation = try await queue.reserve(byteCount: 4)
      try queue.send(1, using: reservation)
      try queue.send(2, using: reservation)
    }
  }
}

extension BoundedQueue {
  /// Lets other tasks run until the queue is as described; the suite's time limit ends it.
  func wait(until condition: (QueueOccupancy) -> Bool) async {
    while !condition(occupancy) { await Task.yield() }
  }
}
