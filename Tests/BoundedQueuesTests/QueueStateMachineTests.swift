import Testing

@Suite("the rules of a bounded queue")
struct QueueStateMachineTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let count: Int
    let bytes: Int
    let script: String

    init(_ behaviour: String, count: Int = 10, bytes: Int = 100, _ script: String) {
      testDescription = behaviour
      self.count = count
      self.bytes = bytes
      self.script = script
    }
  }

  @Test(arguments: order + bounds + reservations + withdrawals + endings)
  func `a queue answers as drawn`(_ drawn: Case) throws {
    let played = try QueueDiagram.play(drawn.script, count: drawn.count, bytes: drawn.bytes)
    #expect(played == drawn.script)
  }

  static let order = [
    Case(
      "elements come out in the order in which they went in",
      """
      p1 send a 1     | in
      p2 send b 1     | in
      p1 send c 1     | in
      c1 receive      | a
      c2 receive      | b
      c1 receive      | c
      c1 receive      | waits
      """),
    Case(
      "waiting producers go on in the order in which they came", count: 1,
      """
      p1 send a 1     | in
      p2 send b 1     | waits
      p3 send c 1     | waits
      c1 receive      | a, p2 goes on
      c1 receive      | b, p3 goes on
      c1 receive      | c
      """),
    Case(
      "waiting consumers are served in the order in which they came",
      """
      c1 receive      | waits
      c2 receive      | waits
      p1 send a 1     | in, c1 gets a
      p1 send b 1     | in, c2 gets b
      """),
    Case(
      "a small element does not overtake a large one that waits", bytes: 10,
      """
      p1 send a 6     | in
      p2 send large 8 | waits
      p3 send small 1 | waits
      p4 try small 1  | full
      c1 receive      | a, p2 goes on, p3 goes on
      c1 receive      | large
      c1 receive      | small
      """),
    Case(
      "a batch takes at most what was asked for and lets as many in", count: 2,
      """
      p1 send a 1     | in
      p1 send b 1     | in
      p2 send c 1     | waits
      p3 send d 1     | waits
      c1 take 3       | a b c, p2 goes on, p3 goes on
      c1 take 3       | d
      c1 take 3       | 
      """),
  ]

  static let bounds = [
    Case(
      "the bound in count holds", count: 2,
      """
      p1 try a 1      | in
      p1 try b 1      | in
      p1 try c 1      | full
      c1 receive      | a
      p1 try c 1      | in
      """),
    Case(
      "the bound in bytes holds, and is met exactly", bytes: 10,
      """
      p1 try a 4      | in
      p1 try b 7      | full
      p1 try b 6      | in
      p1 try c 0      | in
      p1 try d 1      | full
      """),
    Case(
      "an element dearer than the bound goes alone into an empty queue", bytes: 10,
      """
      p1 try huge 99  | in
      p1 try b 0      | full
      c1 receive      | huge
      p1 try b 0      | in
      p1 try huge 99  | full
      c1 receive      | b
      p1 try huge 99  | in
      """),
    Case(
      "a dear element waits for the queue to empty and is not starved by small ones", bytes: 10,
      """
      p1 send a 5     | in
      p2 send huge 99 | waits
      p3 send b 5     | waits
      c1 receive      | a, p2 goes on
      c1 receive      | huge, p3 goes on
      """),
    Case(
      "the largest price that can be written does not overflow", bytes: 10,
      """
      p1 send a 1                    | in
      p2 send b 9223372036854775807  | waits
      c1 receive                     | a, p2 goes on
      p3 send c 1                    | waits
      c1 receive                     | b, p3 goes on
      """),
    Case(
      "an element for a waiting consumer takes no space", count: 1, bytes: 10,
      """
      c1 receive      | waits
      p1 send huge 99 | in, c1 gets huge
      p1 try a 10     | in
      """),
  ]

  static let reservations = [
    Case(
      "a reservation counts against both bounds before the element exists", count: 2, bytes: 10,
      """
      p1 reserve 6          | held
      p2 try a 5            | full
      p2 try a 4            | in
      p2 try b 0            | full
      p1 use 6 of 6 for r   | in
      c1 receive            | a
      c1 receive            | r
      """),
    Case(
      "what the element does not need goes to who waits", bytes: 10,
      """
      p1 reserve 9          | held
      p2 send a 5           | waits
      p1 use 2 of 9 for r   | in, p2 goes on
      c1 receive            | r
      c1 receive            | a
      """),
    Case(
      "a released reservation lets the next ones in", bytes: 10,
      """
      p1 reserve 10         | held
      p2 reserve 4          | waits
      p3 send a 6           | waits
      p1 release 10         | p2 goes on, p3 goes on
      p4 try b 1            | full
      """),
    Case(
      "a reservation dearer than the bound is held alone", bytes: 10,
      """
      p1 send a 1           | in
      p2 reserve 99         | waits
      c1 receive            | a, p2 goes on
      p3 try b 0            | full
      p2 use 99 of 99 for r | in
      p3 try b 0            | full
      c1 receive            | r
      p3 try b 0            | in
      """),
    Case(
      "an element goes to a waiting consumer although reservations fill the queue", bytes: 10,
      """
      p1 reserve 10         | held
      c1 receive            | waits
      p2 send a 5           | in, c1 gets a
      p3 send b 5           | waits
      c1 receive            | b, p3 goes on
      c1 receive            | waits
      p1 use 10 of 10 for r | in, c1 gets r
      """),
    Case(
      "nobody overtakes a reservation that waits", bytes: 10,
      """
      p1 reserve 6          | held
      p2 reserve 6          | waits
      c1 receive            | waits
      p3 send a 1           | waits
      p1 use 6 of 6 for r   | in, c1 gets r, p2 goes on, p3 goes on
      c1 receive            | a
      """),
  ]

  static let withdrawals = [
    Case(
      "a withdrawn element never arrives", count: 1,
      """
      p1 send a 1     | in
      p2 send b 1     | waits
      p3 send c 1     | waits
      p2 withdraws    | withdrawn
      c1 receive      | a, p3 goes on
      c1 receive      | c
      """),
    Case(
      "those behind a large one go on when it withdraws", bytes: 10,
      """
      p1 send a 5     | in
      p2 send large 9 | waits
      p3 send b 2     | waits
      p4 send c 3     | waits
      p2 withdraws    | withdrawn, p3 goes on, p4 goes on
      """),
    Case(
      "a waiting consumer is served when a reservation before the element withdraws", bytes: 10,
      """
      p1 reserve 6    | held
      p2 reserve 6    | waits
      c1 receive      | waits
      p3 send a 1     | waits
      p2 withdraws    | withdrawn, c1 gets a, p3 goes on
      """),
    Case(
      "a withdrawn consumer gets nothing",
      """
      c1 receive      | waits
      c2 receive      | waits
      c1 withdraws    | withdrawn
      p1 send a 1     | in, c2 gets a
      """),
    Case(
      "who was served cannot withdraw", count: 1,
      """
      p1 send a 1     | in
      p2 send b 1     | waits
      c1 receive      | a, p2 goes on
      p2 withdraws    | gone
      c1 receive      | b
      c2 receive      | waits
      p1 send c 1     | in, c2 gets c
      c2 withdraws    | gone
      """),
  ]

  static let endings = [
    Case(
      "a closed queue refuses producers and is drained", count: 2,
      """
      p1 send a 1     | in
      p1 send b 1     | in
      p2 send c 1     | waits
      p3 reserve 1    | waits
      - close         | p2 turned away, p3 turned away
      p1 send d 1     | refused
      p1 reserve 1    | refused
      c1 receive      | a
      c1 take 9       | b
      c1 receive      | end
      - close         | -
      """),
    Case(
      "closing tells the consumers that wait",
      """
      c1 receive      | waits
      c2 receive      | waits
      - close         | c1 told, c2 told
      c1 receive      | end
      """),
    Case(
      "a reservation of a closed queue is refused, and no consumer waits for it",
      """
      p1 reserve 1        | held
      p2 reserve 1        | held
      c1 receive          | waits
      - close             | c1 told
      p1 use 1 of 1 for r | refused
      p2 release 1        | -
      c1 receive          | end
      """),
    Case(
      "a failed queue drops what is in and tells everyone", count: 2,
      """
      p1 send a 1     | in
      p1 send b 1     | in
      p2 send c 1     | waits
      - fail broken   | p2 turned away, a dropped, b dropped
      p1 send d 1     | refused
      c1 receive      | broken
      c1 take 9       | 
      """),
    Case(
      "the first failure stays, closing a failed queue changes nothing",
      """
      c1 receive      | waits
      - fail first    | c1 told
      - fail second   | -
      - close         | -
      c1 receive      | first
      """),
    Case(
      "a closed queue that still holds elements can fail",
      """
      p1 send a 1     | in
      - close         | -
      - fail broken   | a dropped
      c1 receive      | broken
      """),
  ]
}
