import ArgumentParser
import ClinicalRecords
import Foundation
import Logging
import PipelineFiles
import PipelineRunner

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// `anagen test`: the tests of a pipeline file, with the real stages.
struct TestCommand: AnagenCommand {
  static let configuration = CommandConfiguration(
    commandName: "test",
    abstract: "Run the tests that a pipeline file holds.",
    discussion: """
        anagen test Pipelines/demo.yaml
        anagen test Pipelines/reprocess.yaml --filter overlay --junit results.xml

      A test under 'tests' feeds one stage a record and says what is to come of it:

        tests:
          - name: a name in the overlay never leaves
            feed: {stage: pictures, record: fixtures/overlay-name}
            expect:
              - {stage: pictures, outcome: quarantined, reason: burned_in_text}
              - {stage: registry, records: 0}

      'record' is a JSON file with a record in its canonical encoding; a folder with such a \
      record.json, and a manifest.csv with the picture it was made from; or, for a stage that takes \
      pictures, a folder as image.files reads it. Files that a record names by SHA-256 lie beside \
      it. Without 'feed' the pipeline's own sources run; 'vars' gives them their fixtures. An \
      expectation counts what its stage did (outcome done, quarantined or superseded; at least one, \
      or as many as 'records' says), and 'fields' looks into what it made: \
      {summary.hairCount.value: [10, 14], quality.accepted: true}.

      The stages from the fed one on run as they stand, in a temporary folder that is removed, with \
      keys made for the test, within 'limits: {time: 2min}'. At the end stand the routes that no \
      test took.

      The exit status is 1 when a test fails, and 78 when the file is wrong or has no tests.
      """)

  @OptionGroup var pipeline: PipelineArguments

  @Option(
    help: ArgumentHelp("Run only the tests whose name has this text.", valueName: "text"))
  var filter: String?

  @Option(
    name: .customLong("junit"),
    help: ArgumentHelp("Also write the results as JUnit XML.", valueName: "file"))
  var junit: String?

  @Flag(help: "Keep the data folders of the tests and say where they are.")
  var keep = false

  @OptionGroup var output: FormatOption

  func run(in environment: CommandEnvironment) async throws -> ExitStatus {
    let terminal = environment.terminal
    let variables = try pipeline.variables()
    guard variables["data"] == nil else {
      throw CommandFailure(
        .usage, "--var data means nothing to tests, each of which writes to a folder of its own",
        hint: "leave it out; --keep keeps the folders")
    }
    let text = try FileAccess.read(pipeline.file, hint: "name a pipeline file")
    let scratch = try ScratchFolder(in: environment.variables["TMPDIR"] ?? "/tmp")
    defer {
      if keep {
        terminal.talk("the tests' data folders are in \(scratch.path)")
      } else if let problem = scratch.remove() {
        terminal.warning(problem)
      }
    }
    let logger = Logger(label: "anagen") { _ in
      CommandLogHandler(terminal, level: .critical)
    }
    var tester = PipelineTester(
      text: text, fileName: pipeline.file, variables: variables,
      reader: PipelineArguments.reader(in: environment), scratch: scratch.path, logger: logger)
    tester.launcher = Program.path
    let (plan, tests) = try chosen(try tester.reading(), terminal)
    guard let results = try await results(of: tests, tester, terminal) else { return .interrupted }
    let routes = filter == nil ? TestedRoutes(of: plan, in: results) : nil
    let report = TestReport(file: pipeline.file, results: results, routes: routes)
    if let junit {
      try FileAccess.write(Array(JUnitFile.text(of: report).utf8), to: environment.absolute(junit))
    }
    try terminal.result(output.format == .json ? report.json.text : report.summary)
    return results.allSatisfy(\.isPassed) ? .done : .setAside
  }

  /// The plan, and the tests to run with their positions in the file.
  private func chosen(
    _ reading: PipelineReader.Reading, _ terminal: Terminal
  ) throws -> (Plan, [(number: Int, test: Plan.Test)]) {
    terminal.show(reading.diagnostics)
    guard let plan = reading.plan else {
      throw Diagnostics.failure(reading.diagnostics, in: pipeline.file)
    }
    guard !plan.tests.isEmpty else {
      throw CommandFailure(
        .configuration, "\(pipeline.file) has no tests",
        hint: "write some under 'tests'; 'anagen help test' shows one")
    }
    let tests = plan.tests.enumerated().map { (number: $0 + 1, test: $1) }.filter { _, test in
      filter.map { test.name.lowercased().contains($0.lowercased()) } ?? true
    }
    guard !tests.isEmpty else {
      throw CommandFailure(
        .usage, "no test has '\(filter ?? "")' in its name",
        hint: "there are: \(plan.tests.map(\.name).joined(separator: "; "))")
    }
    return (plan, tests)
  }

  /// Runs tests one after another; `nil` when a signal stopped them.
  private func results(
    of tests: [(number: Int, test: Plan.Test)], _ tester: PipelineTester, _ terminal: Terminal
  ) async throws -> [TestResult]? {
    let signals = Signals(on: terminal)
    let (file, isText) = (pipeline.file, output.format == .text)
    return try await withThrowingTaskGroup(of: [TestResult]?.self) { group in
      group.addTask {
        var results: [TestResult] = []
        for (number, test) in tests {
          terminal.redraw("\(test.name) ...")
          let result = try await tester.run(test, number: number)
          terminal.redraw("")
          if isText { try terminal.result(TestReport.line(of: result, in: file)) }
          results.append(result)
        }
        return results
      }
      group.addTask {
        for await _ in signals.requests { break }
        return nil
      }
      defer { group.cancelAll() }
      return try await group.next() ?? nil
    }
  }
}
