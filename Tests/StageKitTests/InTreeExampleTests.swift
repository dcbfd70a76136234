import ClinicalRecords
import HairCurlStages
import StageKit
import StageTesting
import Testing

/// What docs/stages.md says of the same source in-tree: `Package.swift` builds an example's so, and
/// `Examples/check` builds it as a package of its own.
@Suite("an outside stage's source in-tree")
struct InTreeExampleTests {
  @Test func `it is an entry like those of the plugins here`() {
    #expect(StageConformance.problems(of: ClassifyCurl.entry) == [])
    #expect(ClassifyCurl.entry.program == nil)
  }

  @Test func `it makes a record of its own schema under its input's identity`() async throws {
    let host = TestHost()
    let running = try await ClassifyCurl.entry.make(ClassifyCurl.entry.defaults, host.context())
    guard case .transform(_, let process) = running else {
      Issue.record("it is a transform")
      return
    }
    let line = (0..<40).map { [Double($0) * 10, 100] }
    let measurement = HairMeasurement.sample(hairs: [.sample(0, along: line)])
    let made = try await process(measurement, host.delivery(host.context()))
    let output = try #require(ClassifyCurl.entry.output)
    #expect(made.schema == output.schema)
    #expect(
      made.identity == ForeignRecord.identity(of: output.schema, from: measurement.identity))
  }
}
