import BoundedQueues
import Testing

/// Prints records per second beside an unbounded `AsyncStream` in the same run; fails on no time.
///
/// The figure to reach is 1 M small records/s through one queue of one process.
@Suite("how quick a bounded queue is", .serialized, .timeLimit(.minutes(10)))
struct QueueBenchmark {
  /// 32 bytes, and behind an existential, as a pipeline's records are.
  struct Small: Marked {
    var values: (Int, Int, Int, Int)
  }

  protocol Marked: Sendable {}

  struct Shape: Sendable, CustomTestStringConvertible {
    let producers: Int
    let consumers: Int
    var capacity = 1_024
    var batch = 1
    var reserving = false

    var testDescription: String {
      "\(producers) to \(consumers), \(capacity) records, \(batch == 1 ? "singly" : "by \(batch)")"
        + (reserving ? ", reserved before" : "")
    }
  }

  static let shapes = [
    Shape(producers: 1, consumers: 1), Shape(producers: 1, consumers: 1, capacity: 64),
    Shape(producers: 1, consumers: 1, batch: 64),
    Shape(producers: 1, consumers: 1, reserving: true), Shape(producers: 2, consumers: 2),
    Shape(producers: 4, consumers: 4), Shape(producers: 4, consumers: 4, batch: 64),
  ]

  @Test func `rates are printed`() async throws {
    let peer = try await fastest { try await Self.streamRate(records: 50_000) }
    print("queue benchmark: AsyncStream unbounded: \(Self.text(peer))")
    for shape in Self.shapes {
      let rate = try await fastest { try await Self.queueRate(shape, records: 200_000) }
      let ratio = (rate / peer * 10).rounded() / 10
      print("queue benchmark: \(shape.testDescription): \(Self.text(rate)), \(ratio) x AsyncStream")
    }
  }

  /// The best of three, since other work shares the machine.
  func fastest(_ measure: () async throws -> Double) async throws -> Double {
    var best = 0.0
    for _ in 0..<3 { best = max(best, try await measure()) }
    return best
  }

  static func text(_ rate: Double) -> String {
    "\((rate / 10_000).rounded() / 100) M records/s"
  }

  static func queueRate(_ shape: Shape, records: Int) async throws -> Double {
    let queue = BoundedQueue<any Marked>(
      name: "benchmark", limits: QueueLimits(maxCount: shape.capacity, maxBytes: 1 << 30))
    let start = ContinuousClock.now
    let received = try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 0..<shape.consumers {
        group.addTask { try await consume(queue, batch: shape.batch) }
      }
      try await withThrowingTaskGroup(of: Void.self) { producers in
        for _ in 0..<shape.producers {
          producers.addTask {
            try await produce(records / shape.producers, into: queue, reserving: shape.reserving)
          }
        }
        try await producers.waitForAll()
      }
      queue.close()
      return try await group.reduce(0, +)
    }
    #expect(received == records)
    return Double(records) / (ContinuousClock.now - start).seconds
  }

  static func produce(
    _ records: Int, into queue: BoundedQueue<any Marked>, reserving: Bool
  ) async throws {
    for number in 0..<records {
      let record = Small(values: (number, 0, 0, 0))
      if reserving {
        let reservation = try await queue.reserve(byteCount: 32)
        try queue.send(record, using: reservation)
      } else {
        try await queue.send(record, byteCount: 32)
      }
    }
  }

  static func consume(_ queue: BoundedQueue<any Marked>, batch: Int) async throws -> Int {
    var received = 0
    if batch == 1 {
      while try await queue.receive() != nil { received += 1 }
    } else {
      while let elements = try await queue.receiveBatch(max: batch) { received += elements.count }
    }
    return received
  }

  static func streamRate(records: Int) async throws -> Double {
    let (stream, continuation) = AsyncStream.makeStream(of: (any Marked).self)
    let start = ContinuousClock.now
    async let received = stream.reduce(0) { count, _ in count + 1 }
    for number in 0..<records { continuation.yield(Small(values: (number, 0, 0, 0))) }
    continuation.finish()
    #expect(await received == records)
    return Double(records) / (ContinuousClock.now - start).seconds
  }
}

extension Duration {
  fileprivate var seconds: Double {
    Double(components.seconds) + Double(components.attoseconds) * 1e-18
  }
}
