import ClinicalRecords
import Ledger
import PipelineFiles
import PipelineRunner

/// What `anagen test` says at its end.
struct TestReport {
  /// The pipeline file.
  let file: String
  /// What came of each test.
  let results: [TestResult]
  /// The routes that no test took; `nil` when not all tests ran.
  let routes: TestedRoutes?

  /// One test: a line, and one more for each thing that was not as expected.
  static func line(of result: TestResult, in file: String) -> String {
    let word = result.error != nil ? "error" : result.failures.isEmpty ? "ok" : "FAIL"
    let padding = String(repeating: " ", count: 5 - word.count)
    let seconds = MeasurementText.fixed(result.seconds, 1)
    let head = "\(word)\(padding)  \(result.test.name) (\(seconds) s)"
    return ([head] + details(of: result, in: file).map { "       \($0)" }).joined(separator: "\n")
  }

  /// What was not as expected, each with its place.
  static func details(of result: TestResult, in file: String) -> [String] {
    let errors = result.error.map { text -> String in
      let place = result.test.feed?.place ?? result.test.place
      return "\(file):\(place.line):\(place.column): \(text)"
    }
    return [errors].compactMap { $0 }
      + result.failures.map {
        "\(file):\($0.place.line):\($0.place.column): expected \($0.expected); got \($0.got)"
      }
  }

  /// The last lines: how many passed, and what no test showed.
  var summary: String {
    let failed = results.count { !$0.isPassed }
    var lines = [
      "",
      "\(results.count) test\(results.count == 1 ? "" : "s"), "
        + (failed == 0 ? "all passed" : "\(failed) failed"),
    ]
    guard let routes else { return lines.joined(separator: "\n") }
    func list(_ title: String, _ names: [String]) {
      if !names.isEmpty { lines.append("  \(title): \(names.joined(separator: ", "))") }
    }
    if routes.edges.isEmpty && routes.outcomes.isEmpty {
      lines.append("every route was taken")
    } else {
      lines.append("never taken by a test:")
      list("edges", routes.edges.map(\.description))
      for outcome in [Plan.Expectation.Outcome.done, .quarantined] {
        let stages = routes.outcomes.filter { $0.outcome == outcome }.map(\.stage)
        list("\(outcome.rawValue) at", stages)
      }
    }
    return lines.joined(separator: "\n")
  }

  /// The report for programs.
  var json: JSONValue {
    var members: [JSONValue.Member] = [
      .init("file", .string(file)), .init("tests", .array(results.map(json))),
      .init("passed", .integer(Int64(results.count(where: \.isPassed)))),
      .init("failed", .integer(Int64(results.count { !$0.isPassed }))),
    ]
    if let routes {
      members.append(
        .init(
          "neverTaken",
          .object([
            .init(
              "edges",
              .array(
                routes.edges.map {
                  .object([.init("from", .string($0.from)), .init("to", .string($0.to))])
                })),
            .init(
              "outcomes",
              .array(
                routes.outcomes.map {
                  .object([
                    .init("stage", .string($0.stage)),
                    .init("outcome", .string($0.outcome.rawValue)),
                  ])
                })),
          ])))
    }
    return .object(members)
  }

  private func json(_ result: TestResult) -> JSONValue {
    var members: [JSONValue.Member] = [
      .init("name", .string(result.test.name)),
      .init("line", .integer(Int64(result.test.place.line))),
      .init("passed", .boolean(result.isPassed)),
      .init("seconds", .number((result.seconds * 1000).rounded() / 1000)),
      .init(
        "failures",
        .array(
          result.failures.map {
            .object([
              .init("line", .integer(Int64($0.place.line))),
              .init("column", .integer(Int64($0.place.column))),
              .init("expected", .string($0.expected)), .init("got", .string($0.got)),
            ])
          })),
    ]
    if let error = result.error { members.append(.init("error", .string(error))) }
    return .object(members)
  }
}
