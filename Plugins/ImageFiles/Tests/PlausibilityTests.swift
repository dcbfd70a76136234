import ImageFiles
import StageKit
import StageTesting
import Testing

/// What is valid and cannot be meant is told by file, and the run goes on.
@Suite struct PlausibilityTests {
  @Test(
    "implausible material is told by its files",
    arguments: [
      (["S1,V1,2020-03-25,vertex,5", "S1,V1,2024-03-25,vertex,5"], "dates_apart", "a.jpg, b.jpg"),
      (
        ["S1,V1,2024-03-25,vertex,5", "S1,V1,2024-03-25,vertex,10", "S1,V1,2024-03-25,vertex,5"],
        "scales_apart", "b.jpg"
      ),
      (["S1,V1,2024-03-25,Vertex,5", "S2,V1,2024-03-25,vertex,5"], "spellings", "a.jpg, b.jpg"),
      (["S01,V1,2024-03-25,vertex,5", "s01,V2,2024-03-25,vertex,5"], "spellings", "a.jpg, b.jpg"),
      (["S-01,V1,2024-03-25,vertex,5", "S-1,V2,2024-03-25,vertex,5"], "spellings", "a.jpg, b.jpg"),
      (["S1,V1,2024-03-25,vertex,5", "S2,v1,2024-03-25,vertex,5"], "spellings", "a.jpg, b.jpg"),
      (["S1,V1,2044-03-25,vertex,5"], "dates_in_future", "a.jpg"),
    ])
  func implausible(_ rows: [String], _ code: String, _ files: String) async throws {
    let notices = try await notices(rows)
    #expect(notices.map(\.code) == [code])
    #expect(notices.first?.what.hasSuffix(": \(files)") == true)
    #expect(notices.first?.isNegative == false)
    #expect(notices.first?.what.contains("S1") == false)
  }

  @Test("visits, regions and scales as they are told apart are no news")
  func plausible() async throws {
    let notices = try await notices([
      "S1,V1,2024-03-25,vertex,5", "S1,V1,2024-03-27,vertex,5.2", "S1,V2,2026-03-25,vertex,10",
      "S20,V1,2024-03-25,frontal,7",
    ])
    #expect(notices.isEmpty)
  }

  private func notices(_ rows: [String]) async throws -> [Notice] {
    let folder = try TemporaryFolder()
    let names = ["a.jpg", "b.jpg", "c.jpg", "d.jpg"]
    for name in names { try folder.write([0xFF], to: name) }
    let lines = zip(names, rows).map { "\($0),\($1)" }
    try folder.write(
      (["file,subject,visit,date,region,um_per_px"] + lines).joined(separator: "\n"),
      to: "manifest.csv")
    // 2026-09-01
    let host = TestHost(now: 1_788_220_800)
    var settings = ImageFileSource.Settings()
    settings.folder = folder.path
    let source = try await ImageFileSource(settings: settings, context: host.context())
    try await source.run(into: SourceOutput { _, _ in })
    return host.notices
  }
}
