import ClinicalRecords
import Foundation
import Ledger
import PipelineFiles
import StageKit

/// Compares what a test was to give with what it gave.
struct TestJudgement {
  let plan: Plan
  let edges: [EdgeSum]
  let quarantined: [QuarantinedDelivery]

  /// The expectations that were not met.
  ///
  /// - Throws: ``LedgerError`` when the test's ledger cannot be read.
  func failures(of test: Plan.Test) throws -> [TestResult.Failure] {
    try test.expectations.flatMap { expectation -> [TestResult.Failure] in
      guard let stage = plan.stage(expectation.stage) else {
        preconditionFailure("the reader holds expectations to stages of the plan")
      }
      let outcomes = StageOutcomes(of: stage, edges: edges, quarantined: quarantined)
      let count = outcomes.count(expectation.outcome, reason: expectation.reason)
      var failures: [TestResult.Failure] = []
      let isRight = expectation.records.map { $0 == count } ?? (count > 0)
      // Without a word about their number, fields ask for records that were made, not taken.
      let isAboutFieldsAlone = expectation.records == nil && !expectation.fields.isEmpty
      if !isRight, !isAboutFieldsAlone {
        failures.append(
          TestResult.Failure(
            place: expectation.place, expected: TestJudgement.words(of: expectation),
            got: outcomes.text))
      }
      return try failures + self.failures(ofFields: expectation)
    }
  }

  private static func words(of expectation: Plan.Expectation) -> String {
    let count = expectation.records.map { "\($0)" } ?? "at least 1"
    let reason = expectation.reason.map { " for \($0)" } ?? ""
    return "\(expectation.stage): \(count) \(expectation.outcome.rawValue)\(reason)"
  }

  // MARK: - Fields

  private func failures(ofFields expectation: Plan.Expectation) throws -> [TestResult.Failure] {
    guard !expectation.fields.isEmpty else { return [] }
    func failure(_ expected: String, _ got: String) -> TestResult.Failure {
      TestResult.Failure(
        place: expectation.place, expected: "\(expectation.stage): \(expected)", got: got)
    }
    let records = try LedgerReading(folder: plan.folder).payloads(
      madeBy: expectation.stage, contentFolder: "\(plan.folder.privatePath)/content"
    ).map { try JSONDecoder().decode(RecordField.self, from: Data($0)) }
    guard !records.isEmpty else { return [failure("a record with fields", "it made none")] }
    return expectation.fields.flatMap { field in
      let wrong = records.map { $0.at(field.path) }.filter { !field.value.holds($0) }
      return wrong.first.map { first in
        [failure("'\(field.path)' is \(field.value.words)", first?.words ?? "no such field")]
      } ?? []
    }
  }
}

/// A part of a record's payload.
private indirect enum RecordField: Decodable {
  case text(String)
  case number(Double)
  case truth(Bool)
  case list([RecordField])
  case members([String: RecordField])
  case nothing

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .nothing
      return
    }
    do {
      self = .truth(try container.decode(Bool.self))
      return
    } catch DecodingError.typeMismatch {}
    do {
      self = .number(try container.decode(Double.self))
      return
    } catch DecodingError.typeMismatch {}
    do {
      self = .text(try container.decode(String.self))
      return
    } catch DecodingError.typeMismatch {}
    do {
      self = .list(try container.decode([RecordField].self))
      return
    } catch DecodingError.typeMismatch {}
    self = .members(try container.decode([String: RecordField].self))
  }

  /// What lies at the end of keys and positions joined by dots.
  func at(_ path: String) -> RecordField? {
    var field = self
    for key in path.split(separator: ".") {
      switch field {
      case .members(let members):
        guard let next = members[String(key)] else { return nil }
        field = next
      case .list(let elements):
        guard let index = Int(key), elements.indices.contains(index) else { return nil }
        field = elements[index]
      default: return nil
      }
    }
    return field
  }

  var words: String {
    switch self {
    case .text(let text): text
    case .number(let number): JSONValue.number(number).text
    case .truth(let truth): "\(truth)"
    case .list(let elements): "a list of \(elements.count)"
    case .members: "an object"
    case .nothing: "null"
    }
  }
}

extension Plan.Field.Value {
  fileprivate func holds(_ field: RecordField?) -> Bool {
    switch (self, field) {
    case (.text(let wanted), .number(let number)): Double(wanted) == number
    case (.text(let wanted), .text(let text)): wanted == text
    case (.text(let wanted), .truth(let truth)): wanted == "\(truth)"
    case (.range(let range), .number(let number)): range.contains(number)
    default: false
    }
  }

  fileprivate var words: String {
    switch self {
    case .text(let text): text
    case .range(let range):
      "\(JSONValue.number(range.lowerBound).text) to \(JSONValue.number(range.upperBound).text)"
    }
  }
}
