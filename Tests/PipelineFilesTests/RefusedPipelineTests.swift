import PipelineFiles
import Testing

struct RefusedPipelineTests {
  /// Every fault of the table is found, at its place, with what to do about it.
  @Test func refusedPipelinesSayWhatIsWrong() throws {
    try RecordedCases("refused-pipelines.txt").check { item in
      let reading = TestClinic.read(item.input)
      let hasErrors = reading.diagnostics.contains { $0.severity == .error }
      #expect((reading.plan == nil) == hasErrors, "\(item.name)")
      return Diagnostic.text(reading.diagnostics)
    }
  }

  @Test func refusedStudiesSayWhatIsWrong() throws {
    let digest = try TestFiles(files: ["/x": ""]).digest(of: "/x")
    try RecordedCases("refused-studies.txt").check { item in
      let reading = StudyReader.read(
        text: Array(item.input.utf8), fileName: "study.yaml", digest: digest)
      return Diagnostic.text(reading.diagnostics)
    }
  }

  /// A code that no case of the tables shows is a message that nobody has read.
  @Test func everyCodeIsShownByACase() throws {
    let digest = try TestFiles(files: ["/x": ""]).digest(of: "/x")
    var seen = Set(HostileTextTests.codesShown)
    for item in try RecordedCases("refused-pipelines.txt").cases {
      seen.formUnion(TestClinic.read(item.input).diagnostics.map(\.code.name))
    }
    for item in try RecordedCases("refused-studies.txt").cases {
      let reading = StudyReader.read(
        text: Array(item.input.utf8), fileName: "study.yaml", digest: digest)
      seen.formUnion(reading.diagnostics.map(\.code.name))
    }
    let missing = Diagnostic.Code.all.map(\.name).filter { !seen.contains($0) }
    #expect(missing == [])
    #expect(Set(Diagnostic.Code.all.map(\.name)).count == Diagnostic.Code.all.count)
  }
}
