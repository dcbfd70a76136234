import ClinicalRecords
import Dermatoscope
import StageKit
import StageTesting
import Synchronization
import Testing

@Suite("orders to a camera", .timeLimit(.minutes(5))) struct OrderTests {
  private static func assignment(_ region: String = "VX", code: String? = nil) -> CaptureAssignment
  {
    CaptureAssignment(
      subject: "01-001", visit: "BL", session: "D0", region: region, side: "unknown", placement: 1,
      field: 1, operatorCode: code)
  }

  /// Runs a commanded stage while `body` orders.
  private func ordering(
    _ intake: CaptureTests.Intake, trigger: CaptureTrigger = .command,
    _ body: (TestHost) async throws -> Void
  ) async throws {
    let host = TestHost()
    let settings = CaptureTests.assigned { settings in
      settings.subject = ""
      settings.trigger = trigger
      settings.operatorCode = "desk"
    }
    let stage = try await DermatoscopeCapture(settings: settings, context: host.context())
    let task = Task { try await stage.run(into: intake.output(most: .max)) }
    while !host.log.contains(where: { $0.message == "the camera is open" }) {
      try await Task.sleep(for: .milliseconds(5))
    }
    try await body(host)
    task.cancel()
    _ = await task.result
    let late = await #expect(throws: StageError.self) {
      try await ask(host, CaptureOrder(nil))
    }
    #expect(late?.code.name == "camera_closed")
  }

  @discardableResult
  private func ask(_ host: TestHost, _ order: CaptureOrder) async throws -> CaptureReceipt {
    try #require(try await host.ask(CaptureOrder.word, order, for: CaptureReceipt.self))
  }

  @Test func `are answered when the picture is accepted, with what was asked for`() async throws {
    let intake = CaptureTests.Intake()
    try await ordering(intake) { host in
      let next = try await ask(host, CaptureOrder(Self.assignment()))
      #expect(next.attempt == 1 && next.picture == nil)
      // Both at once: the second waits until the first has its frames.
      async let first = ask(host, CaptureOrder(Self.assignment("VX", code: "mk"), takes: true))
      async let second = ask(host, CaptureOrder(Self.assignment("OC"), takes: true))
      for receipt in try await [first, second] {
        let image = try #require(
          intake.images.withLock { $0.first { $0.acquisition.path == receipt.acquisition } })
        #expect(receipt.picture?.sha256 == image.original.sha256.hexadecimal)
        #expect(image.operatorCode == (image.acquisition.region == "VX" ? "mk" : "desk"))
      }
      #expect(intake.waits.withLock { $0 } == [true, true])
    }
  }

  @Test func `that the pipeline has no room for are refused to who gave them`() async throws {
    try await ordering(CaptureTests.Intake(refusals: 1)) { host in
      let order = CaptureOrder(Self.assignment(), takes: true)
      let error = await #expect(throws: StageError.self) { try await ask(host, order) }
      #expect(error?.subject == "the capture was refused: full")
      let receipt = try await ask(host, order)
      #expect(receipt.attempt == 1)
    }
  }

  @Test func `to take nothing leave captures of nobody refused`() async throws {
    let intake = CaptureTests.Intake()
    try await ordering(intake, trigger: .interval) { host in
      try await ask(host, CaptureOrder(Self.assignment()))
      while intake.images.withLock({ $0.isEmpty }) { try await Task.sleep(for: .milliseconds(10)) }
      try await ask(host, CaptureOrder(nil))
      let count = intake.images.withLock { $0.count }
      while !host.notices.contains(where: { $0.what.contains("nobody is assigned") }) {
        try await Task.sleep(for: .milliseconds(10))
      }
      // One may have had its frames before.
      #expect(intake.images.withLock { $0.count } <= count + 1)
      let error = await #expect(throws: StageError.self) {
        try await ask(host, CaptureOrder(Self.assignment(), takes: true))
      }
      #expect(error?.subject == "this stage captures by itself")
    }
  }

  @Test func `two for one attempt at once give one picture, told twice`() async throws {
    let intake = CaptureTests.Intake()
    try await ordering(intake) { host in
      let order = CaptureOrder(Self.assignment(), takes: true, attempt: 1)
      async let one = ask(host, order)
      async let other = ask(host, order)
      // The host of a test keeps what it is given alone.
      while intake.images.withLock({ $0.isEmpty }) { try await Task.sleep(for: .milliseconds(1)) }
      if let image = intake.images.withLock({ $0.first }) { _ = host.store(image) }
      let receipts = try await [one, other]
      #expect(Set(receipts.map { $0.picture?.sha256 }).count == 1)
      #expect(receipts.compactMap { $0.picture?.wasThere }.sorted { !$0 && $1 } == [false, true])
      #expect(intake.images.withLock { $0.count } == 1)
    }
  }
}

@Suite("what a press shows") struct AssignmentHistoryTests {
  private static func of(_ region: String) -> CaptureAssignment {
    CaptureAssignment(
      subject: "01-001", visit: "BL", session: "D0", region: region, side: "unknown", placement: 1,
      field: 1, operatorCode: nil)
  }

  @Test func `is what was assigned when it was pressed, though it is heard of later`() {
    var history = AssignmentHistory(nil)
    history.assign(Self.of("VX"), at: 10)
    history.assign(Self.of("VX"), at: 11)
    history.assign(Self.of("OC"), at: 12)
    history.assign(nil, at: 13)
    for (time, region, span) in [
      (9.9, nil, -Double.infinity..<10), (10, "VX", 10..<12), (11.99, "VX", 10..<12),
      (12, "OC", 12..<13), (20, nil, 13..<Double.infinity),
    ] {
      let found = history.inForce(at: time)
      #expect(found.assignment?.region == region && found.span == span)
    }
  }

  @Test func `is nobody where it is too long ago to be known`() {
    var history = AssignmentHistory(Self.of("VX"))
    for number in 1...20 { history.assign(Self.of("R\(number)"), at: Double(number)) }
    #expect(history.inForce(at: 1).assignment == nil)
    #expect(history.inForce(at: 20).assignment?.region == "R20")
  }

  @Test func `is chosen from frames of its own assignment alone`() {
    var choice = FrameChoice(press: 10, within: 9.8..<10.1, ring: [(1, 9.7), (2, 9.9)])
    #expect(choice.candidates.map(\.frame) == [2])
    #expect(choice.takes(10.05) && !choice.takes(10.15))
    choice.add(3, at: 10.05)
    #expect(choice.byNearness() == [1, 0])
  }
}

@Suite("the time to choose") struct ScoringPaceTests {
  @Test func `is 0.3 s after a press while scoring is quick, and sooner when it is slow`() {
    let choice = FrameChoice(press: 10, ring: [(1, 9.9)])
    var pace = ScoringPace()
    #expect(choice.due(at: pace) == 10.3)
    pace.scored(in: 0.06)
    pace.proved(in: 0.1)
    #expect(abs(choice.due(at: pace) - 10.22) < 1e-9)
    pace.proved(in: 5)
    #expect(choice.due(at: pace) == 10.05)
    for _ in 0..<50 {
      pace.scored(in: 0.002)
      pace.proved(in: 0.01)
    }
    #expect(choice.due(at: pace) == 10.3)
  }

  @Test func `is a second after a press without any frame, which takes the first that comes`() {
    let choice = FrameChoice<Int>(press: 10, ring: [])
    #expect(choice.due(at: ScoringPace()) == 11)
    #expect(choice.takes(10.9) && !choice.takes(11.1))
  }
}
