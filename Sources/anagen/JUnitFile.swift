import PipelineFiles
import PipelineRunner

/// Test results as the XML that build servers read: one `testsuite` of the file, in the form of the
/// schema that Jenkins publishes for its xUnit plugin (junit-10.xsd).
enum JUnitFile {
  static func text(of report: TestReport) -> String {
    let failed = report.results.count { $0.error == nil && !$0.failures.isEmpty }
    let errors = report.results.count { $0.error != nil }
    let seconds = MeasurementText.fixed(report.results.reduce(0) { $0 + $1.seconds }, 3)
    let counts =
      "tests=\"\(report.results.count)\" failures=\"\(failed)\" errors=\"\(errors)\" "
      + "time=\"\(seconds)\""
    let cases = report.results.map { element(of: $0, in: report.file) }.joined()
    return """
      <?xml version="1.0" encoding="UTF-8"?>
      <testsuites \(counts)>
        <testsuite name="\(escaped(report.file))" \(counts) skipped="0">
      \(cases)  </testsuite>
      </testsuites>

      """
  }

  private static func element(of result: TestResult, in file: String) -> String {
    let head =
      "    <testcase classname=\"\(escaped(file))\" name=\"\(escaped(result.test.name))\" "
      + "time=\"\(MeasurementText.fixed(result.seconds, 3))\""
    guard !result.isPassed else { return head + "/>\n" }
    let kind = result.error == nil ? "failure" : "error"
    let details = TestReport.details(of: result, in: file)
    return head + ">\n      <\(kind) type=\"\(kind)\" message=\"\(escaped(details.first ?? ""))\">"
      + "\(escaped(details.joined(separator: "\n")))</\(kind)>\n    </testcase>\n"
  }

  /// Text as it may stand in XML 1.0: markup escaped, what no XML can hold replaced.
  private static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "\t", "\n": result.unicodeScalars.append(scalar)
      default:
        let isAllowed = scalar.value >= 32 && scalar.value & 0xFFFE != 0xFFFE
        result.unicodeScalars.append(isAllowed ? scalar : "\u{FFFD}")
      }
    }
    return result
  }
}
