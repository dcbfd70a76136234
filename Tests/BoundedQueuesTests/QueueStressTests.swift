import BoundedQueues
import Synchronization
import Testing

@Suite("a bounded queue under load", .timeLimit(.minutes(10)))
struct QueueStressTests {
  struct Numbered: Hashable, Sendable {
    let producer: Int
    let number: Int
    var byteCount: Int { (producer + number) % 7 }
  }

  static let limits = [
    QueueLimits(maxCount: 1, maxBytes: 1), QueueLimits(maxCount: 3, maxBytes: 8),
    QueueLimits(maxCount: 64, maxBytes: 10_000),
  ]

  @Test(arguments: limits)
  func `four producers and four consumers pass every element once and in order`(
    limits: QueueLimits
  ) async throws {
    let queue = BoundedQueue<Numbered>(name: "stress", limits: limits)
    let perProducer = 5_000
    let received = try await withThrowingTaskGroup(of: [Numbered].self) { group in
      for consumer in 0..<4 {
        group.addTask { try await Self.consume(queue, inBatches: consumer.isMultiple(of: 2)) }
      }
      try await withThrowingTaskGroup(of: Void.self) { producers in
        for producer in 0..<4 {
          producers.addTask { try await Self.produce(queue, as: producer, perProducer) }
        }
        try await producers.waitForAll()
      }
      queue.close()
      return try await group.reduce(into: [[Numbered]]()) { $0.append($1) }
    }
    for elements in received {
      for producer in 0..<4 {
        let numbers = elements.filter { $0.producer == producer }.map(\.number)
        #expect(zip(numbers, numbers.dropFirst()).allSatisfy(<), "order of producer \(producer)")
      }
    }
    let all = received.flatMap(\.self)
    #expect(all.count == 4 * perProducer)
    #expect(Set(all).count == 4 * perProducer)
    let end = queue.occupancy
    #expect(end.highWaterCount <= limits.maxCount)
    #expect(end.highWaterBytes <= max(limits.maxBytes, 6 + 6))
    #expect(end.count == 0 && end.bytes == 0 && end.reservedCount == 0 && end.reservedBytes == 0)
    #expect(end.sent == all.count && end.received == all.count)
  }

  /// Sends by every way there is.
  static func produce(_ queue: BoundedQueue<Numbered>, as producer: Int, _ count: Int) async throws
  {
    for number in 0..<count {
      let element = Numbered(producer: producer, number: number)
      switch number % 4 {
      case 0:
        let reservation = try await queue.reserve(byteCount: 6)
        try queue.send(element, byteCount: element.byteCount, using: reservation)
      case 1:
        _ = try await queue.reserve(byteCount: element.byteCount)
        try await queue.send(element, byteCount: element.byteCount)
      case 2:
        while queue.trySend(element, byteCount: element.byteCount) != .sent { await Task.yield() }
      default: try await queue.send(element, byteCount: element.byteCount)
      }
    }
  }

  static func consume(
    _ queue: BoundedQueue<Numbered>, inBatches: Bool
  ) async throws -> [Numbered] {
    var elements: [Numbered] = []
    if inBatches {
      while let batch = try await queue.receiveBatch(max: 5) { elements += batch }
    } else {
      while let element = try await queue.receive() { elements.append(element) }
    }
    return elements
  }

  /// What the tasks of one test saw, written by all of them.
  final class Books: Sendable {
    private let entries = Mutex<(sent: [Int], received: [Int])>(([], []))
    var sent: [Int] { entries.withLock { $0.sent } }
    var received: [Int] { entries.withLock { $0.received } }
    func noteSent(_ element: Int) { entries.withLock { $0.sent.append(element) } }
    func noteReceived(_ element: Int) { entries.withLock { $0.received.append(element) } }
  }

  @Test(arguments: 1...20)
  func `cancelling at any instant loses and doubles nothing`(seed: UInt64) async throws {
    var random = SeededGenerator(seed: seed)
    let queue = BoundedQueue<Int>(
      name: "cancel",
      limits: QueueLimits(maxCount: .random(in: 1...3, using: &random), maxBytes: 6))
    let books = Books()
    await withTaskGroup(of: Void.self) { group in
      for first in stride(from: 0, to: 600, by: 3) {
        let patience = (0..<3).map { _ in Int.random(in: 0...12, using: &random) }
        group.addTask {
          await Self.run(forYields: patience[0]) {
            for element in first..<first + 3 {
              try await queue.send(element, byteCount: element % 4)
              books.noteSent(element)
            }
          }
        }
        group.addTask {
          await Self.run(forYields: patience[1]) {
            let reservation = try await queue.reserve(byteCount: 3)
            await Task.yield()
            try queue.send(10_000 + first, byteCount: 2, using: reservation)
            books.noteSent(10_000 + first)
          }
        }
        group.addTask {
          await Self.run(forYields: patience[2]) {
            while let element = try await queue.receive() { books.noteReceived(element) }
          }
        }
      }
    }
    queue.close()
    while let element = try await queue.receive() { books.noteReceived(element) }
    #expect(books.received.sorted() == books.sent.sorted())
    let end = queue.occupancy
    #expect(end.reservedCount == 0 && end.waitingProducers == 0 && end.waitingConsumers == 0)
    #expect(end.highWaterCount <= queue.limits.maxCount && end.highWaterBytes <= 6)
  }

  /// Runs `body` in a task of its own and cancels it after so many turns of the scheduler.
  static func run(
    forYields patience: Int, _ body: @escaping @Sendable () async throws -> Void
  ) async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask {
        do { try await body() } catch { #expect(error is CancellationError) }
      }
      for _ in 0..<patience { await Task.yield() }
      group.cancelAll()
    }
  }
}
