import BoundedQueues
import Testing

@Suite("random histories of a bounded queue")
struct QueueHistoryTests {
  typealias Machine = QueueStateMachine<Int, Int, Int>

  /// Plays one history of random events and keeps the books that the queue should keep.
  private struct Books {
    var machine: Machine
    let limits: QueueLimits
    var random: SeededGenerator
    /// Who waits with which element (nil for a reservation), by party.
    var waitingProducers: [Int: (element: Int?, ticket: Machine.Ticket, bytes: Int)] = [:]
    var waitingConsumers: [Int: Machine.Ticket] = [:]
    var reservations: [Int] = []
    /// Elements in the order in which the queue took them.
    var taken: [Int] = []
    var received: [Int] = []
    var nextParty = 0

    mutating func wake(_ wakeups: Machine.Wakeups) throws {
      for producer in wakeups.producers {
        let found = waitingProducers.removeValue(forKey: producer)
        let waiting = try #require(found, "woken twice or never waited")
        if let element = waiting.element {
          taken.append(element)
        } else {
          reservations.append(waiting.bytes)
        }
      }
      for delivery in wakeups.deliveries {
        try deliver(delivery.element, to: delivery.consumer)
      }
    }

    mutating func deliver(_ element: Int, to consumer: Int) throws {
      let found = waitingConsumers.removeValue(forKey: consumer)
      try #require(found != nil, "woken twice or never waited")
      received.append(element)
    }

    mutating func send() throws {
      nextParty += 1
      let (party, bytes) = (nextParty, Int.random(in: 0...14, using: &random))
      switch machine.send(party, byteCount: bytes) {
      case .enqueued: taken.append(party)
      case .delivered(let consumer):
        taken.append(party)
        try deliver(party, to: consumer)
      case .full(let ticket):
        waitingProducers[party] = (party, ticket, bytes)
        _ = machine.sendOrWait(party, byteCount: bytes, as: party, ticket: ticket)
      case .refused: Issue.record("an open queue refused")
      }
    }

    mutating func reserve() {
      nextParty += 1
      let (party, bytes) = (nextParty, Int.random(in: 0...14, using: &random))
      switch machine.reserve(byteCount: bytes) {
      case .reserved: reservations.append(bytes)
      case .full(let ticket):
        waitingProducers[party] = (nil, ticket, bytes)
        _ = machine.reserveOrWait(byteCount: bytes, as: party, ticket: ticket)
      case .refused: Issue.record("an open queue refused")
      }
    }

    mutating func endReservation(using isUsed: Bool) throws {
      guard let reserved = reservations.popLast() else { return }
      guard isUsed else { return try wake(machine.release(reservedBytes: reserved)) }
      nextParty += 1
      let bytes = Int.random(in: 0...reserved, using: &random)
      switch machine.send(nextParty, byteCount: bytes, reservedBytes: reserved) {
      case .enqueued(let wakeups):
        taken.append(nextParty)
        try wake(wakeups)
      case .delivered(let consumer, let wakeups):
        taken.append(nextParty)
        try deliver(nextParty, to: consumer)
        try wake(wakeups)
      case .refused: Issue.record("an open queue refused")
      }
    }

    mutating func receive() throws {
      nextParty += 1
      switch machine.receive() {
      case .element(let element, let wakeups):
        received.append(element)
        try wake(wakeups)
      case .empty(let ticket):
        waitingConsumers[nextParty] = ticket
        _ = machine.receiveOrWait(as: nextParty, ticket: ticket)
      case .finished, .failed: Issue.record("an open queue ended")
      }
    }

    mutating func withdraw() throws {
      if Bool.random(using: &random),
        let (party, ticket) = waitingConsumers.randomElement(using: &random)
      {
        let withdrawn = machine.cancelConsumer(ticket)
        try #require(withdrawn == party)
        waitingConsumers[party] = nil
      } else if let (party, waiting) = waitingProducers.randomElement(using: &random) {
        let answer = machine.cancelProducer(waiting.ticket)
        let (withdrawn, wakeups) = try #require(answer)
        try #require(withdrawn.producer == party)
        waitingProducers[party] = nil
        try wake(wakeups)
      }
    }

    func check() throws {
      let now = machine.occupancy
      let held = now.count + now.reservedCount
      try #require(held <= limits.maxCount)
      // Above the bound only by one dear party, which is then alone.
      try #require(now.bytes + now.reservedBytes <= max(limits.maxBytes, 14))
      try #require(now.reservedCount == reservations.count)
      try #require(now.reservedBytes == reservations.reduce(0, +))
      try #require(now.waitingProducers == waitingProducers.count)
      try #require(now.waitingConsumers == waitingConsumers.count)
      try #require(now.count == 0 || waitingConsumers.isEmpty, "a consumer waits beside an element")
      try #require(now.sent == taken.count && now.received == received.count)
      // The first in line can never go: else somebody forgot to wake it.
      if let first = waitingProducers.values.min(by: { $0.ticket < $1.ticket }) {
        let fits =
          held == 0
          || held < limits.maxCount
            && now.bytes + now.reservedBytes + first.bytes <= limits.maxBytes
        try #require(!fits, "the first in line could go on")
        try #require(first.element == nil || waitingConsumers.isEmpty)
      }
    }
  }

  @Test(arguments: 1...40)
  func `lose nothing, wake everyone once and keep the order`(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let limits = QueueLimits(
      maxCount: .random(in: 1...5, using: &random), maxBytes: .random(in: 1...30, using: &random))
    var books = Books(machine: Machine(limits: limits), limits: limits, random: random)
    for _ in 0..<2_000 {
      switch Int.random(in: 0..<10, using: &books.random) {
      case 0..<3: try books.send()
      case 3: books.reserve()
      case 4: try books.endReservation(using: Bool.random(using: &books.random))
      case 5..<9: try books.receive()
      default: try books.withdraw()
      }
      try books.check()
    }
    #expect(books.received == Array(books.taken.prefix(books.received.count)))
    #expect(books.received.count > 300)
  }
}

/// SplitMix64 (Steele, Lea, Flood 2014): the same history for the same seed.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
