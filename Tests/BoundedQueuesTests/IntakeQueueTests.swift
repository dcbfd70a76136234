import BoundedQueues
import Testing

@Suite("the intake of a live source", .timeLimit(.minutes(10)))
struct IntakeQueueTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let policy: IntakePolicy
    let offers: [String]
    let left: [Int]
    let dropped: Int
    let refused: Int
    var testDescription: String { policy.rawValue }
  }

  static let cases = [
    Case(
      policy: .dropOldest, offers: ["accepted", "accepted", "lost 1", "lost 2"], left: [3, 4],
      dropped: 2, refused: 0),
    Case(
      policy: .dropNewest, offers: ["accepted", "accepted", "lost 3", "lost 4"], left: [1, 2],
      dropped: 2, refused: 0),
    Case(
      policy: .refuse, offers: ["accepted", "accepted", "refused", "refused"], left: [1, 2],
      dropped: 0, refused: 2),
  ]

  func describe(_ result: IntakeQueue<Int>.OfferResult) -> String {
    switch result {
    case .accepted: "accepted"
    case .dropped(let lost): "lost \(lost.map(String.init).joined(separator: " "))"
    case .refused: "refused"
    case .closed: "closed"
    }
  }

  func expectBalance(_ tally: IntakeTally, sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(
      tally.offered == tally.received + tally.dropped + tally.refused + tally.count,
      sourceLocation: sourceLocation)
  }

  @Test(arguments: cases)
  func `a full intake does what its policy says and counts it`(_ expected: Case) async throws {
    let intake = IntakeQueue<Int>(maxCount: 2, maxBytes: 100, whenFull: expected.policy)
    #expect((1...4).map { describe(intake.offer($0, byteCount: 1)) } == expected.offers)
    #expect(intake.tally.dropped == expected.dropped)
    #expect(intake.tally.refused == expected.refused)
    #expect(intake.tally.highWaterCount == 2)
    expectBalance(intake.tally)
    intake.close()
    var left: [Int] = []
    while let element = try await intake.receive() { left.append(element) }
    #expect(left == expected.left)
    expectBalance(intake.tally)
  }

  @Test(arguments: IntakePolicy.allCases)
  func `bytes are bounded too, and one dearer than all goes in alone`(policy: IntakePolicy) {
    let intake = IntakeQueue<Int>(maxCount: 10, maxBytes: 100, whenFull: policy)
    #expect(describe(intake.offer(1, byteCount: 60)) == "accepted")
    #expect(describe(intake.offer(2, byteCount: 40)) == "accepted")
    let expected: (answer: String, bytes: Int) =
      switch policy {
      case .dropOldest: ("lost 1 2", 500)
      case .dropNewest: ("lost 3", 100)
      case .refuse: ("refused", 100)
      }
    #expect(describe(intake.offer(3, byteCount: 500)) == expected.answer)
    #expect(intake.tally.byteCount == expected.bytes)
    expectBalance(intake.tally)
  }

  @Test(arguments: IntakePolicy.allCases)
  func `an element goes to the consumer that waits longest`(policy: IntakePolicy) async throws {
    let intake = IntakeQueue<Int>(maxCount: 1, maxBytes: 100, whenFull: policy)
    async let first = intake.receive()
    while intake.tally.waitingConsumers < 1 { await Task.yield() }
    async let second = intake.receive()
    while intake.tally.waitingConsumers < 2 { await Task.yield() }
    #expect(
      (1...3).map { describe(intake.offer($0, byteCount: 1)) } == [
        "accepted", "accepted", "accepted",
      ])
    #expect(try await first == 1)
    #expect(try await second == 2)
    #expect(intake.tally.count == 1)
    expectBalance(intake.tally)
  }

  @Test func `a closed intake takes nothing and ends the wait of consumers`() async throws {
    let intake = IntakeQueue<Int>(maxCount: 1, maxBytes: 100, whenFull: .dropOldest)
    async let waiting = intake.receive()
    while intake.tally.waitingConsumers < 1 { await Task.yield() }
    intake.close()
    #expect(try await waiting == nil)
    #expect(describe(intake.offer(1, byteCount: 1)) == "closed")
    expectBalance(intake.tally)
  }

  @Test func `a cancelled consumer takes nothing`() async throws {
    let intake = IntakeQueue<Int>(maxCount: 1, maxBytes: 100, whenFull: .refuse)
    let waiting = Task { try await intake.receive() }
    while intake.tally.waitingConsumers < 1 { await Task.yield() }
    waiting.cancel()
    await #expect(throws: CancellationError.self) { try await waiting.value }
    #expect(describe(intake.offer(1, byteCount: 1)) == "accepted")
    #expect(try await intake.receive() == 1)
  }

  @Test(arguments: IntakePolicy.allCases)
  func `under load every element is received, handed back or refused`(
    policy: IntakePolicy
  ) async throws {
    let intake = IntakeQueue<Int>(maxCount: 4, maxBytes: 100, whenFull: policy)
    let all = try await withThrowingTaskGroup(of: [Int].self) { group in
      for _ in 0..<3 {
        group.addTask {
          var elements: [Int] = []
          while let element = try await intake.receive() { elements.append(element) }
          return elements
        }
      }
      let handedBack = await withTaskGroup(of: [Int].self) { sources in
        for source in 0..<3 {
          sources.addTask { Self.offer(source * 2_000..<(source + 1) * 2_000, to: intake) }
        }
        return await sources.reduce(into: []) { $0 += $1 }
      }
      intake.close()
      return try await group.reduce(into: handedBack) { $0 += $1 }
    }
    #expect(all.sorted() == Array(0..<6_000))
    #expect(intake.tally.highWaterCount <= 4)
    expectBalance(intake.tally)
  }

  /// Offers all and gives what came back.
  static func offer(_ elements: Range<Int>, to intake: IntakeQueue<Int>) -> [Int] {
    elements.flatMap { element -> [Int] in
      switch intake.offer(element, byteCount: 1) {
      case .accepted: []
      case .dropped(let lost): lost
      case .refused, .closed: [element]
      }
    }
  }
}
