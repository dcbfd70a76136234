import BoundedQueues

/// A history of a queue on paper: one event a line, a bar, what the queue must answer.
///
///     p1 send a 4     | in
///     p2 send b 4     | waits
///     c1 receive      | a, p2 goes on
///
/// Parties are named freely; elements are words. Events: `P send ELEMENT BYTES` (waits if need be),
/// `P try ELEMENT BYTES`, `P reserve BYTES`, `P use BYTES of RESERVED for ELEMENT`,
/// `P release BYTES`, `C receive`, `C take MAX`, `X withdraws`, `- close`, `- fail REASON`.
/// Answers: `in`, `held`, `waits`, `full`, `refused`, `withdrawn`, `gone`, an element, `end`, and,
/// after a comma, who is woken: `P goes on`, `C gets ELEMENT`, `P turned away`, `C told`,
/// `ELEMENT dropped`.
struct QueueDiagram {
  typealias Machine = QueueStateMachine<String, String, String>

  struct Failure: Error { let reason: String }

  private(set) var machine: Machine
  private let limits: QueueLimits
  private var tickets: [String: Machine.Ticket] = [:]

  /// Plays the left side of `script` and gives the script back with the answers that came.
  static func play(_ script: String, count: Int, bytes: Int) throws -> String {
    var diagram = QueueDiagram(limits: QueueLimits(maxCount: count, maxBytes: bytes))
    var played: [String] = []
    for line in script.split(separator: "\n") {
      let event = String(line.prefix { $0 != "|" })
      let words = event.split(separator: " ").map(String.init)
      played.append("\(event)| \(try diagram.play(words))")
      try diagram.checkBounds()
    }
    return played.joined(separator: "\n")
  }

  init(limits: QueueLimits) {
    self.limits = limits
    machine = Machine(limits: limits)
  }

  private mutating func play(_ words: [String]) throws -> String {
    guard words.count >= 2 else { throw Failure(reason: "unreadable: \(words)") }
    let party = words[0]
    let numbers = words.compactMap { Int($0) }
    switch (words[1], words.count) {
    case ("send", 4): return send(words[2], numbers[0], by: party)
    case ("try", 4): return answer(to: machine.send(words[2], byteCount: numbers[0]), words[2])
    case ("reserve", 3): return reserve(numbers[0], by: party)
    case ("use", 7): return use(words[6], numbers[0], of: numbers[1])
    case ("release", 3): return list([], machine.release(reservedBytes: numbers[0]))
    case ("receive", 2): return receive(by: party)
    case ("take", 3):
      let (taken, wakeups) = machine.takeAvailable(max: numbers[0])
      return list([taken.joined(separator: " ")], wakeups)
    case ("withdraws", 2): return withdraw(party)
    case ("close", 2): return list(machine.close())
    case ("fail", 3): return list(machine.fail(Failure(reason: words[2])))
    default: throw Failure(reason: "unreadable: \(words)")
    }
  }

  /// The bounds hold after every event, and no element is uncounted.
  private func checkBounds() throws {
    let now = machine.occupancy
    let held = now.count + now.reservedCount
    let bytes = now.bytes + now.reservedBytes
    guard held <= limits.maxCount, bytes <= limits.maxBytes || held == 1 else {
      throw Failure(reason: "over the bounds: \(now)")
    }
    guard now.sent == now.received + now.dropped + now.count else {
      throw Failure(reason: "sums differ: \(now)")
    }
    guard now.waitingConsumers == 0 || now.count == 0 else {
      throw Failure(reason: "a consumer waits beside an element: \(now)")
    }
  }
}

extension QueueDiagram {
  private mutating func send(_ element: String, _ bytes: Int, by party: String) -> String {
    let first = machine.send(element, byteCount: bytes)
    guard case .full(let ticket) = first else { return answer(to: first, element) }
    tickets[party] = ticket
    let second = machine.sendOrWait(element, byteCount: bytes, as: party, ticket: ticket)
    guard case .full = second else { return answer(to: second, element) }
    return "waits"
  }

  private func answer(to action: Machine.SendAction, _ element: String) -> String {
    switch action {
    case .enqueued: "in"
    case .delivered(let consumer): "in, \(consumer) gets \(element)"
    case .full: "full"
    case .refused: "refused"
    }
  }

  private mutating func reserve(_ bytes: Int, by party: String) -> String {
    switch machine.reserve(byteCount: bytes) {
    case .reserved: return "held"
    case .refused: return "refused"
    case .full(let ticket):
      tickets[party] = ticket
      _ = machine.reserveOrWait(byteCount: bytes, as: party, ticket: ticket)
      return "waits"
    }
  }

  private mutating func use(_ element: String, _ bytes: Int, of reserved: Int) -> String {
    switch machine.send(element, byteCount: bytes, reservedBytes: reserved) {
    case .enqueued(let wakeups): list(["in"], wakeups)
    case .delivered(let consumer, let wakeups):
      list(["in", "\(consumer) gets \(element)"], wakeups)
    case .refused: "refused"
    }
  }

  private mutating func receive(by party: String) -> String {
    switch machine.receive() {
    case .element(let element, let wakeups): return list([element], wakeups)
    case .finished: return "end"
    case .failed(let error): return (error as? Failure)?.reason ?? "?"
    case .empty(let ticket):
      tickets[party] = ticket
      _ = machine.receiveOrWait(as: party, ticket: ticket)
      return "waits"
    }
  }

  private mutating func withdraw(_ party: String) -> String {
    guard let ticket = tickets[party] else { return "gone" }
    if let (waiting, wakeups) = machine.cancelProducer(ticket) {
      return list(waiting.producer == party ? ["withdrawn"] : ["\(waiting.producer)?"], wakeups)
    }
    return machine.cancelConsumer(ticket) == nil ? "gone" : "withdrawn"
  }

  private func list(_ own: [String], _ wakeups: Machine.Wakeups) -> String {
    let deliveries = wakeups.deliveries.map { "\($0.consumer) gets \($0.element)" }
    let answers = own + deliveries + wakeups.producers.map { "\($0) goes on" }
    return answers.isEmpty ? "-" : answers.joined(separator: ", ")
  }

  private func list(_ action: Machine.EndAction) -> String {
    let answers =
      action.producers.map { "\($0.producer) turned away" }
      + action.consumers.map { "\($0) told" } + action.dropped.map { "\($0) dropped" }
    return answers.isEmpty ? "-" : answers.joined(separator: ", ")
  }
}
