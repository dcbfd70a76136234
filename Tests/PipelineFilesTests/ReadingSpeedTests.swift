import PipelineFiles
import Testing

/// How long a file of fifty stages takes, beside the bare parsing of its text.
struct ReadingSpeedTests {
  /// A source, 24 pairs of transforms and sinks, and a report: fifty stages.
  static let fiftyStages: String = {
    var text = """
      anagen: 1
      name: fifty
      memory: 64GiB
      stages:
        camera: {use: test.folder, with: {path: images}}

      """
    for index in 0..<24 {
      text += """
          calibrate\(index):
            use: test.calibrate
            from: camera
            queue: {max_records: 8, max_bytes: 16MiB}
            with: {profile: profiles/scope.yaml, max_age: 48h}
          analyse\(index):
            use: test.measure
            from: calibrate\(index)
            with: {channels: [luma, green], sensitivity: 0.7}

        """
    }
    let all = (0..<24).map { "analyse\($0)" }.joined(separator: ", ")
    return text + "  report: {use: test.report, from: [\(all)]}\n"
  }()

  @Test func fiftyStagesAreReadInMilliseconds() throws {
    let text = Array(ReadingSpeedTests.fiftyStages.utf8)
    let rounds = 20
    let clock = ContinuousClock()
    var stages = 0
    let whole = clock.measure {
      for _ in 0..<rounds {
        stages = TestClinic.reader.read(text: text, fileName: "fifty.yaml").plan?.stages.count ?? 0
      }
    }
    let parse = clock.measure {
      // A study reader stops at the first key: what it takes is the parsing alone.
      for _ in 0..<rounds {
        _ = StudyReader.read(
          text: text, fileName: "fifty.yaml", digest: TestClinic.anyDigest)
      }
    }
    #expect(stages == 50)
    print(
      "50 stages, \(text.count) bytes: read in \(whole / rounds), of it parsing \(parse / rounds)")
  }
}
