import ClinicalRecords
import Dermatoscope
import FoundationEssentials
import ImageCodecs
import Imaging
import StageKit
import StageTesting
import Synchronization
import Testing

@Suite("captures without hardware") struct CaptureTests {
  /// A source's output that keeps what it is given, and says when there is enough.
  final class Intake: Sendable {
    let images = Mutex<[CapturedImage]>([])
    let waits = Mutex<[Bool]>([])
    let refusals: Int
    init(refusals: Int = 0) { self.refusals = refusals }

    func output(most: Int) -> SourceOutput<CapturedImage> {
      SourceOutput { record, wait in
        let count = self.waits.withLock { waits in
          waits.append(wait)
          return waits.count
        }
        if count <= self.refusals {
          throw StageError(.unavailable, "intake_full", subject: "full", hint: "wait")
        }
        if let image = record as? CapturedImage { self.images.withLock { $0.append(image) } }
        if count >= most { throw CancellationError() }
      }
    }
  }

  static func assigned(_ change: (inout CaptureSettings) -> Void = { _ in }) -> CaptureSettings {
    var settings = CaptureSettings()
    settings.device = "synthetic"
    settings.size = "640x480"
    settings.trigger = .interval
    settings.interval = 0.5
    settings.subject = "01-001"
    settings.visit = "BL"
    settings.region = "VX"
    change(&settings)
    return settings
  }

  private func run(
    _ settings: CaptureSettings, _ host: TestHost, _ intake: Intake, most: Int
  ) async throws {
    let stage = try await DermatoscopeCapture(settings: settings, context: host.context())
    do {
      try await stage.run(into: intake.output(most: most))
    } catch is CancellationError {}
  }

  @Test func `conform to what every stage holds to`() {
    for entry in [StageEntry(DermatoscopeCapture.self), StageEntry(DermatoscopeReplay.self)] {
      #expect(StageConformance.problems(of: entry) == [])
    }
  }

  @Test func `are attempts of their own, whole, and stored before they count`()
    async throws
  {
    let host = TestHost()
    let intake = Intake()
    try await run(Self.assigned(), host, intake, most: 2)
    let images = intake.images.withLock { $0 }
    #expect(images.map(\.acquisition.attempt) == [1, 2])
    #expect(intake.waits.withLock { $0 } == [true, true])
    let picture = try ImageDecoder().decode(images[0].original.bytes())
    #expect((picture.width, picture.height) == (640, 480))
    #expect(images[0].device?.serial == "SYNTHETIC")
  }

  @Test func `go on counting where an earlier run ended`() async throws {
    let host = TestHost()
    let first = Intake()
    try await run(Self.assigned(), host, first, most: 1)
    let image = try #require(first.images.withLock { $0 }.first)
    _ = host.store(image)
    let second = Intake()
    try await run(Self.assigned(), host, second, most: 1)
    #expect(second.images.withLock { $0 }.map(\.acquisition.attempt) == [2])
  }

  @Test func `of nobody are refused aloud`() async throws {
    let host = TestHost()
    let intake = Intake()
    let stage = try await DermatoscopeCapture(
      settings: Self.assigned { $0.subject = "" }, context: host.context())
    let task = Task { try await stage.run(into: intake.output(most: 1)) }
    while !host.notices.contains(where: { $0.code == "capture_refused" }) {
      try await Task.sleep(for: .milliseconds(20))
    }
    task.cancel()
    _ = await task.result
    #expect(intake.images.withLock { $0.isEmpty })
  }

  @Test func `that the pipeline has no room for are refused aloud, and the next one is taken`()
    async throws
  {
    let host = TestHost()
    let intake = Intake(refusals: 1)
    try await run(Self.assigned(), host, intake, most: 2)
    // On a busy machine a capture may also go without a frame, which is told beside it.
    let told = try #require(host.notices.last?.what)
    #expect(told.hasPrefix("captures were refused: 1 since full"), "\(told)")
    #expect(intake.images.withLock { $0 }.map(\.acquisition.attempt) == [1])
  }

  @Test func `tell nothing of the subject in the log`() async throws {
    let host = TestHost()
    try await run(Self.assigned(), host, Intake(), most: 1)
    #expect(!host.log.isEmpty)
    #expect(!host.log.contains { "\($0)".contains("01-001") })
  }

  @Test(arguments: [
    ("device", "/dev/video0"), ("size", "large"), ("controls", "gain"),
  ])
  func `refuse settings that mean nothing`(key: String, value: String) {
    let settings = Self.assigned { settings in
      switch key {
      case "device": settings.device = value
      case "size": settings.size = value
      default: settings.controls = [value]
      }
    }
    #expect(settings.problems().map(\.key) == [key])
  }

  @Test func `refuse a name that the study does not have`() async {
    let error = await #expect(throws: StageError.self) {
      _ = try await DermatoscopeCapture(
        settings: Self.assigned { $0.visit = "" }, context: TestHost().context())
    }
    #expect(error?.code.name == "assignment")
  }
}
